"""The fleet screen: every environment with its verdict, and panes with the details of the highlighted one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus, Key, Resize
from textual.reactive import reactive

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.identity import is_same
from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.domain.status_marks import UNHEALTHY_MARKS
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.cursor_jump import CursorJump
from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.panes.application_order import BY_SEVERITY, get_next_order
from anchor_tui.tui.panes.applications import get_row_application
from anchor_tui.tui.panes.registry import ACTIVITY, APPLICATIONS, PANES, FleetPanes
from anchor_tui.tui.running_jobs import describe_running_jobs
from anchor_tui.tui.screens.row_screen import RowScreen
from anchor_tui.tui.source_states import SourceStateMemory
from anchor_tui.tui.targets import get_release_pull_request
from anchor_tui.tui.timeline_loader import TimelineLoader
from anchor_tui.tui.widgets.bars import DetailPanel, HeaderBar, SourceBar
from anchor_tui.tui.widgets.card import EnvironmentCard, fit_cards
from anchor_tui.tui.widgets.incident_badge import IncidentBadge
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.list_rows import ListRow
from anchor_tui.tui.widgets.pane_tabs import PaneTab
from anchor_tui.tui.widgets.pane_view import PaneView
from anchor_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

FLEET_PANE = "Fleet"
ROWS_BEFORE_END = 20
"""Older changes are read when the cursor is on one of so many last rows."""


class FleetScreen(RowScreen):
    """Cards or rows above, panes of the highlighted environment below.

    The screen keeps the cursor, the pane and the filter; all data comes from the bound snapshot. It has the keys that
    only read. `OperatorFleetScreen` adds the keys that change something; in read-only mode these are
    `read_only_keys`, which only notify the operator that they are missing.
    """

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("screen", "fleet")

    show_all: reactive[bool] = reactive(False, init=False)
    as_cards: reactive[bool] = reactive(True)
    order: reactive[str] = reactive(BY_SEVERITY, init=False, repaint=False)
    """The order of the applications. It lasts for the session."""

    def __init__(
        self,
        environment_names: tuple[str, ...],
        key_actions: tuple[KeyAction, ...],
        environment: str,
        read_only_keys: Mapping[str, KeyAction] | None = None,
    ) -> None:
        first = environment_names[0] if environment_names else ""
        super().__init__(environment or first, APPLICATIONS, key_actions, read_only_keys)
        self.environment_names = environment_names
        self._panes = FleetPanes(partial(self.record_failure, notify=False))
        self._source_states = SourceStateMemory()
        self._footer_state: tuple[object, ...] = ()
        self._cursor_jump = CursorJump()
        self._timeline = TimelineLoader(self, lambda *wanted: self.live_app.read_timeline(*wanted), self.show_rows)
        if environment:
            self._cursor_jump.cancel()

    def compose(self) -> ComposeResult:
        """Compose the screen. The cards have their names from the first frame on."""
        yield HeaderBar().data_bind(FleetScreen.snapshot)
        yield SourceBar().data_bind(FleetScreen.snapshot, FleetScreen.now)
        with Horizontal(id="cards"):
            for number, name in enumerate(self.environment_names, 1):
                yield EnvironmentCard(name, number).data_bind(
                    FleetScreen.snapshot, FleetScreen.now, FleetScreen.environment, FleetScreen.jobs
                )
        fleet = RowList(id="fleet")
        fleet.set_reactive(RowList.cursor, self.environment)
        yield fleet
        yield PaneView()
        yield DetailPanel()
        yield KeyFooter()
        yield IncidentBadge()

    # --- highlighted row and available keys ----------------------------------------------------------

    @property
    def pane_names(self) -> tuple[str, ...]:
        """The panes, in the order of their tabs. In rows, the fleet is the first."""
        return PANES if self.as_cards else (FLEET_PANE, *PANES)

    @property
    def active_list(self) -> RowList:
        """The list with the cursor: the fleet or the rows of a pane."""
        return self.query_one("#fleet" if self.pane == FLEET_PANE else "#rows", RowList)

    @property
    def shown_environments(self) -> tuple[Environment, ...]:
        """The environments that the panes show."""
        if self.snapshot is None:
            return ()
        chosen = self.present_environment
        return (chosen,) if chosen and not self.show_all else self.snapshot.environments

    @property
    def pull_request(self) -> int | None:
        """The pull request of the highlighted row, else the one that brought the release of its environment."""
        row = self.highlighted_row
        if row is not None and row.pull_request is not None:
            return row.pull_request
        found = get_row_application(self.snapshot, row) if self.snapshot and row else None
        environment = found[0] if found else self.present_environment
        return get_release_pull_request(environment)

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        match action_id:
            case "estate-diff" if self.snapshot is None or not any(
                environment.applications for environment in self.snapshot.environments
            ):
                return "no application is known yet"
            case "back" if not self.query_one(PaneView).is_filtering:
                return "nothing is open"
            case "order" if self.pane not in {APPLICATIONS, FLEET_PANE}:
                return "applications are ordered in their pane"
            case "environment-details" if self.present_environment is None:
                return "no environment is highlighted"
            case _:
                return super().explain_unavailable(action_id)

    # --- data changes --------------------------------------------------------------------------------

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show new data. The cursor stays on its row."""
        if self.pane == ACTIVITY:
            self._timeline.refresh()
        self.show_rows()
        if snapshot is not None and self.now is not None and self.is_current:
            self.environment = self._cursor_jump.choose_environment(snapshot, self.now) or self.environment

    def watch_now(self, now: datetime | None) -> None:
        """Update the ages in the rows every second; the rows stay."""
        if self.is_mounted and now is not None:
            for row_list in self.query(RowList):
                row_list.now = now
            self.show_details()

    def watch_environment(self, environment: str) -> None:
        """Show the rows of another environment; the cursor of the fleet list follows."""
        self.query_one("#fleet", RowList).cursor = environment
        self.show_rows()

    def watch_pane(self) -> None:
        """Show and focus another pane."""
        self.set_focus(self.active_list)
        self.show_rows()

    def watch_order(self) -> None:
        """Show the applications in another order."""
        self.show_rows()

    def watch_show_all(self) -> None:
        """Show the rows of one or of every environment."""
        self.show_rows()

    def watch_as_cards(self, as_cards: bool) -> None:
        """Show cards if they fit, otherwise one row per environment."""
        self.query_one("#cards").display = as_cards
        self.query_one("#fleet").display = not as_cards
        if as_cards and self.pane == FLEET_PANE:
            self.pane = APPLICATIONS

    @on(Resize)
    def choose_layout(self, event: Resize) -> None:
        """Choose cards or rows for the size; cursor and pane stay."""
        self.as_cards = fit_cards(len(self.environment_names), event.size)
        self.show_rows()

    # --- what is shown -------------------------------------------------------------------------------

    def show_rows(self) -> None:
        """Show the overview, the tabs and the rows of the pane, if there is data."""
        snapshot, now = self.snapshot, self.now
        if not self.is_mounted or snapshot is None or now is None:
            return
        environments = self.shown_environments
        tabs = self._panes.list_tabs(snapshot, environments, self.jobs)
        if not self.as_cards:
            overview = self._panes.build_overview(snapshot)
            fleet = self.query_one("#fleet", RowList)
            fleet.show_rows(overview, now)
            fleet.styles.height = min(len(overview.rows), max(3, self.size.height // 3)) + 1
            tabs = [PaneTab(FLEET_PANE, overview.shown_count), *tabs]
        shown = APPLICATIONS if self.pane == FLEET_PANE else self.pane
        if shown == ACTIVITY:
            self._timeline.show(() if self.show_all else (self.environment,))
        content = self._panes.build(shown, snapshot, environments, self.jobs, self.order, self._timeline.timeline)
        running, scope = describe_running_jobs(self.jobs), self._describe_scope()
        self.query_one(PaneView).show_pane(tabs, self.pane, content, running, scope, now)
        self.show_details()
        self.show_footer()

    def show_footer(self) -> None:
        """Show the keys that work here and now. They are examined again if anything they depend on has changed."""
        snapshot = self.snapshot
        state: tuple[object, ...] = (self.highlighted_row, self.environment, self.pane, self.show_all, self.as_cards)
        if snapshot is not None:
            states = self._source_states.get(snapshot)
            state += (snapshot.environments, snapshot.pull_requests, snapshot.read_only, states)
        if not is_same(state + self._footer_inputs, self._footer_state):
            self._footer_state = state + self._footer_inputs
            super().show_footer()

    @property
    def _footer_inputs(self) -> tuple[object, ...]:
        """The values that the keys of a subclass depend on."""
        return ()

    def _describe_scope(self) -> str:
        if self.pane in {APPLICATIONS, FLEET_PANE} and self._has_several_applications:
            return f"{'all' if self.show_all else self.environment} · by {self.order}"
        return "every environment" if self.show_all else self.environment

    @property
    def _has_several_applications(self) -> bool:
        return sum(len(shown.applications) for shown in self.shown_environments) > 1

    def show_details(self) -> None:
        """Show the details of the highlighted row."""
        self.query_one(DetailPanel).content = self.link_pull_requests(self.row_details, self.highlighted_row)

    # --- messages from the widgets -------------------------------------------------------------------

    @on(Key)
    def cancel_jump(self) -> None:
        """Cancel the jump of the cursor when the operator presses any key."""
        self._cursor_jump.cancel()

    def on_mouse_down(self) -> None:
        """Cancel the jump of the cursor when the operator clicks."""
        self._cursor_jump.cancel()

    @on(DescendantFocus)
    def follow_focus(self) -> None:
        """Make the list that was clicked the active pane."""
        focused = self.focused.id if self.focused else None
        if focused == "fleet":
            self.pane = FLEET_PANE
        elif focused == "rows" and self.pane == FLEET_PANE:
            self.pane = APPLICATIONS

    @on(RowList.Highlighted, "#fleet")
    def follow_fleet_cursor(self, message: RowList.Highlighted) -> None:
        """Choose the environment of the highlighted row."""
        if message.row is not None and not self.as_cards and self.pane == FLEET_PANE:
            self.environment = message.row.key

    @on(RowList.Highlighted, "#rows")
    def load_older_changes(self, message: RowList.Highlighted) -> None:
        """Read older changes when the cursor is near the last one."""
        if self.pane == ACTIVITY and message.row is not None:
            last = message.row_list.rows[-ROWS_BEFORE_END:]
            if any(row is message.row for row in last):
                self._timeline.load_older()

    @on(EnvironmentCard.Clicked)
    def highlight_card(self, message: EnvironmentCard.Clicked) -> None:
        """Highlight the clicked card."""
        self.choose_environment(message.environment)

    # --- keys ----------------------------------------------------------------------------------------

    def action_move_environment(self, step: int) -> None:
        """Move to another environment, not beyond the first or last."""
        if names := self.environment_names:
            index = names.index(self.environment) if self.environment in names else 0
            self.environment = names[max(0, min(len(names) - 1, index + step))]

    def action_choose_environment(self, number: int) -> None:
        """Highlight an environment by its number, counted from 1."""
        if number <= len(self.environment_names):
            self.choose_environment(self.environment_names[number - 1])
        else:
            number_text = format_count(len(self.environment_names), "environment")
            self.notify(f"there is no environment {number}, only {number_text}", severity="warning")

    def choose_environment(self, name: str) -> None:
        """Highlight an environment."""
        self._cursor_jump.cancel()
        self.environment = name

    def action_show_all(self) -> None:
        """Show the rows of every environment, or of the highlighted one again."""
        self.show_all = not self.show_all

    def action_next_order(self) -> None:
        """Order the applications in another way; after the last order comes the first."""
        if self.can_act("order"):
            self.order = get_next_order(self.order)

    def action_move_to_unhealthy(self, step: int) -> None:
        """Move to the next row that needs attention, or to the previous one. After the last comes the first."""
        found = self.active_list.move_to_match(step, lambda row: row.mark in UNHEALTHY_MARKS)
        if found is None:
            self.notify("no row needs attention", timeout=3)
        elif found.is_wrapped:
            self.notify(f"continued at the {'first' if step > 0 else 'last'} row", timeout=3)

    async def action_back(self) -> None:
        """Close what is open."""
        if self.can_act("back"):
            await self._close_open()

    async def _close_open(self) -> None:
        """Clear the filter."""
        await self.clear_filter()

    def action_open(self) -> None:
        """Open the highlighted application, or show another row in full; for an action of this session, its steps."""
        row = self.highlighted_row
        if not self.can_act("open") or row is None or self.now is None:
            return
        environment = self.present_environment
        if (job := self._highlighted_job) is not None:
            from anchor_tui.tui.screens.progress import ProgressScreen

            self.app.push_screen(ProgressScreen(job.id, job.plan.title).data_bind(LiveApp.jobs, LiveApp.now))
        elif self.pane == ACTIVITY:
            self._open_change(row)
        elif self.pane == FLEET_PANE and environment is not None and len(environment.applications) > 1:
            self.action_environment_details()
        else:
            self.open_row(row)

    def _open_change(self, row: ListRow) -> None:
        """Open the subject of a recorded change; show or hide the members of a flood."""
        from anchor_tui.tui.change_opener import find_flood, open_change

        if (flood := find_flood(row)) is not None:
            self._panes.activity.toggle(flood)
            self.show_rows()
        elif self.snapshot is None or not open_change(row, self.snapshot, self.live_app):
            self.show_whole_row(row)

    @property
    def _highlighted_job(self) -> Job | None:
        """The action of this session that the highlighted row shows."""
        row = self.highlighted_row
        return next((job for job in self.jobs if row is not None and job.id == row.key), None)

    @property
    def command_subject(self) -> object:
        """The plan of a highlighted action, else the value of the highlighted row."""
        job = self._highlighted_job
        return job.plan if job is not None else super().command_subject

    def action_environment_details(self) -> None:
        """Open the screen of the highlighted environment."""
        if self.can_act("environment-details"):
            self.live_app.open_environment(self.environment)

    def action_estate_diff(self) -> None:
        """Show every difference between git and the clusters."""
        if self.can_act("estate-diff"):
            self.live_app.open_estate_diff()

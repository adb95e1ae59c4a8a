"""The first screen: every environment, whether it is well, and what stands behind that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.widgets import Input

    from anchor_tui.domain.actions.jobs import Job

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.tui.keys import REGISTRY, KeyAction
from anchor_tui.tui.panes import fleet as fleet_panes
from anchor_tui.tui.targets import ActionTarget, explain_unavailable_action
from anchor_tui.tui.widgets.bars import DetailPanel, HeaderBar, KeyFooter, PaneTabs, SourceBar
from anchor_tui.tui.widgets.card import CARD_MIN_WIDTH, EnvironmentCard
from anchor_tui.tui.widgets.row_list import ListRow, RowList

CARDS_MIN_HEIGHT = 28
FLEET_PANE = "Fleet"
READ_ONLY_NOTE = "read-only: no actions"
MUTATING_ACTIONS = frozenset(action.id for action in REGISTRY if action.mutates)
MERGEABLE_KINDS = frozenset({"promotion", "rollback"})


class FleetScreen(Screen[None]):
    """Cards or rows above, panes of the highlighted environment below. Keeps cursor, pane and filter, no data."""

    AUTO_FOCUS = "#rows"

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    environment: reactive[str] = reactive("", init=False)
    pane: reactive[str] = reactive(fleet_panes.APPLICATIONS, init=False)
    filter_text: reactive[str] = reactive("", init=False)
    show_all: reactive[bool] = reactive(False, init=False)
    as_cards: reactive[bool] = reactive(True)
    jobs: reactive[tuple[Job, ...]] = reactive(())
    selected: reactive[frozenset[str]] = reactive(frozenset[str](), init=False)

    def __init__(self, names: tuple[str, ...], actions: tuple[KeyAction, ...], environment: str) -> None:
        super().__init__()
        self.set_reactive(FleetScreen.environment, environment)
        self._environment_names = names
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Cards stand with their names from the first frame on."""
        yield HeaderBar().data_bind(FleetScreen.snapshot)
        yield SourceBar().data_bind(FleetScreen.snapshot, FleetScreen.now)
        with Horizontal(id="cards"):
            for number, name in enumerate(self._environment_names, 1):
                yield EnvironmentCard(name, number).data_bind(
                    FleetScreen.snapshot, FleetScreen.now, FleetScreen.environment, FleetScreen.jobs
                )
        yield RowList(id="fleet")
        yield PaneTabs()
        yield RowList(id="rows")
        yield DetailPanel()
        yield KeyFooter()

    # --- what is highlighted -----------------------------------------------------------------------

    @property
    def highlighted_row(self) -> ListRow | None:
        """The row that the keys act on."""
        return self.active_list.highlighted_row

    @property
    def active_list(self) -> RowList:
        """The pane that has the cursor."""
        return self.query_one("#fleet" if self.pane == FLEET_PANE else "#rows", RowList)

    @property
    def is_filtering(self) -> bool:
        """Whether a filter is open or holds."""
        return bool(self.filter_text) or self._is_filter_open

    def _shown_environments(self) -> tuple[Environment, ...]:
        if self.snapshot is None:
            return ()
        chosen = self.snapshot.find_environment(self.environment)
        return (chosen,) if chosen and not self.show_all else self.snapshot.environments

    # --- data in -----------------------------------------------------------------------------------

    def watch_snapshot(self) -> None:
        """New data: the cursor stays where it is."""
        self._show_rows()

    def watch_now(self, now: datetime | None) -> None:
        """A second later: the ages in the rows move too, the rows themselves stay."""
        if self.is_mounted and now is not None:
            for grid in self.query(RowList):
                grid.now = now
            self._show_detail()

    def watch_environment(self, environment: str) -> None:
        """Another environment: other rows; the fleet's own cursor follows."""
        self.query_one("#fleet", RowList).cursor = environment
        self.selected = frozenset()  # what is meant is always in sight
        self._show_rows()

    def watch_pane(self) -> None:
        """Another pane."""
        self.active_list.focus()
        self._show_rows()

    def watch_filter_text(self) -> None:
        """Another filter."""
        self._show_rows()

    def watch_jobs(self) -> None:
        """Something that runs from here has moved."""
        self._show_rows()

    def watch_selected(self, selected: frozenset[str]) -> None:
        """Other rows are marked."""
        self.query_one("#rows", RowList).selected = selected
        self._show_rows()

    def watch_show_all(self) -> None:
        """More or fewer rows."""
        self._show_rows()

    def watch_as_cards(self, as_cards: bool) -> None:
        """Cards where they fit, one row each where they do not."""
        self.query_one("#cards").display = as_cards
        self.query_one("#fleet").display = not as_cards
        if as_cards and self.pane == FLEET_PANE:
            self.pane = fleet_panes.APPLICATIONS

    def on_resize(self, event: Resize) -> None:
        """The same place in another shape."""
        fits = (
            event.size.width >= CARD_MIN_WIDTH * len(self._environment_names) and event.size.height >= CARDS_MIN_HEIGHT
        )
        self.as_cards = fits and bool(self._environment_names)
        self._show_rows()

    def _show_rows(self) -> None:
        if not self.is_mounted or self.snapshot is None or self.now is None:
            return
        fleet = self.query_one("#fleet", RowList)
        if not self.as_cards:
            overview = fleet_panes.build_fleet_pane(self.snapshot)
            fleet.show_rows(overview.columns, overview.rows, overview.empty_text, self.now)
            fleet.styles.height = min(len(overview.rows), max(3, self.size.height // 3)) + 1
        name = fleet_panes.APPLICATIONS if self.pane == FLEET_PANE else self.pane
        made = {
            each: fleet_panes.build_pane(each, self.snapshot, self._shown_environments(), self.jobs)
            for each in fleet_panes.PANES
        }
        pane = made[name]
        rows = (
            tuple(row for row in pane.rows if row.matches(self.filter_text.lower())) if self.filter_text else pane.rows
        )
        empty = f"nothing holds “{self.filter_text}”" if self.filter_text and pane.rows else pane.empty_text
        self.query_one("#rows", RowList).show_rows(pane.columns, rows, empty, self.now)
        tabs = self.query_one(PaneTabs)
        counted = tuple((each, len(made[each].rows)) for each in fleet_panes.PANES)
        tabs.panes = counted if self.as_cards else ((FLEET_PANE, len(self._environment_names)), *counted)
        tabs.active = self.pane
        tabs.note = self._describe_scope(len(rows), len(pane.rows))
        self._show_detail()
        self._show_available_keys()

    def _describe_scope(self, shown: int, of: int) -> str:
        where = "every environment" if self.show_all else self.environment
        if self.selected:
            where = f"{where} · {format_count(len(self.selected), 'application')} selected"
        if (running := fleet_panes.describe_running_jobs(self.jobs)) and not self.filter_text:
            return f"{running} · {where}"
        return f"filter “{self.filter_text}”: {shown} of {of} · {where}" if self.filter_text else where

    def _show_detail(self) -> None:
        row = self.highlighted_row
        self.query_one(DetailPanel).content = row.draw_detail(self.now) if row and self.now else Content("")

    def _show_available_keys(self) -> None:
        footer = self.query_one(KeyFooter)
        footer.actions = tuple(self._available_actions())
        footer.note = READ_ONLY_NOTE if self.snapshot and self.snapshot.read_only else ""

    def _available_actions(self) -> Iterator[KeyAction]:
        return (action for action in self._actions if action.in_footer and not self.explain_unavailable(action.id))

    @property
    def target(self) -> ActionTarget:
        """What an action is about: the selected applications, else the highlighted one of several, else all of it."""
        row = self.highlighted_row
        if self.pane == fleet_panes.PULL_REQUESTS:
            return ActionTarget(self.environment, (), int(row.key) if row and row.key.isdecimal() else None)
        found = {
            fleet_panes.application_row_key(environment, app): (environment.name, app.id)
            for environment in (self.snapshot.environments if self.snapshot else ())
            for app in environment.applications
        }
        if chosen := tuple(id_ for key, (_, id_) in found.items() if key in self.selected):
            return ActionTarget(self.environment, chosen, self._only_pull_request)
        several = sum(1 for each in self._shown_environments() for _ in each.applications) > 1
        if self.pane == fleet_panes.APPLICATIONS and row is not None and several and row.key in found:
            name, id_ = found[row.key]
            return ActionTarget(name, (id_,), self._only_pull_request)
        return ActionTarget(self.environment, (), self._only_pull_request)

    @property
    def _only_pull_request(self) -> int | None:
        """The one pull request that moves the environment, where there is just one that could be merged."""
        environment = self.snapshot.find_environment(self.environment) if self.snapshot else None
        pulls = [each for each in (environment.pull_requests if environment else ()) if each.kind in MERGEABLE_KINDS]
        return pulls[0].number if len(pulls) == 1 else None

    def toggle_selection(self) -> None:
        """Marks the highlighted application, or takes the mark away, and goes on to the next."""
        row = self.highlighted_row
        if row is not None and self.pane == fleet_panes.APPLICATIONS:
            self.selected = self.selected ^ {row.key}
            self.active_list.move_cursor(1)

    def explain_unavailable(self, action: str) -> str:
        """Why an action does not work here and now; empty where it does."""
        row = self.highlighted_row
        match action:
            case acting if acting in MUTATING_ACTIONS:
                return explain_unavailable_action(acting, self.target, self.snapshot, self._environment_names)
            case "select" if self.pane != fleet_panes.APPLICATIONS or row is None:
                return "applications are selected in their pane"
            case "browser" if row is None or not row.url:
                return "what is highlighted has no address"
            case "open" | "copy" if row is None:
                return "nothing is highlighted"
            case "back" if not self.is_filtering and not self.selected:
                return "nothing is open"
            case _:
                return ""

    # --- messages up -------------------------------------------------------------------------------

    def on_row_list_highlighted(self, message: RowList.Highlighted) -> None:
        """The details follow the cursor; in the fleet the cursor is the environment."""
        message.stop()
        if message.row_list.id == "fleet" and message.row is not None and not self.as_cards and self.pane == FLEET_PANE:
            self.environment = message.row.key
        self._show_detail()
        self._show_available_keys()

    def on_environment_card_chosen(self, message: EnvironmentCard.Chosen) -> None:
        """A card was clicked."""
        self.environment = message.name

    def on_input_changed(self, event: Input.Changed) -> None:
        """The filter works while it is typed."""
        self.filter_text = event.value

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter and goes back to the rows."""
        await event.input.remove()
        self.active_list.focus()

    # --- keys --------------------------------------------------------------------------------------

    def move_row(self, step: int) -> None:
        """Down or up in the focused pane."""
        self.active_list.move_cursor(step)

    def move_pane(self, step: int) -> None:
        """The next pane, around the end."""
        order = fleet_panes.PANES if self.as_cards else (FLEET_PANE, *fleet_panes.PANES)
        self.pane = order[(order.index(self.pane) + step) % len(order)]

    def move_environment(self, step: int) -> None:
        """The next environment, no further than the ends."""
        if self._environment_names:
            index = (
                self._environment_names.index(self.environment) if self.environment in self._environment_names else 0
            )
            self.environment = self._environment_names[max(0, min(len(self._environment_names) - 1, index + step))]

    async def open_filter(self) -> None:
        """Shows the line to type in."""
        from textual.widgets import Input  # 10 ms that the first frame does without

        if not self._is_filter_open:
            line = Input(self.filter_text, id="words", placeholder="filter", compact=True, select_on_focus=False)
            await self.mount(line, before="#rows")
        self.query_one("#words", Input).focus()

    async def go_back(self) -> None:
        """Ends the filter, or the selection."""
        self.selected = frozenset()
        await self.query("#words").remove()
        self.filter_text = ""
        self.active_list.focus()

    @property
    def _is_filter_open(self) -> bool:
        return bool(self.query("#words"))

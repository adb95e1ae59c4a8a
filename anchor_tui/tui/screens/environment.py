"""The screen of one environment: its releases over time, applications, policy and pull requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import ScreenResume, ScreenSuspend

from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.bindings import make_shared_bindings
from anchor_tui.tui.environment_header import describe_environment
from anchor_tui.tui.key_actions import APP_OWNERS, KeyAction
from anchor_tui.tui.keys import REGISTRY
from anchor_tui.tui.panes.applications import count_applications
from anchor_tui.tui.panes.diagnosed_applications import DiagnosedApplicationRows
from anchor_tui.tui.panes.policy import PolicyRows, count_checks
from anchor_tui.tui.panes.pull_requests import PullRequestRows
from anchor_tui.tui.panes.registry import APPLICATIONS, POLICY, PULL_REQUESTS
from anchor_tui.tui.panes.releases import build_releases_pane
from anchor_tui.tui.release_history import PendingHistory, ReleaseHistoryReader
from anchor_tui.tui.running_jobs import describe_running_jobs
from anchor_tui.tui.screens.row_screen import RowScreen
from anchor_tui.tui.style import find_sheets, marked_text
from anchor_tui.tui.targets import (
    ActionTarget,
    explain_unavailable_action,
    find_only_pull_request,
    get_release_pull_request,
)
from anchor_tui.tui.widgets.bars import DetailPanel, SourceBar
from anchor_tui.tui.widgets.incident_badge import IncidentBadge, draw_badge, reserve_end
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.list_rows import PaneContent
from anchor_tui.tui.widgets.pane_tabs import PaneTab
from anchor_tui.tui.widgets.pane_view import PaneView

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId

RELEASES = "Releases"
TABS = (RELEASES, APPLICATIONS, POLICY, PULL_REQUESTS)
WAY_BACK = "esc returns to the fleet"
MUTATING_ACTIONS = frozenset(
    action.id for action in REGISTRY if action.mutates and action.owner == "operator" and action.id != "cutover"
)
LOOKING_ACTIONS = frozenset(
    {"filter", "browser", "open", "pull-request", "copy", "commands", "next-pane", "previous-pane", "back", "help"}
    | {"incident"}
)
GLOBAL_ACTIONS = frozenset(action.id for action in REGISTRY if action.owner in APP_OWNERS | {"list"})

LoadHistory = Callable[[str], PendingHistory]


class EnvironmentScreen(RowScreen):
    """Everything about one environment. Only the release history is requested, all else comes from the snapshot."""

    CSS_PATH = find_sheets("environment.tcss")
    BINDINGS: ClassVar[list[BindingType]] = make_shared_bindings(LOOKING_ACTIONS | MUTATING_ACTIONS)

    def __init__(self, name: str, key_actions: tuple[KeyAction, ...], load_history: LoadHistory) -> None:
        shown = LOOKING_ACTIONS | MUTATING_ACTIONS | GLOBAL_ACTIONS
        super().__init__(name, RELEASES, tuple(action for action in key_actions if action.id in shown))
        self._history = ReleaseHistoryReader(self, lambda: load_history(name), self.show_rows)
        self._is_visible = False
        self._applications, self._policy = DiagnosedApplicationRows(), PolicyRows()
        self._pull_requests = PullRequestRows()

    def compose(self) -> ComposeResult:
        """Compose the screen: the verdict with its reasons, the tabs with their rows, the details, the keys."""
        yield DetailPanel(id="summary")
        yield SourceBar().data_bind(EnvironmentScreen.snapshot, EnvironmentScreen.now)
        yield PaneView()
        yield DetailPanel(id="details")
        yield KeyFooter()
        yield IncidentBadge()

    # --- what is shown -------------------------------------------------------------------------------

    @property
    def pane_names(self) -> tuple[str, ...]:
        """The panes, in the order of their tabs."""
        return TABS

    def watch_snapshot(self, before: Snapshot | None, after: Snapshot | None) -> None:
        """Show new data. A new release is a reason to read the history again."""
        old = before.find_environment(self.environment) if before else None
        new = after.find_environment(self.environment) if after else None
        if old is not None and new is not None and old.release != new.release:
            self._read_history()
        self.show_rows()

    def watch_now(self, now: datetime | None) -> None:
        """Update the ages."""
        if self.is_mounted and now is not None:
            self.active_list.now = now
            self._show_summary()
            self.show_details()

    def watch_pane(self) -> None:
        """Show the rows of another tab. The history is read only while its tab is shown."""
        self.set_focus(self.active_list)
        self._read_history()
        self.show_rows()

    def show_rows(self) -> None:
        """Show the summary, the tabs and the rows of the pane, if there is data."""
        environment = self.present_environment
        if not self.is_mounted or environment is None or self.snapshot is None or self.now is None:
            return
        content = self._build_pane(environment, self.snapshot)
        tabs = self._count_items(environment)
        running = describe_running_jobs(self.jobs)
        self.query_one(PaneView).show_pane(tabs, self.pane, content, running, WAY_BACK, self.now)
        self._show_summary()
        self.show_details()
        self.show_footer()

    def _build_pane(self, environment: Environment, snapshot: Snapshot) -> PaneContent:
        builders: dict[str, Callable[[], PaneContent]] = {
            RELEASES: lambda: build_releases_pane(snapshot, environment, self._history.releases, self._history.refusal),
            APPLICATIONS: lambda: self._applications.build(snapshot, environment),
            POLICY: lambda: self._policy.build(snapshot, (environment,), show_all=False),
            PULL_REQUESTS: lambda: self._pull_requests.build(snapshot, (environment,), include_unassigned=False),
        }
        return builders[self.pane]()

    def _count_items(self, environment: Environment) -> tuple[PaneTab, ...]:
        assert self.snapshot is not None
        releases = len(self._history.releases or ()) + (1 if environment.release else 0)
        number, marks = count_applications((environment,))
        return (
            PaneTab(RELEASES, releases),
            PaneTab(APPLICATIONS, number, marks),
            PaneTab(POLICY, count_checks(self.snapshot, (environment,))),
            PaneTab(PULL_REQUESTS, len(environment.pull_requests)),
        )

    def _show_summary(self) -> None:
        environment, snapshot, now = self.present_environment, self.snapshot, self.now
        if environment is not None and snapshot is not None and now is not None:
            panel = self.query_one("#summary", DetailPanel)
            summary = self.link_pull_requests(describe_environment(environment, snapshot, now))
            panel.content = reserve_end(summary, panel.content_size.width, draw_badge(self).cell_length)

    def show_details(self) -> None:
        """Show the details of the highlighted row. Beside the releases, also why earlier ones are unknown."""
        row, details = self.highlighted_row, self.row_details
        if self.pane == RELEASES and self._history.refusal is not None:
            failure = marked_text(StatusMark.FAILING, f"earlier releases: {self._history.refusal.message}")
            details = Content("\n").join([failure, details])
        self.query_one("#details", DetailPanel).content = self.link_pull_requests(details, row)

    # --- the release history -------------------------------------------------------------------------

    @on(ScreenResume)
    def resume_reading(self) -> None:
        """Read the history while the screen is in front."""
        self._is_visible = True
        self._read_history()
        self.show_rows()

    @on(ScreenSuspend)
    def suspend_reading(self) -> None:
        """Stop to read behind a dialog, or after the screen was closed."""
        self._is_visible = False
        self._read_history()

    def on_unmount(self) -> None:
        """Cancel the request in flight."""
        self.suspend_reading()

    def _read_history(self) -> None:
        """Read the history if it is visible."""
        if self._is_visible and self.pane == RELEASES:
            self._history.start()
        else:
            self._history.stop()

    # --- actions -------------------------------------------------------------------------------------

    @property
    def target(self) -> ActionTarget:
        """The highlighted application or pull request; otherwise the environment."""
        name, environment, row = self.environment, self.present_environment, self.highlighted_row
        subject = row.subject if row is not None else None
        if self.pane == PULL_REQUESTS:
            return ActionTarget(name, (), int(row.key) if row is not None and row.key.isdecimal() else None)
        pull_request = find_only_pull_request(environment) if environment else None
        applications = (subject.id,) if isinstance(subject, Application) else ()
        return ActionTarget(name, applications, pull_request)

    @property
    def pull_request(self) -> int | None:
        """The pull request of the highlighted row; for a row that is not a release, the one of the present release."""
        row = self.highlighted_row
        if row is not None and (row.pull_request is not None or self.pane == RELEASES):
            return row.pull_request
        return get_release_pull_request(self.present_environment)

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        if action_id not in MUTATING_ACTIONS:
            return super().explain_unavailable(action_id)
        if self.is_read_only:
            return self.live_app.read_only_note
        names = tuple(environment.name for environment in self.snapshot.environments) if self.snapshot else ()
        return explain_unavailable_action(action_id, self.target, self.snapshot, names)

    def action_act(self, action: ActionId) -> None:
        """Start an action on the target. Its dialog is in front when this returns."""
        if self.can_act(action):
            self.live_app.start_action(action, self.target)

    async def action_back(self) -> None:
        """End the filter; without a filter, return to the fleet."""
        if self.query_one(PaneView).is_filtering:
            await self.clear_filter()
        else:
            self.dismiss()

    def action_open(self) -> None:
        """Open the highlighted application or pull request, or show another row in full."""
        row = self.highlighted_row
        if not self.can_act("open") or row is None:
            return
        if self.pane in {APPLICATIONS, PULL_REQUESTS}:
            self.open_row(row)
        else:
            self.show_whole_row(row)

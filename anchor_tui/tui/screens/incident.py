"""The incident screen: elapsed time, impact so far, timeline, notes, actions, pull requests and open items."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from anchor_tui.domain.history.incident_words import describe_impact
from anchor_tui.domain.history.incidents import IMPACT_LEVELS, EnvironmentImpact, Incident, IncidentReport
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.services.history.database import HistoryError
from anchor_tui.tui.bindings import make_bindings, make_shared_bindings
from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.panes.incident_rows import PANES, TIMELINE, build_incident_pane, count_lines
from anchor_tui.tui.protocols import IncidentBackend
from anchor_tui.tui.screens.row_screen import RowScreen
from anchor_tui.tui.style import find_sheets, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.pane_tabs import PaneTab
from anchor_tui.tui.widgets.pane_view import PaneView
from anchor_tui.tui.workers import start_worker

LOOKING_ACTIONS = frozenset(
    {"filter", "browser", "open", "pull-request", "copy", "next-pane", "previous-pane", "back", "incident", "help"}
)
READ_EVERY = timedelta(seconds=10)
"""The time after which the impact is measured again, even if nothing has changed."""
MIN_PAUSE = timedelta(seconds=2)
"""The shortest time between two readings, however often the history changes."""
MAX_IMPACT_LINES = 4
_MARKS = {
    "failing": StatusMark.FAILING,
    "violation": StatusMark.FAILING,
    "unknown": StatusMark.UNKNOWN,
    "attention": StatusMark.ATTENTION,
    "ok": StatusMark.OK,
    "not observed": StatusMark.UNKNOWN,
}
_TITLES = {"incident": ("End", "End the incident; asks first"), "back": ("Back", "End the filter, or return")}


class IncidentDialogs(NamedTuple):
    """The dialogs that the keys of the screen open."""

    ask_note: Callable[[int], None]
    ask_end: Callable[[Incident], None]


class IncidentScreen(RowScreen):
    """One incident. It reads the history on the desk's thread while it is in front."""

    CSS_PATH = find_sheets("incident.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [*make_bindings("incident"), *make_shared_bindings(LOOKING_ACTIONS)]

    def __init__(
        self,
        incident: Incident,
        incidents: IncidentBackend,
        dialogs: IncidentDialogs,
        key_actions: tuple[KeyAction, ...],
    ) -> None:
        shown = [action for action in key_actions if action.owner != "screen" or action.id in LOOKING_ACTIONS]
        shown.sort(key=lambda action: action.id not in {"incident", "incident-note"})  # a narrow footer omits the last
        super().__init__("", TIMELINE, tuple(map(_adapt_action, shown)))
        self._incident, self._incidents, self._dialogs = incident, incidents, dialogs
        self._report: IncidentReport | None = None
        self._failure = ""
        self._read_at: datetime | None = None
        self._read_version: int | None = None
        self._is_reading = False

    def compose(self) -> ComposeResult:
        """Compose the incident with its impact, the tabs with their rows, the details, the keys."""
        yield DetailPanel(id="summary")
        yield PaneView()
        yield DetailPanel(id="details")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the history, and again when it changes."""
        self.show_rows()
        self._read_if_due()

    # --- reading -------------------------------------------------------------------------------------

    def watch_now(self) -> None:
        """Update the elapsed time, and read again if that is due."""
        if self.is_mounted and self.now is not None:
            self._show_summary()
            self._read_if_due()

    @property
    def _version(self) -> int:
        """A number that differs when the history has changed. It is negative when no incident is running."""
        status = self.live_app.incident
        return status.version if status is not None and status.incident is not None else -1

    def _read_if_due(self) -> None:
        now = self.now
        if self._is_reading or now is None or not self.is_current:
            return
        pause = now - self._read_at if self._read_at is not None else READ_EVERY
        if pause >= READ_EVERY or (pause >= MIN_PAUSE and self._version != self._read_version):
            self._is_reading, self._read_at, self._read_version = True, now, self._version
            start_worker(self, self._read, group="incident")

    async def _read(self) -> None:
        try:
            self._report = await asyncio.wrap_future(self._incidents.read_report(self._incident.number))
            self._incident, self._failure = self._report.incident, ""
        except HistoryError as error:
            self._failure = error.failure
        finally:
            self._is_reading = False
        self.show_rows()

    # --- what is shown -------------------------------------------------------------------------------

    @property
    def pane_names(self) -> tuple[str, ...]:
        """The panes, in the order of their tabs."""
        return PANES

    @property
    def pull_request(self) -> int | None:
        """The pull request of the highlighted row."""
        row = self.highlighted_row
        return row.pull_request if row is not None else None

    def watch_pane(self) -> None:
        """Show the rows of another tab."""
        self.set_focus(self.active_list)
        self.show_rows()

    def show_rows(self) -> None:
        """Show the summary, the tabs and the rows of the pane."""
        if not self.is_mounted or self.now is None:
            return
        tabs = tuple(PaneTab(name, count_lines(name, self._report)) for name in PANES)
        content = build_incident_pane(self.pane, self._report)
        self.query_one(PaneView).show_pane(tabs, self.pane, content, "", "UTC", self.now)
        self._show_summary()
        self.show_details()
        self.show_footer()

    def show_details(self) -> None:
        """Show the highlighted row in full."""
        self.query_one("#details", DetailPanel).content = self.link_pull_requests(self.row_details)

    def _show_summary(self) -> None:
        assert self.now is not None
        incident = self._incident
        title = join_parts(safe_text(f"INCIDENT {incident.number}", "bold"), safe_text(incident.known_title, "bold"))
        began = f"since {incident.started_at:%Y-%m-%d %H:%M} UTC, by {incident.started_by}"
        state = join_parts(safe_text(incident.describe_state(self.now)), muted_text(began))
        lines = [title, state, *self._describe_impacts()]
        if self._failure:
            lines.append(marked_text(StatusMark.FAILING, self._failure))
        self.query_one("#summary", DetailPanel).content = Content("\n").join(lines)

    def _describe_impacts(self) -> list[Content]:
        """Return a line for each environment, the worst first; those that do not fit are counted."""
        found = self._report.facts.impact if self._report is not None else ()
        ordered = sorted(found, key=lambda impact: IMPACT_LEVELS.index(impact.worst))
        width = max((len(impact.environment) for impact in ordered), default=0)
        lines = [_describe_line(impact, width) for impact in ordered[:MAX_IMPACT_LINES]]
        if (rest := len(ordered) - MAX_IMPACT_LINES) > 0:
            lines[-1] = join_parts(lines[-1], muted_text(f"(+{rest} more)"))
        return lines

    # --- keys ----------------------------------------------------------------------------------------

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        if action_id == "incident" and not self._incident.is_running:
            return "it has ended"
        return super().explain_unavailable(action_id)

    def action_incident(self) -> None:
        """End the incident after a question."""
        if self.can_act("incident"):
            self._dialogs.ask_end(self._incident)

    def action_incident_note(self) -> None:
        """Take a note."""
        self._dialogs.ask_note(self._incident.number)

    def action_open(self) -> None:
        """Open the pull request of the highlighted row, or show the row in full."""
        row = self.highlighted_row
        if self.can_act("open") and row is not None:
            self.open_row(row)

    async def action_back(self) -> None:
        """End the filter; without a filter, return."""
        if self.query_one(PaneView).is_filtering:
            await self.clear_filter()
        else:
            self.dismiss()


def _adapt_action(action: KeyAction) -> KeyAction:
    """Return an action with its texts for this screen."""
    title, tooltip = _TITLES.get(action.id, (action.title, action.tooltip))
    return replace(action, title=title, tooltip=tooltip, is_secondary=False)


def _describe_line(impact: EnvironmentImpact, width: int) -> Content:
    name = safe_text(f"{impact.environment:{width}}")
    return join_parts(name, marked_text(_MARKS[impact.worst], describe_impact(impact)))

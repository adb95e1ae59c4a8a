"""The pull request screen: what it changes, what its checks and reviews report, and whether it can be merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import ScreenResume, ScreenSuspend
from textual.reactive import reactive

from anchor_tui.domain.model import PullRequest
from anchor_tui.tui.bindings import pick_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.keys import REPLAY_KEYS
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.pull_request.panels import (
    ChecksPanel,
    FilesPanel,
    OverviewPanel,
    PullRequestPanel,
    ReviewsPanel,
)
from anchor_tui.tui.pull_request.reader import PullRequestReader, PullRequestRequests
from anchor_tui.tui.pull_request.texts import describe_reading
from anchor_tui.tui.pull_request.title import PullRequestTitle, describe_title
from anchor_tui.tui.pull_request.wrapped_lines import WrappedLines
from anchor_tui.tui.screens.key_screen import KeyScreen
from anchor_tui.tui.style import find_sheets
from anchor_tui.tui.targets import ActionTarget, explain_merge
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.incident_badge import IncidentBadge
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.pane_tabs import PaneTab, PaneTabs
from anchor_tui.tui.widgets.row_list import RowList

OVERVIEW, FILES, CHECKS, REVIEWS = "Overview", "Files", "Checks", "Reviews & commits"
PANELS: dict[str, type[PullRequestPanel]] = {
    OVERVIEW: OverviewPanel,
    FILES: FilesPanel,
    CHECKS: ChecksPanel,
    REVIEWS: ReviewsPanel,
}
KEY_IDS = (
    *(action.id for action in REPLAY_KEYS),
    "merge", "open", "browser", "copy", "read-again", "back", "next-pane", "help", "palette", "quit",
)  # fmt: skip
"""The actions of the registry that the screen has, in the order of the footer."""


_TITLES = {
    "open": ("Scroll", "Scroll the text beside the list; esc returns"),
    "browser": ("Browser", "Open the highlighted check or the pull request in the browser"),
    "copy": ("Copy", "Copy the address of the pull request"),
    "merge": ("Merge", "Merge the pull request; shows the plan first"),
    "back": ("Back", "Return to the list, or close the pull request"),
    "next-pane": ("Next pane", "To the next pane; 1 to 4 choose one"),
    "quit": ("Close", "Close the pull request"),
}
"""Titles and tooltips of actions that differ from those of the fleet screen."""


def _adapt_action(action: KeyAction) -> KeyAction:
    """Return an action with its texts for this screen."""
    title, tooltip = _TITLES.get(action.id, (action.title, action.tooltip))
    return replace(action, title=title, tooltip=tooltip)


class PullRequestScreen(KeyScreen):
    """One pull request. It reads while it is in front, and its requests are cancelled when it is left."""

    CSS_PATH = find_sheets("pull_request.tcss")
    BINDINGS: ClassVar[list[BindingType]] = pick_bindings(
        {
            "merge": "act('merge')",
            "open": "open",
            "browser": "browser",
            "copy": "copy",
            "read-again": "read_again",
            "back": "back",
            "next-pane": "move_pane(1)",
            "previous-pane": "move_pane(-1)",
            "environment": "choose_pane({key})",
            "help": "help",
            "quit": "leave",
        }
    )

    now: reactive[datetime | None] = reactive(None, repaint=False)
    pane: reactive[str] = reactive(OVERVIEW, init=False)

    def __init__(
        self, number: int, requests: PullRequestRequests, key_actions: tuple[KeyAction, ...], *, read_only: bool
    ) -> None:
        super().__init__()
        self.number = number
        known = {action.id: action for action in key_actions}
        self.key_actions = tuple(_adapt_action(known[id_]) for id_ in KEY_IDS if id_ in known)
        self._read_only = read_only
        self.reader = PullRequestReader(self, number, requests, self._show_reading)
        self.panels = {name: panel(id=f"panel-{number}") for number, (name, panel) in enumerate(PANELS.items())}

    def compose(self) -> ComposeResult:
        """Compose title, tabs and panels."""
        yield PullRequestTitle()
        yield PaneTabs()
        for panel in self.panels.values():
            panel.display = panel is self.panel
        with Container(id="panels"):
            yield from self.panels.values()
        yield KeyFooter()
        yield IncidentBadge()

    def on_mount(self) -> None:
        """Show the first panel when it is mounted."""
        self.call_after_refresh(self.watch_pane)

    # --- what is shown -------------------------------------------------------------------------------

    @property
    def panel(self) -> PullRequestPanel:
        """The visible panel."""
        return self.panels[self.pane]

    @property
    def listed(self) -> PullRequest | None:
        """The pull request in the snapshot; None if it is not open."""
        pulls = self.snapshot.all_pull_requests if self.snapshot else ()
        return next((pull for pull in pulls if pull.number == self.number), None)

    @property
    def url(self) -> str:
        """The address of the pull request; empty until it is known."""
        found = self.reader.readings.pull or self.listed
        return found.url if found else ""

    def watch_pane(self) -> None:
        """Show another panel, and read what it needs."""
        for panel in self.panels.values():
            panel.display = panel is self.panel
        self.set_focus(self.panel.first_focus)
        self._show()
        self._read_log()

    def watch_snapshot(self) -> None:
        """Update the title until the pull request is read, and the available keys."""
        self._show()

    def watch_now(self, now: datetime | None) -> None:
        """Update the ages."""
        if self.is_mounted and now is not None:
            self._show_title(now)
            self.panel.show_now(now)

    def _show(self) -> None:
        if self.is_mounted and self.now is not None:
            self._show_title(self.now)
            for panel in self.panels.values():
                panel.readings = self.reader.readings
            self.panel.show_readings(self.reader.readings, self.now)
            tabs = self.query_one(PaneTabs)
            tabs.panes = tuple(PaneTab(name, panel.item_count) for name, panel in self.panels.items())
            tabs.active = self.pane
            self.show_footer()

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        match action_id:
            case "merge":
                return self.live_app.read_only_note if self._read_only else explain_merge(self.number, self.snapshot)
            case "open" if not self.panel.has_text_beside_list:
                return "the panel is a single list or text"
            case "browser" | "copy" if not self.url:
                return "its address is not known yet"
            case _:
                return self.live_app.explain_unavailable(action_id)

    def _show_title(self, now: datetime) -> None:
        title = self.listed.title if self.listed else ""
        self.query_one(PullRequestTitle).lines = describe_title(self.number, self.reader.readings, title, now)
        self.query_one(PaneTabs).note = describe_reading(self.reader.readings.details, now)

    # --- reading -------------------------------------------------------------------------------------

    @on(ScreenResume)
    def _begin_to_read(self) -> None:
        self.reader.begin()
        self._read_log()

    @on(ScreenSuspend)
    def _stop_to_read(self) -> None:
        self.reader.stop()

    def _read_log(self) -> None:
        """Read the log of the highlighted check while the checks are visible."""
        check = self.panel.check if isinstance(self.panel, ChecksPanel) else None
        if check is not None and check.has_failure_log and check.job_id is not None and self.is_current:
            self.reader.read_log(check.job_id)

    def _show_reading(self) -> None:
        self._show()
        self._read_log()

    # --- messages from the widgets -------------------------------------------------------------------

    @on(RowList.Highlighted)
    def _follow_cursor(self) -> None:
        if isinstance(panel := self.panel, ChecksPanel):
            panel.show_log()
            self._read_log()

    @on(PaneTabs.Clicked)
    def _show_clicked_pane(self, message: PaneTabs.Clicked) -> None:
        self.pane = message.pane

    @property
    def is_read_only(self) -> bool:
        """True if the configuration or the command line excludes actions. Known before the first snapshot."""
        return self._read_only

    async def run_key_action(self, action: KeyAction) -> None:
        """Run an action as if its key was pressed. The screen has its own actions to close it and to read again."""
        is_of_app = action.id == "palette" or action.owner == "replay"
        await self.app.run_action(action.call, self.app if is_of_app else self)

    # --- keys ----------------------------------------------------------------------------------------

    def action_move_pane(self, step: int) -> None:
        """Show another panel; after the last comes the first."""
        names = list(PANELS)
        self.pane = names[(names.index(self.pane) + step) % len(names)]

    def action_choose_pane(self, number: int) -> None:
        """Show a panel by its number, counted from 1."""
        if number <= len(PANELS):
            self.pane = list(PANELS)[number - 1]

    def action_open(self) -> None:
        """Focus the text beside the list, so that the keys scroll it."""
        if self.panel.has_text_beside_list:
            self.set_focus(self.panel.query_one(WrappedLines))

    def action_back(self) -> None:
        """Return to the list, or close the screen."""
        if self.focused in {self.panel.first_focus, None}:
            self.dismiss()
        else:
            self.set_focus(self.panel.first_focus)

    def action_leave(self) -> None:
        """Close the screen."""
        self.dismiss()

    def action_quit(self) -> None:
        """Close the screen, when its key in the footer is clicked."""
        self.dismiss()

    def action_browser(self) -> None:
        """Open the highlighted check, or the pull request."""
        row = self.panel.highlighted_row
        address = row.url if row is not None and row.url else self.url
        if not open_web_address(self.app, address):
            self.notify("it has no web address", title="Browser: not now", severity="warning")

    def action_copy(self) -> None:
        """Copy the address of the pull request."""
        if self.url:
            copy_text(self.app, self.url)

    async def action_read_again(self) -> None:
        """Read every source and this pull request now."""
        await self.app.run_action("read_again", self.app)
        self.reader.forget_failures()
        self._begin_to_read()

    def action_act(self, action: str) -> None:
        """Plan the merge, or report why it cannot be planned now."""
        if action != "merge" or not isinstance(self.app, LiveApp):
            return
        if reason := self.explain_unavailable(action):
            self.notify(reason, title="Merge", severity="warning")
            return
        self.app.start_action("merge", ActionTarget("", (), self.number))

"""The pull request screen: what it changes, what its checks and reviews report, and whether it can be merged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.events import ScreenResume, ScreenSuspend
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.domain.inspection.pull_request_details import PullRequestDetails
from anchor_tui.domain.inspection.pull_request_texts import describe_origin
from anchor_tui.domain.model import Fresh, PullRequest, Reading, Snapshot, SourceFailure, Unavailable
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.domain.urls import is_web_url
from anchor_tui.tui.bindings import pick_bindings
from anchor_tui.tui.keys import KeyAction
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.pull_request.line_view import LineView
from anchor_tui.tui.pull_request.panels import (
    ChecksPanel,
    FilesPanel,
    OverviewPanel,
    PullRequestPanel,
    ReviewsPanel,
)
from anchor_tui.tui.pull_request.parts import PullRequestReadings, keep_last_value
from anchor_tui.tui.pull_request.texts import describe_reading
from anchor_tui.tui.style import find_sheets, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.targets import ActionTarget, explain_merge
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.pane_tabs import PaneTabs
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

T = TypeVar("T")
POLL_S = 15.0
"""The pause between two readings, in seconds. One reading costs one point of GitHub's hourly budget."""
OVERVIEW, FILES, CHECKS, REVIEWS = "Overview", "Files", "Checks", "Reviews & commits"
PANELS: dict[str, type[PullRequestPanel]] = {
    OVERVIEW: OverviewPanel,
    FILES: FilesPanel,
    CHECKS: ChecksPanel,
    REVIEWS: ReviewsPanel,
}
KEY_IDS = ("merge", "open", "browser", "copy", "read-again", "back", "next-pane", "help", "palette", "quit")
"""The actions of the registry that the screen has, in the order of the footer."""
READ_ONLY_NOTE = "read-only: no actions"


class PullRequestRequests(Protocol):
    """The background thread as the screen uses it."""

    def inspect_pull_request(
        self, number: int, read: Callable[[PullRequestInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading on the background thread. Cancelling the future cancels its request."""


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


class PullRequestTitle(Widget):
    """Number, title and state; origin and size; the merge state."""

    lines: reactive[tuple[Content, ...]] = reactive(())

    def render(self) -> Content:
        """Draw the lines, each cut at the width."""
        width = max(1, self.size.width - 2)
        return Content("\n").join([Content(" ") + line.truncate(width, ellipsis=True) for line in self.lines])


class PullRequestScreen(Screen[None]):
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

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    pane: reactive[str] = reactive(OVERVIEW, init=False)

    def __init__(
        self, number: int, requests: PullRequestRequests, key_actions: tuple[KeyAction, ...], *, read_only: bool
    ) -> None:
        super().__init__()
        self.number = number
        self._requests = requests
        known = {action.id: action for action in key_actions}
        self.key_actions = tuple(_adapt_action(known[id_]) for id_ in KEY_IDS if id_ in known)
        self._read_only = read_only
        self.readings = PullRequestReadings()
        self._patches_head: str | None = None
        """The head whose files were read."""
        self.panels = {name: panel(id=f"panel-{number}") for number, (name, panel) in enumerate(PANELS.items())}
        self._log_in_flight: int | None = None
        """The job whose log is being read."""

    def compose(self) -> ComposeResult:
        """Compose title, tabs and panels."""
        yield PullRequestTitle()
        yield PaneTabs()
        for panel in self.panels.values():
            panel.display = panel is self.panel
        with Container(id="panels"):
            yield from self.panels.values()
        yield KeyFooter()

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
        found = self.readings.pull or self.listed
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
                panel.readings = self.readings
            self.panel.show_readings(self.readings, self.now)
            tabs = self.query_one(PaneTabs)
            tabs.panes = tuple((name, panel.item_count) for name, panel in self.panels.items())
            tabs.active = self.pane
            self._show_available_keys()

    def _show_available_keys(self) -> None:
        footer = self.query_one(KeyFooter)
        in_footer = (action for action in self.key_actions if action.in_footer)
        footer.actions = tuple(action for action in in_footer if not self.explain_unavailable(action.id))
        footer.note = READ_ONLY_NOTE if self._read_only else ""

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        match action_id:
            case "merge":
                return READ_ONLY_NOTE if self._read_only else explain_merge(self.number, self.snapshot)
            case "open" if not self.panel.has_text_beside_list:
                return "the panel is a single list or text"
            case "browser" | "copy" if not self.url:
                return "its address is not known yet"
            case _:
                return ""

    def _show_title(self, now: datetime) -> None:
        pull, listed = self.readings.pull, self.listed
        number = safe_text(f"#{self.number}", "bold")
        if pull is not None:
            lines = self._describe_pull(pull, number, now)
        else:
            title = safe_text(listed.title, "bold") if listed else None
            lines = (join_parts(number, title), *self._describe_missing())
        self.query_one(PullRequestTitle).lines = lines
        self.query_one(PaneTabs).note = describe_reading(self.readings.details, now)

    def _describe_pull(self, pull: PullRequestDetails, number: Content, now: datetime) -> tuple[Content, ...]:
        merge = describe_merge_state(pull)
        return (
            join_parts(number, safe_text(pull.title, "bold"), safe_text(f" {pull.state_word.upper()} ", "reverse")),
            muted_text(describe_origin(pull, now)),
            marked_text(merge.mark, str(merge)),
        )

    def _describe_missing(self) -> tuple[Content, ...]:
        details = self.readings.details
        if isinstance(details, Unavailable):
            return muted_text(""), marked_text(StatusMark.FAILING, details.error.message)
        return muted_text(""), muted_text("reading the pull request from GitHub…")

    # --- reading -------------------------------------------------------------------------------------

    @on(ScreenResume)
    def _begin_to_read(self) -> None:
        start_worker(self, self._read_repeatedly, group="reading", exclusive=True)
        self._read_log()

    @on(ScreenSuspend)
    def _stop_to_read(self) -> None:
        for group in ("reading", "log"):
            self.workers.cancel_group(self, group)

    async def _read_repeatedly(self) -> None:
        while True:
            details = await self._request(lambda inspector: inspector.read_details())
            self.readings.details = keep_last_value(self.readings.details, details)
            self._show()
            pull = self.readings.pull
            if isinstance(details, Fresh) and pull is not None and pull.head_sha != self._patches_head:
                patches = await self._request(lambda inspector: inspector.read_patches())
                self.readings.patches = keep_last_value(self.readings.patches, patches)
                if isinstance(patches, Fresh):
                    self._patches_head = pull.head_sha
                self._show()
            self._read_log()
            await asyncio.sleep(POLL_S)

    async def _request(
        self, read: Callable[[PullRequestInspector], Coroutine[Any, Any, Reading[T]]]
    ) -> Reading[T] | Unavailable:
        """Read a part. An internal error is shown in its place."""
        try:
            return await asyncio.wrap_future(self._requests.inspect_pull_request(self.number, read))
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
            return Unavailable(SourceFailure("internal", format_internal_error(error)))

    def _read_log(self) -> None:
        """Read the log of the highlighted check, once for each failed job, while the checks are visible."""
        panel = self.panel
        check = panel.check if isinstance(panel, ChecksPanel) else None
        if check is None or not check.has_failure_log or check.job_id is None or not self.is_current:
            return
        if check.job_id != self._log_in_flight and not isinstance(self.readings.logs.get(check.job_id), Fresh):
            start_worker(self, partial(self._read_job_log, check.job_id), group="log", exclusive=True)

    async def _read_job_log(self, job_id: int) -> None:
        self._log_in_flight = job_id
        try:
            self.readings.logs[job_id] = await self._request(lambda inspector: inspector.read_job_log(job_id))
        finally:
            if self._log_in_flight == job_id:
                self._log_in_flight = None
        if isinstance(panel := self.panel, ChecksPanel):
            panel.show_log()

    # --- messages from the widgets -------------------------------------------------------------------

    @on(RowList.Highlighted)
    def _follow_cursor(self) -> None:
        if isinstance(panel := self.panel, ChecksPanel):
            panel.show_log()
            self._read_log()

    @on(PaneTabs.Clicked)
    def _show_clicked_pane(self, message: PaneTabs.Clicked) -> None:
        self.pane = message.pane

    @on(KeyFooter.Clicked)
    async def _run_clicked_key(self, message: KeyFooter.Clicked) -> None:
        owner = self.app if message.action.id == "palette" else self
        await self.app.run_action(message.action.call, owner)

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
            self.set_focus(self.panel.query_one(LineView))

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
        if not is_web_url(address):
            self.notify("it has no web address", title="Browser: not now", severity="warning", markup=False)
        open_web_address(self.app, address)

    def action_copy(self) -> None:
        """Copy the address of the pull request."""
        if self.url:
            self.app.copy_to_clipboard(self.url)
            self.notify(self.url, title="Copied", timeout=3, markup=False)

    async def action_read_again(self) -> None:
        """Read every source and this pull request now."""
        await self.app.run_action("read_again", self.app)
        self._patches_head = None
        self.readings.logs = {job: log for job, log in self.readings.logs.items() if isinstance(log, Fresh)}
        self._begin_to_read()

    def action_act(self, action: str) -> None:
        """Plan the merge, or report why it cannot be planned now."""
        if action != "merge" or not isinstance(self.app, LiveApp):
            return
        if reason := self.explain_unavailable(action):
            self.notify(reason, title="Merge", severity="warning", markup=False)
            return
        self.app.start_action("merge", ActionTarget("", (), self.number))

    def action_help(self) -> None:
        """Show every key of the screen."""
        from anchor_tui.tui.screens.help import HelpEntry, HelpScreen

        entries = [HelpEntry(action, self.explain_unavailable(action.id)) for action in self.key_actions]
        self.app.push_screen(HelpScreen(entries))

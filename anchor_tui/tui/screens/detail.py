"""Everything about one row: a check with its evidence, an application with its problems."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.foreign_text import sanitize_lines
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.text_limits import iterate_full_texts
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.style import find_sheets, link_pull_requests, title_text
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import ListRow


class DetailScreen(FailureGuard, ModalScreen[None]):
    """The details of a row as a scrollable text. The row and its ages are current.

    `find_row` returns the row as it is now, or None if it is gone. Its last details stay then.
    """

    CSS_PATH = find_sheets("dialog.tcss", "detail.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("enter", "open", "Open"),
        Binding("o", "browser", "Browser"),
        Binding("y", "copy", "Copy"),
    ]

    now: reactive[datetime | None] = reactive(None)

    def __init__(self, row: ListRow, find_row: Callable[[], ListRow | None]) -> None:
        super().__init__()
        self._row = row
        self._find_row = find_row
        self._drawn: Content | None = None

    def compose(self) -> ComposeResult:
        """Compose the row's details."""
        with VerticalScroll(classes="dialog") as scroll:
            keys = ["esc closes", "y copies it"]
            keys += ["o opens it in the browser"] if self._row.url else []
            keys += [f"enter opens #{self._row.pull_request}"] if self._row.pull_request is not None else []
            scroll.border_title = title_text(" · ".join(keys))
            yield Static(id="detail")

    def on_mount(self) -> None:
        """Show the details in the first frame."""
        self.watch_now(self.now)

    def watch_now(self, now: datetime | None) -> None:
        """Draw the row as it is now."""
        if not self.is_mounted or now is None:
            return
        found = self._find_row()
        self._row = found or self._row
        linked = link_pull_requests(self._row.detail_at(now), self._row.linked_pull_requests)
        if self._drawn is None or not linked.is_same(self._drawn):  # most details contain no age
            self._drawn = linked
            self.query_one("#detail", Static).update(linked)
        self.query_one(VerticalScroll).border_subtitle = title_text("" if found else "no longer listed")

    def action_open(self) -> None:
        """Close, and open the pull request that the row is about."""
        self.dismiss()
        if self._row.pull_request is not None and isinstance(self.app, LiveApp):
            self.app.open_pull_request(self._row.pull_request)

    def action_browser(self) -> None:
        """Open the row's address."""
        if not open_web_address(self.app, self._row.url):
            self.notify("it has no web address", title="Browser: not now", severity="warning")

    def action_copy(self) -> None:
        """Copy the details, and every message in full that is too long to be displayed."""
        shown = self._row.detail_at(self.now).plain if self.now else ""
        text = "\n\n".join([shown, *map(sanitize_lines, iterate_full_texts(self._row.subject))])
        copy_text(self.app, text, f"the details, {format_count(len(text), 'character')}")

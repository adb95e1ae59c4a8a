"""Everything about one row: a check with its evidence, an application with its problems."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.style import find_sheets
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.row_list import ListRow


class DetailScreen(ModalScreen[None]):
    """The details of a row as a scrollable text."""

    CSS_PATH = find_sheets("dialog.tcss", "detail.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("o", "browser", "Browser"),
    ]

    def __init__(self, row: ListRow, now: datetime) -> None:
        super().__init__()
        self._row = row
        self._now = now

    def compose(self) -> ComposeResult:
        """Compose the row's details."""
        with VerticalScroll(classes="dialog") as scroll:
            scroll.border_title = "esc closes" + (" · o opens it in the browser" if self._row.url else "")
            yield Static(self._row.draw_detail(self._now))

    def action_browser(self) -> None:
        """Open the row's address."""
        open_web_address(self.app, self._row.url)

"""Everything about one row, with room to read it: a check with its evidence, an application with its troubles."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.urls import is_web_url
from anchor_tui.tui.style import find_styles_folder
from anchor_tui.tui.widgets.row_list import ListRow


class DetailScreen(ModalScreen[None]):
    """A text to read; any way out closes it, `o` opens its place in the browser."""

    CSS_PATH = str(find_styles_folder() / "detail.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("o", "browser", "Browser"),
    ]

    def __init__(self, row: ListRow, now: datetime) -> None:
        super().__init__()
        self._row = row
        self._now = now

    def compose(self) -> ComposeResult:
        """The row's description, whole."""
        with VerticalScroll(id="detail") as scroll:
            scroll.border_title = "esc closes" + (" · o opens it in the browser" if self._row.url else "")
            yield Static(self._row.draw_detail(self._now))

    def action_browser(self) -> None:
        """Opens the row's address; only web addresses are opened."""
        if is_web_url(self._row.url):
            self.app.open_url(self._row.url)

"""Filtered rows with the text of the highlighted one: beside them if there is room, else below."""

from __future__ import annotations

from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.reactive import reactive

from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.line_view import LineView
from anchor_tui.tui.widgets.list_rows import ListRow, PaneContent

BESIDE_MIN_WIDTH = 110
"""The width from which the text is beside the rows."""


class InspectionRows(FilteredRows):
    """The rows of a pane and their filter."""

    content: reactive[PaneContent] = reactive(PaneContent((), (), ""), init=False)

    def watch_content(self) -> None:
        """Show the matching rows."""
        self.row_list.show_rows(self.filter_content(self.content), self.row_list.now)

    def watch_filter_text(self) -> None:
        """Show the matching rows."""
        self.watch_content()

    def show_now(self, now: datetime) -> None:
        """Draw the ages."""
        self.row_list.now = now


class RowsAndText(FailureGuard, Container):
    """Rows and a text. The owner of the container fills both."""

    def compose(self) -> ComposeResult:
        """Compose rows and text."""
        yield InspectionRows()
        yield LineView(id="text")

    @property
    def rows(self) -> InspectionRows:
        """The rows."""
        return self.query_one(InspectionRows)

    @property
    def text(self) -> LineView:
        """The text of the highlighted row."""
        return self.query_one(LineView)

    @property
    def highlighted_row(self) -> ListRow | None:
        """The row under the cursor."""
        return self.rows.row_list.highlighted_row

    def switch_focus(self) -> None:
        """Move from the rows to the text, or back."""
        self.screen.set_focus(self.rows.row_list if self.text.has_focus else self.text)

    @on(Resize)
    def choose_layout(self, event: Resize) -> None:
        """Place the text beside the rows if there is room."""
        self.set_class(event.size.width >= BESIDE_MIN_WIDTH, "-beside")

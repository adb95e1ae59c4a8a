"""Rows with a filter line that is opened above them."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Input

from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.filter_input import FilterInput
from anchor_tui.tui.widgets.filter_line import FilterLine
from anchor_tui.tui.widgets.list_rows import PaneContent
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.widgets.row_selection import RowSelection


class FilteredRows(FailureGuard, Vertical):
    """A list of rows and the filter that narrows it. A subclass shows the matching rows when `filter_text` changes."""

    filter_text: reactive[str] = reactive("", init=False)

    def __init__(self) -> None:
        super().__init__()
        self._selection = RowSelection()

    def compose(self) -> ComposeResult:
        """Compose the rows; the filter line is inserted above them when it is opened."""
        yield RowList(id="rows")

    @property
    def row_list(self) -> RowList:
        """The rows."""
        return self.query_one("#rows", RowList)

    @property
    def is_filtering(self) -> bool:
        """True if the filter line is open or a filter is set."""
        return bool(self.filter_text) or bool(self.query(FilterInput))

    def filter_content(self, content: PaneContent) -> PaneContent:
        """Return the rows that match the filter, and show what is wrong with it in the filter line."""
        selected = self._selection.select(content, self.filter_text)
        for line in self.query(FilterLine):
            line.error = self._selection.error
        return selected

    async def open_filter(self) -> None:
        """Open and focus the filter line."""
        if not self.query(FilterLine):
            focused = self.screen.focused
            active_list = focused if isinstance(focused, RowList) else self.row_list
            line = FilterLine(FilterInput(self.filter_text, active_list))
            line.error = self._selection.error
            await self.mount(line, before=self.row_list)
        self.screen.set_focus(self.query_one(FilterInput))

    async def clear_filter(self) -> None:
        """Close the filter line and show all rows."""
        await self.query(FilterLine).remove()
        self.filter_text = ""

    @on(Input.Changed)
    def apply_filter(self, event: Input.Changed) -> None:
        """Filter while the operator types."""
        event.stop()
        self.filter_text = event.value

    @on(Input.Submitted)
    async def keep_filter(self, event: Input.Submitted) -> None:
        """Keep the filter and return to the list that had the focus."""
        event.stop()
        # Focus first: Textual focuses a neighbour of a focused widget that is removed.
        self.screen.set_focus(self.query_one(FilterInput).active_list)
        await self.query(FilterLine).remove()

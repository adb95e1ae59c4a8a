"""The line of a filter: its text field, and what is wrong with the filter at the right end."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import Static

from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import marked_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.filter_input import FilterInput


class FilterLine(FailureGuard, Horizontal):
    """One line. The error takes no room while there is none."""

    error: reactive[str] = reactive("")

    def __init__(self, field: FilterInput) -> None:
        super().__init__()
        self._field = field

    def compose(self) -> ComposeResult:
        """Compose the text field and the error."""
        yield self._field
        yield Static(id="filter-error", markup=False)

    def on_mount(self) -> None:
        """Show the error that the filter already has."""
        self.watch_error(self.error)

    def watch_error(self, error: str) -> None:
        """Show or hide the error."""
        for shown in self.query("#filter-error").results(Static):
            shown.display = bool(error)
            shown.update(marked_text(StatusMark.ATTENTION, error) if error else "")

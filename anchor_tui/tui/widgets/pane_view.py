"""The lower half of the fleet screen: tabs of all panes and the rows of one, narrowed by a filter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.app import ComposeResult

from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from anchor_tui.tui.widgets.list_rows import PaneContent
from anchor_tui.tui.widgets.pane_tabs import PaneTab, PaneTabs


class PaneView(FilteredRows):
    """Rows of one pane. Keeps the filter while the rows are replaced."""

    def __init__(self) -> None:
        super().__init__()
        self._content = PaneContent((), (), "")
        self._running_text = self._scope = ""

    def compose(self) -> ComposeResult:
        """Compose tabs and rows; the filter line is inserted between them when it is opened."""
        yield PaneTabs()
        yield from super().compose()

    def show_pane(
        self, tabs: Sequence[PaneTab], active: str, content: PaneContent, running: str, scope: str, now: datetime
    ) -> None:
        """Show the rows of `content`.

        `tabs` and `active` are for the line of tabs. `running` describes running actions, `scope` what is shown.
        """
        line = self.query_one(PaneTabs)
        line.panes = tuple(tabs)
        line.active = active
        self._content, self._running_text, self._scope = content, running, scope
        self._show_rows(now)

    def _show_rows(self, now: datetime, *, is_new_filter: bool = False) -> None:
        self.row_list.show_rows(self.filter_content(self._content), now, is_new_filter=is_new_filter)
        if self.filter_text:
            count = f"{self._selection.count:,} of {len(self._content.rows):,}"
            note = f"filter “{self.filter_text}”: {count} · {self._scope}"
        else:
            note = f"{self._running_text} · {self._scope}" if self._running_text else self._scope
        self.query_one(PaneTabs).note = note

    def watch_filter_text(self) -> None:
        """Show the matching rows."""
        self._show_rows(self.row_list.now, is_new_filter=True)

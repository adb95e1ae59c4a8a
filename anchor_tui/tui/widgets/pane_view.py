"""The lower half of the fleet screen: tabs of all panes and the rows of one, narrowed by a filter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Input

from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.filter_input import FilterInput
from anchor_tui.tui.widgets.pane_tabs import PaneTabs
from anchor_tui.tui.widgets.row_list import PaneContent, RowList


class PaneView(FailureGuard, Vertical):
    """Rows of one pane. Keeps the filter while the rows are replaced."""

    filter_text: reactive[str] = reactive("", init=False)

    def __init__(self) -> None:
        super().__init__()
        self._content = PaneContent((), (), "")
        self._running_text = self._scope = ""

    def compose(self) -> ComposeResult:
        """Compose tabs and rows; the filter line is inserted between them when it is opened."""
        yield PaneTabs()
        yield RowList(id="rows")

    @property
    def row_list(self) -> RowList:
        """The rows of the pane."""
        return self.query_one("#rows", RowList)

    @property
    def is_filtering(self) -> bool:
        """True if the filter line is open or a filter is set."""
        return bool(self.filter_text) or bool(self.query(FilterInput))

    def show_panes(
        self,
        panes: Mapping[str, PaneContent],
        active: str,
        content: PaneContent,
        running: str,
        scope: str,
        now: datetime,
    ) -> None:
        """Show the rows of `content`.

        `panes` and `active` are for the tabs. `running` describes running actions, `scope` the shown environments.
        """
        tabs = self.query_one(PaneTabs)
        tabs.panes = tuple((name, pane.shown_count) for name, pane in panes.items())
        tabs.active = active
        self._content, self._running_text, self._scope = content, running, scope
        self._show_rows(now)

    def _show_rows(self, now: datetime) -> None:
        filtered = self._content.filter_rows(self.filter_text)
        self.row_list.show_rows(filtered, now)
        if self.filter_text:
            count = f"{len(filtered.rows)} of {len(self._content.rows)}"
            note = f"filter “{self.filter_text}”: {count} · {self._scope}"
        else:
            note = f"{self._running_text} · {self._scope}" if self._running_text else self._scope
        self.query_one(PaneTabs).note = note

    def watch_filter_text(self) -> None:
        """Show the matching rows."""
        self._show_rows(self.row_list.now)

    async def open_filter(self) -> None:
        """Open and focus the filter line."""
        if not self.query(FilterInput):
            focused = self.screen.focused
            active_list = focused if isinstance(focused, RowList) else self.row_list
            await self.mount(FilterInput(self.filter_text, active_list), before=self.row_list)
        self.screen.set_focus(self.query_one(FilterInput))

    async def clear_filter(self) -> None:
        """Close the filter line and show all rows."""
        await self.query(FilterInput).remove()
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
        await event.input.remove()

"""The Diff pane: live against git for each resource, as Argo CD compares them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.reactive import reactive

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.readings import Reading, Unavailable
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.difference_view import describe_unread, draw_change, draw_fields, list_text, show_text
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.widgets.rows_and_text import RowsAndText
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

Differences: TypeAlias = tuple[ResourceDifference, ...]
COMPARISON_POLL_S = 10.0
"""The pause between two comparisons, in seconds. Their answers are large."""
_COLUMNS = (ListColumn("RESOURCE", is_flexible=True), ListColumn("CHANGE"))
_NOTHING_COMPARED = "nothing is compared: the application has no resources yet, or Argo CD cannot render its manifests"


class DiffPanel(InspectionPanel[Differences]):
    """The resources that differ, and the difference of the highlighted one. It is available in read-only mode."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("diff")

    is_whole: reactive[bool] = reactive(False, init=False)
    """True for whole objects and for equal resources too."""
    poll_s = COMPARISON_POLL_S

    _written: tuple[ResourceDifference | None, bool] = (None, False)
    """The difference whose text is shown or being written, and if it is whole."""

    def compose(self) -> ComposeResult:
        """Compose rows and text."""
        yield RowsAndText()

    def on_mount(self) -> None:
        """Show that the comparison is being read."""
        self._show_rows(LOADING)

    @property
    def differences(self) -> Differences:
        """The differences that were read last."""
        return self.last_value or ()

    @property
    def difference(self) -> ResourceDifference | None:
        """The difference of the highlighted resource."""
        row = self.query_one(RowsAndText).highlighted_row
        return next((one for one in self.differences if row and _row_key(one.resource) == row.key), None)

    @property
    def row_count(self) -> int:
        """The number of resources that differ."""
        return sum(one.kind != "equal" for one in self.differences)

    @property
    def summary(self) -> str:
        """The number of resources that differ, and of the ignored differences."""
        if not self.differences:
            return ""
        ignored = sum(len(one.ignored) for one in self.differences)
        resources = format_count(len(self.differences), "resource")
        end = f" · {format_count(ignored, 'ignored difference')}" if ignored else ""
        return f"{self.row_count} of {resources} differ{'s' if self.row_count == 1 else ''}{end}"

    async def read(self, inspector: ApplicationInspector) -> Reading[Differences]:
        """Read what Argo CD compares."""
        return await inspector.read_differences()

    def show_reading(self, reading: Reading[Differences]) -> None:
        """Show the resources that differ."""
        is_first = not self.query_one(RowsAndText).rows.content.rows
        if isinstance(reading, Unavailable):
            self._show_rows(describe_unread("differences", reading.error.message))
        elif not self.differences:
            self._show_rows(_NOTHING_COMPARED)
        else:
            resources = format_count(len(self.differences), "resource")
            self._show_rows(f"no difference: git and cluster agree on {resources} (w shows them)")
        if is_first:
            self._highlight_selected()

    def _show_rows(self, empty_text: str) -> None:
        shown = [one for one in self.differences if self.is_whole or one.kind != "equal"]
        content = PaneContent(_COLUMNS, tuple(map(_build_row, shown)), empty_text)
        self.query_one(RowsAndText).rows.content = content
        self._show_text()

    def watch_is_whole(self) -> None:
        """Show or hide what is equal."""
        if self.reading is not None:
            self.show_reading(self.reading)

    def watch_selected(self, before: ResourceNode | None, after: ResourceNode | None) -> None:
        """Highlight the resource that was selected in the tree, if it is listed."""
        if (before.key if before else None) != (after.key if after else None) and self.is_mounted:
            self._highlight_selected()

    def _highlight_selected(self) -> None:
        row_list = self.query_one(RowsAndText).rows.row_list
        if self.selected is not None and row_list.find_row(key := _row_key(self.selected.key)) is not None:
            row_list.cursor = key

    # --- the text of one resource --------------------------------------------------------------------

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the difference of the highlighted resource."""
        message.stop()
        self._show_text()

    def _show_text(self) -> None:
        difference = self.difference
        # The same value is not written again: a large difference takes seconds.
        if difference is None or difference is not self._written[0] or self.is_whole != self._written[1]:
            self._written = difference, self.is_whole
            start_worker(self, partial(self._write_text, difference), group="text", exclusive=True)

    async def _write_text(self, difference: ResourceDifference | None) -> None:
        """Write the text on another thread: a large object takes time."""
        lines: Sequence[str] = ()
        if difference is not None:
            lines = await asyncio.to_thread(list_text, difference, whole=self.is_whole)
        box = self.query_one(RowsAndText)
        show_text(box.text, lines, "" if box.rows.content.rows else box.rows.content.empty_text)

    # --- keys ----------------------------------------------------------------------------------------

    def action_diff_whole(self) -> None:
        """Show whole objects and equal resources, or the changes only."""
        self.is_whole = not self.is_whole

    def action_diff_text(self) -> None:
        """Move to the text, or back to the rows."""
        self.query_one(RowsAndText).switch_focus()

    def action_diff_copy(self) -> None:
        """Copy the difference as unified YAML."""
        difference = self.difference
        if difference is None:
            self.notify("nothing is highlighted", title="Copy: not now", severity="warning")
            return
        text = "\n".join(difference.list_lines(whole=self.is_whole)) or str(difference.resource)
        copy_text(self.app, text, f"the difference of {difference.resource}")


def _row_key(resource: ResourceKey) -> str:
    return " ".join(resource)


def _build_row(difference: ResourceDifference) -> ListRow:
    cells = (safe_text(str(difference.resource)), draw_change(difference))
    fields = draw_fields(difference)
    return static_row(_row_key(difference.resource), cells, fields, clipboard_text=str(difference.resource))

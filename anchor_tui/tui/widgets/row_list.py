"""A list of rows with a cursor, drawn line by line: replacing thousands of rows costs one frame.

The cursor is held by the row's key: when rows appear, vanish or move, the cursor stays on its row. Textual's scrolling
keys are not inherited, since they would leave the cursor behind. A row that is the same object as before is not drawn
again; as time passes, only lines with another text are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from anchor_tui.domain.identity import is_same
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.style import are_same_texts, link_pull_requests, safe_text
from anchor_tui.tui.widgets.column_widths import join_cells
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import LazyRows, ListColumn, ListRow, PaneContent
from anchor_tui.tui.widgets.measured_columns import MeasuredColumns, fills_line
from anchor_tui.tui.widgets.row_index import FoundRow, RowIndex

_MEASURED_ROWS = 60
"""Number of rows after the first page that are measured for the column widths. Longer texts further down are cut."""


class RowList(FailureGuard, ScrollView, can_focus=True, inherit_bindings=False):
    """Rows below a line of titles. Posts `Highlighted` when the cursor moves to another row."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--titles",
        "row-list--row",
        "row-list--cursor",
        "row-list--heading",
    }

    auto_links = reactive(False)  # the colour of a number is that of its row
    now: reactive[datetime] = reactive(datetime.fromtimestamp(0, UTC), repaint=False)
    cursor: reactive[str | None] = reactive(None, repaint=False)
    """Key of the highlighted row."""
    selected: reactive[frozenset[str]] = reactive(frozenset[str](), repaint=False)
    """Keys of the selected rows."""

    class Highlighted(Message):
        """The cursor moved to a row; `row` is None if the list is empty."""

        def __init__(self, row_list: RowList, row: ListRow | None) -> None:
            super().__init__()
            self.row_list = row_list
            self.row = row

        @property
        def control(self) -> RowList:
            """The list that posted the message, for Textual's selectors."""
            return self.row_list

    def __init__(self, columns: tuple[ListColumn, ...] = (), *, id: str | None = None, empty_text: str = "") -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self.columns = columns
        self.empty_text = empty_text
        self._total: int | None = None
        self._places = RowIndex[ListRow]()
        self._index = 0
        self._shown_height = 0
        self._measured = MeasuredColumns()
        self._drawn: dict[int, tuple[ListRow, tuple[Content, ...]]] = {}
        """The rows and cells of the lines as they were drawn last, by place."""

    @property
    def rows(self) -> Sequence[ListRow]:
        """The rows, with headings."""
        return self._places.rows

    @property
    def highlighted_row(self) -> ListRow | None:
        """The row under the cursor."""
        row = self.rows[self._index] if 0 <= self._index < len(self.rows) else None
        return row if row is not None and not row.is_heading else None

    def find_row(self, key: str) -> ListRow | None:
        """Return the row with a key; None if there is none."""
        place = self._places.find(key)
        return self.rows[place] if place is not None else None

    def show_rows(self, content: PaneContent, now: datetime, *, is_new_filter: bool = False) -> None:
        """Replace columns and rows. Lines whose rows are the same objects are not drawn again, only their ages.

        If the highlighted row is gone, the cursor stays in its place; with a new filter it moves to the first row.
        """
        before, place, title = self.rows, self._index, self._describe_position()
        was_visible = place in self._visible_places
        is_same_frame = content.columns == self.columns and bool(before)
        self.columns, self.empty_text, self._total = content.columns, content.empty_text, content.total
        keys = content.rows.keys if isinstance(content.rows, LazyRows) else None
        has_same_rows = before is content.rows or (keys is None and is_same(before, content.rows))
        if not has_same_rows:
            self._places = RowIndex(content.rows, keys)
            self._keep_cursor(is_new_filter=is_new_filter)
        is_same_frame &= not self._measure_columns(now) and bool(self.rows)
        if was_visible and self._index not in self._visible_places:
            self._scroll_to_cursor()
        self.set_reactive(RowList.now, now)
        if not is_same_frame:
            self.refresh()
            return
        self._refresh_changed()
        if not has_same_rows and len(before) > len(self.rows):
            self._refresh_places(range(len(self.rows), len(before)))
        if place != self._index:
            self._refresh_places([place, self._index])
        if self._describe_position() != title:
            self._refresh_titles()

    # --- cursor --------------------------------------------------------------------------------------

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by a number of rows, not beyond the ends."""
        if self.rows:
            self.cursor = self.rows[self._places.move(self._index, step)].key

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a number of visible pages."""
        self.action_move_cursor(pages * max(1, self.size.height - 1))

    def action_move_to_first(self) -> None:
        """Move the cursor to the first row."""
        self.action_move_cursor(-len(self.rows))

    def action_move_to_last(self) -> None:
        """Move the cursor to the last row."""
        self.action_move_cursor(len(self.rows))

    def move_to_match(self, step: int, matches: Callable[[ListRow], bool]) -> FoundRow | None:
        """Move the cursor to the next (1) or previous (-1) row that matches. Return its place if there is one."""
        found = self._places.search(self._index, step, matches) if self.rows else None
        if found is not None:
            self.cursor = self.rows[found.place].key
        return found

    def _keep_cursor(self, *, is_new_filter: bool) -> None:
        """Keep the cursor on its row; if that is gone, on the row in its place, or on the first for a new filter."""
        if (found := self._places.find(self.cursor, self._index)) is not None:
            self._index = found
        else:
            place = 0 if is_new_filter else max(0, min(self._index, len(self.rows) - 1))
            self._index = self._places.move(place, 0)
            row = self.highlighted_row
            self.cursor = row.key if row is not None else None
        self.post_message(self.Highlighted(self, self.highlighted_row))

    def watch_cursor(self, cursor: str | None) -> None:
        """Scroll to the highlighted row and report it."""
        found = self._places.find(cursor, self._index)
        if found is None:
            return
        before, self._index = self._index, found
        self._scroll_to_cursor()
        self.post_message(self.Highlighted(self, self.highlighted_row))
        self._refresh_places({before, found})
        self._refresh_titles()

    def _scroll_to_cursor(self) -> None:
        """Scroll until the highlighted row is visible, and the heading above it."""
        # Two lines high: the titles take one line of the view, so the row must not be its last.
        place = self._index
        top = place - 1 if place and self.rows[place - 1].is_heading else place
        self.scroll_to_region(Region(0, top, 1, 2 + place - top), animate=False, force=True)

    def watch_selected(self, before: frozenset[str], after: frozenset[str]) -> None:
        """Mark the selected rows."""
        changed = before ^ after
        self._refresh_places(place for place in self._visible_places if self.rows[place].key in changed)

    @on(Click)
    def highlight_clicked_row(self, event: Click) -> None:
        """Highlight the clicked row."""
        line = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and 0 <= line < len(self.rows) and not self.rows[line].is_heading:
            self.cursor = self.rows[line].key

    # --- drawing -------------------------------------------------------------------------------------

    @property
    def _visible_places(self) -> range:
        top = self.scroll_offset.y
        return range(top, max(top, min(len(self.rows), top + self.size.height - 1)))

    def _refresh_places(self, places: Iterable[int]) -> None:
        for place in places:
            self.refresh_line(place + 1)

    def _refresh_titles(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def watch_now(self) -> None:
        """Draw the visible lines whose text is another one now."""
        self._refresh_changed()

    def _refresh_changed(self) -> None:
        """Draw the visible lines that show another row or another text than they were drawn with."""
        for place in self._visible_places:
            row, (drawn, cells) = self.rows[place], self._drawn.get(place, (None, ()))
            if row is drawn and row.is_static:
                continue
            new = row.cells_at(self.now) if drawn is not None and row.key == drawn.key else ()
            if new and are_same_texts(new, cells) and (row is drawn or row.has_same_links(drawn)):
                self._drawn[place] = row, cells
                continue
            if self._measured.is_cut(place, new) and self._measure_columns(self.now, is_forced=True):
                self.refresh()
                return
            self._refresh_places([place])

    @on(Resize)
    def measure_again(self) -> None:
        """Choose the column widths for another size. A visible cursor stays visible: longer details take rows away."""
        top = self.scroll_offset.y
        was_visible = top <= self._index < top + self._shown_height - 1
        self._shown_height = self.size.height
        self._measure_columns(self.now)
        if was_visible and self._index not in self._visible_places:
            self._scroll_to_cursor()

    def _measure_columns(self, now: datetime, *, is_forced: bool = False) -> bool:
        """Choose the column widths for the available width. Return True if they are others than before."""
        self.virtual_size = Size(self._row_width, len(self.rows) + 1)
        sample = self.rows[: self.size.height + _MEASURED_ROWS]
        return self._measured.measure(self.columns, sample, self._row_width, now, is_forced=is_forced)

    @property
    def _is_scrolling(self) -> bool:
        return len(self.rows) + 1 > self.size.height

    @property
    def _row_width(self) -> int:
        """The width of a row: that of the list without its scrollbar."""
        return max(0, self.size.width - (self.styles.scrollbar_size_vertical if self._is_scrolling else 0))

    def _describe_position(self) -> str:
        """Return the position of the cursor if not all rows are visible: "1,234 of 5,000", "12 of 37 (5,000)"."""
        if self.highlighted_row is None or not (self._is_scrolling or self._total is not None):
            return ""
        total = f" ({self._total:,})" if self._total is not None else ""
        return f"{self._places.get_position(self._index):,} of {self._places.count:,}{total}"

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view: the titles are fixed, the rows scroll below them."""
        width = self._row_width
        if y == 0:
            titles = tuple(Content(column.title) for column in self.columns)
            return self._render_strip(titles, " ", width, "row-list--titles", note=self._describe_position())
        index = y - 1 + self.scroll_offset.y
        if not self.rows and y == 1:
            return self._render_strip((safe_text(self.empty_text),), " ", width, "row-list--titles", full_width=True)
        if not 0 <= index < len(self.rows):
            return Strip.blank(width, self.rich_style)
        row, here = self.rows[index], index == self._index
        cells = row.cells_at(self.now)
        if len(self._drawn) > 2 * self.size.height:
            self._drawn = {place: drawn for place, drawn in self._drawn.items() if place in self._visible_places}
        self._drawn[index] = row, cells
        full_width = fills_line(cells, self.columns)
        if row.is_heading:
            return self._render_strip(cells, " ", width, "row-list--heading", full_width=full_width)
        cells = tuple(link_pull_requests(cell, row.linked_pull_requests) for cell in cells)
        gutter = "●" if row.key in self.selected else "▌" if here else " "
        component = "row-list--cursor" if here else "row-list--row"
        return self._render_strip(cells, gutter, width, component, full_width=full_width)

    def _render_strip(
        self,
        cells: tuple[Content, ...],
        gutter: str,
        width: int,
        component: str,
        *,
        full_width: bool = False,
        note: str = "",
    ) -> Strip:
        widths = (width - 1,) if full_width else self._measured.widths
        line = join_cells(cells, widths, gutter, width, note)
        style = self.get_visual_style(component)
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

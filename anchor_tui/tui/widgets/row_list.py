"""A list of rows with a cursor, drawn line by line: replacing thousands of rows costs one frame.

The cursor is held by the row's key: when rows appear, vanish or move, the cursor stays on its row. Textual's scrolling
keys are not inherited, since they would leave the cursor behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, overload

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

from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.style import link_pull_requests, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard, format_failure

_GAP = 2
_FLEXIBLE_MIN_WIDTH = 8
_MEASURED_ROWS = 60
"""Number of rows that are measured for the column widths. Longer texts further down are cut."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column. A flexible one takes the remaining width, and shrinks if there is none.

    An optional one is left out if the row is too long even when the flexible ones have shrunk.
    """

    title: str
    is_flexible: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row: its key, its content and what the keys apply to.

    `draw_cells` and `draw_detail` take the current time, since ages count up. They are called when the row is visible:
    of thousands of rows only one screen is drawn.
    """

    key: str
    draw_cells: Callable[[datetime], tuple[Content, ...]]
    draw_detail: Callable[[datetime], Content]
    search_text: str = ""
    """Text that a filter searches."""
    url: str | None = None
    clipboard_text: str = ""
    subject: object = None
    """The value that the row shows. Its shortened messages can be copied in full."""
    pull_request: int | None = None
    """The number of the pull request that the row is about. Its key and a click on the number open it."""
    other_pull_requests: frozenset[int] = frozenset()
    """Other pull requests whose numbers the row shows. A click on a number opens it."""

    @property
    def linked_pull_requests(self) -> frozenset[int]:
        """The pull requests whose numbers can be clicked."""
        return self.other_pull_requests | ({self.pull_request} if self.pull_request is not None else set())

    def cells_at(self, now: datetime) -> tuple[Content, ...]:
        """Return the cells; if they cannot be drawn, the reason in the first one."""
        try:
            return self.draw_cells(now)
        except Exception as error:  # noqa: BLE001 - the other rows are shown
            return (safe_text(format_failure(error, "row")),)

    def detail_at(self, now: datetime) -> Content:
        """Return the details; if they cannot be drawn, the reason."""
        try:
            return self.draw_detail(now)
        except Exception as error:  # noqa: BLE001 - the row itself is shown
            return safe_text(format_failure(error, "row"))

    def matches(self, words: str) -> bool:
        """Return True if the row contains every one of the words, which are in lower case."""
        text = self.search_text.lower()
        return all(word in text for word in words.split())


def static_row(
    key: str,
    cells: tuple[Content, ...],
    detail: Content,
    url: str | None = None,
    *,
    clipboard_text: str = "",
    subject: object = None,
) -> ListRow:
    """Return a row that does not change with time."""
    search_text = " ".join([*(cell.plain for cell in cells), detail.plain])
    return ListRow(key, lambda _now: cells, lambda _now: detail, search_text, url, clipboard_text, subject)


class LazyRows(Sequence[ListRow]):
    """Rows that are made each time they are drawn: of thousands of rows only one screen is."""

    def __init__(self, keys: Sequence[str], make_row: Callable[[int], ListRow]) -> None:
        self.keys = keys
        self._make_row = make_row

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> ListRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ListRow, ...]: ...
    def __getitem__(self, index: int | slice) -> ListRow | tuple[ListRow, ...]:
        if isinstance(index, slice):
            return tuple(map(self._make_row, range(*index.indices(len(self)))))
        return self._make_row(range(len(self))[index])


@dataclass(frozen=True, slots=True)
class PaneContent:
    """Columns and rows, and the text that is shown if there are no rows."""

    columns: tuple[ListColumn, ...]
    rows: Sequence[ListRow]
    empty_text: str
    item_count: int | None = None
    """Number of items that the tab shows, if it is not the number of rows: a row may stand for several items."""

    @property
    def shown_count(self) -> int:
        """The number that the tab shows."""
        return len(self.rows) if self.item_count is None else self.item_count

    def filter_rows(self, filter_text: str) -> PaneContent:
        """Return the rows that match a filter."""
        if not filter_text:
            return self
        rows = tuple(row for row in self.rows if row.matches(filter_text.lower()))
        return replace(self, rows=rows, empty_text=f"no match for “{filter_text}”" if self.rows else self.empty_text)


class RowList(FailureGuard, ScrollView, can_focus=True, inherit_bindings=False):
    """Rows below a line of titles. Posts `Highlighted` when the cursor moves to another row."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--titles", "row-list--row", "row-list--cursor"}

    auto_links = reactive(False)  # the colour of a number is that of its row
    rows: reactive[Sequence[ListRow]] = reactive((), layout=False)
    now: reactive[datetime] = reactive(datetime.fromtimestamp(0, UTC))
    cursor: reactive[str | None] = reactive(None)
    """Key of the highlighted row."""
    selected: reactive[frozenset[str]] = reactive(frozenset[str]())
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
        self._widths: tuple[int, ...] = ()
        self._index = 0
        self._places: dict[str, int] = {}

    @property
    def highlighted_row(self) -> ListRow | None:
        """The row under the cursor."""
        return self.rows[self._index] if 0 <= self._index < len(self.rows) else None

    def find_row(self, key: str) -> ListRow | None:
        """Return the row with a key; None if there is none."""
        place = self._places.get(key)
        return None if place is None else self.rows[place]

    def show_rows(self, content: PaneContent, now: datetime) -> None:
        """Replace columns and rows."""
        self.columns, self.empty_text, self.now = content.columns, content.empty_text, now
        self.set_reactive(RowList.rows, content.rows)
        self.watch_rows(content.rows)  # also if the rows are equal: the columns may be others
        self.refresh()

    # --- cursor --------------------------------------------------------------------------------------

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by a number of rows, not beyond the ends."""
        if self.rows:
            self.cursor = self.rows[max(0, min(len(self.rows) - 1, self._index + step))].key

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a number of visible pages."""
        self.action_move_cursor(pages * max(1, self.size.height - 1))

    def action_move_to_first(self) -> None:
        """Move the cursor to the first row."""
        self.action_move_cursor(-len(self.rows))

    def action_move_to_last(self) -> None:
        """Move the cursor to the last row."""
        self.action_move_cursor(len(self.rows))

    def watch_rows(self, rows: Sequence[ListRow]) -> None:
        """Keep the cursor on its row; if that is gone, on the row in its place."""
        keys = rows.keys if isinstance(rows, LazyRows) else [row.key for row in rows]
        self._places = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))  # the first of equal keys
        if self.cursor is not None and self.cursor in self._places:
            self._index = self._places[self.cursor]
        else:
            self._index = max(0, min(self._index, len(rows) - 1))
            self.cursor = keys[self._index] if keys else None
        self._measure_columns()
        self.post_message(self.Highlighted(self, self.highlighted_row))

    def watch_cursor(self, cursor: str | None) -> None:
        """Scroll to the highlighted row and report it."""
        found = self._places.get(cursor or "")
        if found is None:
            return
        self._index = found
        # Two lines high: the titles take one line of the view, so the row must not be its last.
        self.scroll_to_region(Region(0, found, 1, 2), animate=False, force=True)
        self.post_message(self.Highlighted(self, self.highlighted_row))
        self.refresh()

    @on(Click)
    def highlight_clicked_row(self, event: Click) -> None:
        """Highlight the clicked row."""
        line = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and 0 <= line < len(self.rows):
            self.cursor = self.rows[line].key

    # --- drawing -------------------------------------------------------------------------------------

    @on(Resize)
    def _measure_columns(self) -> None:
        """Choose the column widths for the available width."""
        self.virtual_size = Size(self._row_width, len(self.rows) + 1)
        wanted = [len(column.title) for column in self.columns]
        for row in self.rows[:_MEASURED_ROWS]:
            for index, cell in enumerate(row.cells_at(self.now)[: len(wanted)]):
                wanted[index] = max(wanted[index], cell.cell_length)
        self._widths = tuple(_fit_widths(wanted, self.columns, self._row_width - 1))

    @property
    def _row_width(self) -> int:
        """The width of a row: that of the list without its scrollbar."""
        is_scrolling = len(self.rows) + 1 > self.size.height
        return max(0, self.size.width - (self.styles.scrollbar_size_vertical if is_scrolling else 0))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view: the titles are fixed, the rows scroll below them."""
        width = self._row_width
        if y == 0:
            titles = tuple(Content(column.title) for column in self.columns)
            return self._render_strip(titles, " ", width, "row-list--titles")
        index = y - 1 + self.scroll_offset.y
        if not self.rows and y == 1:
            return self._render_strip((safe_text(self.empty_text),), " ", width, "row-list--titles", full_width=True)
        if not 0 <= index < len(self.rows):
            return Strip.blank(width, self.rich_style)
        here = index == self._index
        row = self.rows[index]
        cells = tuple(link_pull_requests(cell, row.linked_pull_requests) for cell in row.cells_at(self.now))
        gutter = "●" if row.key in self.selected else "▌" if here else " "
        return self._render_strip(cells, gutter, width, "row-list--cursor" if here else "row-list--row")

    def _render_strip(
        self, cells: tuple[Content, ...], gutter: str, width: int, component: str, *, full_width: bool = False
    ) -> Strip:
        widths = (width - 1,) if full_width else self._widths
        padded = [
            cell.truncate(cell_width, ellipsis=True, pad=True)
            for cell, cell_width in zip(cells, widths, strict=False)
            if cell_width > 0
        ]
        line = Content(gutter) + Content(" " * _GAP).join(padded)
        style = self.get_visual_style(component)
        line = line.truncate(width, ellipsis=True, pad=True)
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)


def _fit_widths(wanted: list[int], columns: Sequence[ListColumn], room: int) -> list[int]:
    """Return the column widths for a line of `room` cells; a column of width 0 is left out."""
    widths = list(wanted)
    flexible = [index for index, column in enumerate(columns) if column.is_flexible]

    def measure_excess() -> int:
        shown = [width for width in widths if width]
        return sum(shown) + _GAP * max(0, len(shown) - 1) - room

    def measure_slack() -> int:
        return sum(max(0, widths[index] - _FLEXIBLE_MIN_WIDTH) for index in flexible)

    for index in reversed([index for index, column in enumerate(columns) if column.is_optional]):
        if measure_excess() > measure_slack():
            widths[index] = 0
    for index in reversed(flexible):
        widths[index] -= min(max(0, measure_excess()), max(0, widths[index] - _FLEXIBLE_MIN_WIDTH))
    if (spare := -measure_excess()) > 0 and (shown := [index for index in flexible if widths[index]]):
        widths[shown[-1]] += spare
    return widths

"""Rows with a cursor, drawn line by line: replacing thousands of rows costs one frame.

Keys are the application's: a widget's own scrolling keys would leave the cursor behind.
The cursor is held by the row's key: rows may come, go and move, the cursor stays with its row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual.content import Content
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

_MEASURED_ROWS = 60
"""Widths are taken from so many rows; longer texts further down are cut."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column. The one that `flexes` takes the room that is left, and gives way where there is none."""

    title: str
    is_flexible: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row: its key, and what the keys on it need. It is drawn when it is seen: of thousands only a screenful is.

    `draw` and `describe` take the time, since ages count up; `words` is what a filter looks through.
    """

    key: str
    draw_cells: Callable[[datetime], tuple[Content, ...]]
    draw_detail: Callable[[datetime], Content]
    search_text: str = ""
    url: str | None = None
    clipboard_text: str = ""

    def matches(self, words: str) -> bool:
        """Whether every one of the words, in lower case, stands somewhere in the row."""
        everything = self.search_text.lower()
        return all(word in everything for word in words.split())


def static_row(
    key: str, cells: tuple[Content, ...], detail: Content, url: str | None = None, *, copied: str = ""
) -> ListRow:
    """A row in which no age counts up."""
    words = " ".join([*(cell.plain for cell in cells), detail.plain])
    return ListRow(key, lambda _now: cells, lambda _now: detail, words, url, copied)


@dataclass(frozen=True, slots=True)
class PaneContent:
    """Columns and rows, and what stands where there are none."""

    columns: tuple[ListColumn, ...]
    rows: tuple[ListRow, ...]
    empty_text: str


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows below a line of titles. Posts `Highlighted` when the cursor moves to another row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--titles", "row-list--row", "row-list--cursor"}

    rows: reactive[tuple[ListRow, ...]] = reactive((), layout=False)
    now: reactive[datetime] = reactive(datetime.fromtimestamp(0, UTC))
    cursor: reactive[str | None] = reactive(None)
    selected: reactive[frozenset[str]] = reactive(frozenset[str]())
    """Keys of the rows that are marked, to act on several at once."""

    class Highlighted(Message):
        """The cursor came to a row, or there is none any more."""

        def __init__(self, row_list: RowList, row: ListRow | None) -> None:
            super().__init__()
            self.row_list = row_list
            self.row = row

        @property
        def control(self) -> RowList:
            """The list that posted the message."""
            return self.row_list

    def __init__(self, columns: tuple[ListColumn, ...] = (), *, id: str | None = None, empty_text: str = "") -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = columns
        self.empty_text = empty_text
        self._widths: tuple[int, ...] = ()
        self._index = 0

    @property
    def highlighted_row(self) -> ListRow | None:
        """The highlighted row."""
        return self.rows[self._index] if 0 <= self._index < len(self.rows) else None

    def show_rows(self, columns: tuple[ListColumn, ...], rows: tuple[ListRow, ...], empty: str, now: datetime) -> None:
        """Takes other columns and rows at once."""
        self.columns, self.empty_text, self.now = columns, empty, now
        self.rows = rows
        self._measure_columns()
        self.refresh()

    @property
    def page_size(self) -> int:
        """How many rows are to be seen at once."""
        return max(1, self.size.height - 1)

    def move_cursor(self, step: int) -> None:
        """The cursor `step` rows further, no further than the ends."""
        if self.rows:
            self.cursor = self.rows[max(0, min(len(self.rows) - 1, self._index + step))].key

    # --- reacting ----------------------------------------------------------------------------------

    def watch_rows(self, rows: tuple[ListRow, ...]) -> None:
        """The cursor keeps to its row; where that is gone, to what stands in its place."""
        keys = [row.key for row in rows]
        if self.cursor in keys:
            self._index = keys.index(self.cursor)
        else:
            self._index = max(0, min(self._index, len(rows) - 1))
            self.cursor = keys[self._index] if keys else None
        self._measure_columns()
        self.post_message(self.Highlighted(self, self.highlighted_row))

    def watch_cursor(self, cursor: str | None) -> None:
        """Scrolls to the row and says so."""
        found = next((index for index, row in enumerate(self.rows) if row.key == cursor), None)
        if found is None:
            return
        self._index = found
        # Two lines high: the titles take one from the view, so the row must not be its last.
        self.scroll_to_region(Region(0, found, 1, 2), animate=False, force=True)
        self.post_message(self.Highlighted(self, self.highlighted_row))
        self.refresh()

    def on_resize(self) -> None:
        """The flexing column changes its width."""
        self._measure_columns()

    def on_click(self, event: Click) -> None:
        """A click highlights."""
        line = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and 0 <= line < len(self.rows):
            self.cursor = self.rows[line].key

    # --- drawing -----------------------------------------------------------------------------------

    def _measure_columns(self) -> None:
        """Column widths for the room there is."""
        self.virtual_size = Size(self.size.width, len(self.rows) + 1)
        wanted = [len(column.title) for column in self.columns]
        for row in self.rows[:_MEASURED_ROWS]:
            for index, cell in enumerate(row.draw_cells(self.now)[: len(wanted)]):
                wanted[index] = max(wanted[index], cell.cell_length)
        room = self.size.width - 1 - 2 * max(0, len(wanted) - 1)
        over = sum(wanted) - room
        flexing = [index for index, column in enumerate(self.columns) if column.is_flexible]
        for index in flexing:
            give = min(max(0, over), max(0, wanted[index] - 8))
            wanted[index] -= give
            over -= give
        if over < 0 and flexing:
            wanted[flexing[-1]] -= over
        self._widths = tuple(wanted)

    def render_line(self, y: int) -> Strip:
        """One line of the view: the titles stay, the rows scroll below them."""
        width = self.size.width
        if y == 0:
            titles = tuple(Content(column.title) for column in self.columns)
            return self._render_strip(titles, " ", width, "row-list--titles")
        index = y - 1 + self.scroll_offset.y
        if not self.rows and y == 1:
            return self._render_strip((Content(self.empty_text),), " ", width, "row-list--titles", whole=True)
        if not 0 <= index < len(self.rows):
            return Strip.blank(width, self.rich_style)
        here = index == self._index
        cells = self.rows[index].draw_cells(self.now)
        gutter = "●" if self.rows[index].key in self.selected else "▌" if here else " "
        return self._render_strip(cells, gutter, width, "row-list--cursor" if here else "row-list--row")

    def _render_strip(
        self, cells: tuple[Content, ...], gutter: str, width: int, component: str, *, whole: bool = False
    ) -> Strip:
        widths = (width - 1,) if whole else self._widths
        padded = [
            cell.truncate(cell_width, ellipsis=True, pad=True)
            for cell, cell_width in zip(cells, widths, strict=False)
            if cell_width > 0
        ]
        line = Content(gutter) + Content("  ").join(padded)
        style = self.get_visual_style(component)
        line = line.truncate(width, ellipsis=True, pad=True)
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

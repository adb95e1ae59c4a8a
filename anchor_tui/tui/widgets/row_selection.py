"""The rows of a pane that match a filter, with the headings of their groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from textual.content import Content

from anchor_tui.domain.identity import is_same
from anchor_tui.domain.row_filter import RowFilter, compile_filter
from anchor_tui.domain.status_marks import UNHEALTHY_MARKS, StatusMark
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListRow, PaneContent

_WITHOUT_VALUE = "none"
"""The heading of the rows without a value."""


def count_marks(rows: Sequence[ListRow]) -> dict[StatusMark, int]:
    """Return the number of rows with each mark that needs attention, the worst first."""
    counted = Counter(row.mark for row in rows)
    return {mark: counted[mark] for mark in UNHEALTHY_MARKS if counted[mark]}


def describe_marks(marks: dict[StatusMark, int]) -> Content:
    """Return the numbers of rows that need attention: "✗3 ?1 !12"."""
    return Content(" ").join(marked_text(mark) + safe_text(f"{number:,}") for mark, number in marks.items())


class RowSelection:
    """The rows that match the filter. Rows that have not changed are not searched again.

    A filter that only narrows the one before searches the rows that matched. Equal rows and filters return the same
    object.
    """

    def __init__(self) -> None:
        self._content = PaneContent((), (), "")
        self._text = ""
        self._filter = RowFilter()
        self._matching: Sequence[ListRow] = ()
        self._selected = self._content

    @property
    def error(self) -> str:
        """The reason why a part of the filter is ignored; empty if nothing is wrong."""
        return self._filter.error

    @property
    def count(self) -> int:
        """The number of rows that match."""
        return len(self._matching)

    def select(self, content: PaneContent, text: str) -> PaneContent:
        """Return the content with the rows that match a filter text, below their headings."""
        if content is self._content and text == self._text:
            return self._selected
        compiled = compile_filter(text, content.filter_fields)
        same_rows = is_same(content.rows, self._content.rows)
        if same_rows and compiled.terms == self._filter.terms:
            matching = self._matching
        elif not compiled.terms:
            matching = content.rows
        else:
            searched = self._matching if same_rows and compiled.narrows(self._filter) else content.rows
            matching = tuple(compiled.select(searched))
        self._content, self._text, self._filter, self._matching = content, text, compiled, matching
        self._selected = self._build()
        return self._selected

    def _build(self) -> PaneContent:
        content = self._content
        rows = tuple(_insert_headings(self._matching, content.grouped_by)) if content.grouped_by else self._matching
        if not self._text.strip():
            return replace(content, rows=rows)
        empty_text = f"no match for “{self._text}”" if content.rows else content.empty_text
        return replace(content, rows=rows, empty_text=empty_text, total=len(content.rows))


def _insert_headings(rows: Sequence[ListRow], field: str) -> Iterator[ListRow]:
    """Yield the rows, and before each group a heading with its value and its counts."""
    for value, group in groupby(rows, lambda row: next(iter(row.field_values(field)), "")):
        members = list(group)
        yield _build_heading(value, members)
        yield from members


def _build_heading(value: str, members: Sequence[ListRow]) -> ListRow:
    title = safe_text(value, "bold") if value else muted_text(_WITHOUT_VALUE)
    cells = (join_parts(title, safe_text(f"{len(members):,}"), describe_marks(count_marks(members)) or None),)
    return ListRow(f"heading {value}", lambda _now: cells, lambda _now: Content(""), is_heading=True, is_static=True)

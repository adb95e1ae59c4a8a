"""The rows of a list and what they belong to: columns, the text without rows, the fields of a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from textual.content import Content

from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import safe_text
from anchor_tui.tui.widgets.failure_guard import format_failure


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column. A flexible one takes the remaining width, and shrinks if there is none.

    An optional one is left out if the row is too long even when the flexible ones have shrunk. A hidden one is always
    left out.
    """

    title: str
    is_flexible: bool = False
    is_optional: bool = False
    is_hidden: bool = False


def _get_no_values(_field: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True, eq=False, slots=True)
class ListRow:
    """A row: its key, its content and what the keys apply to. Rows are compared by identity.

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
    mark: StatusMark | None = None
    """The status of the row, for counts and for the keys that search unhealthy rows."""
    field_values: Callable[[str], Sequence[str]] = _get_no_values
    """The values of the fields that a filter can name."""
    is_heading: bool = False
    """True if it is the title of the rows below, which the cursor skips."""
    is_static: bool = False
    """True if the cells do not change with time."""

    folded_text: str = field(init=False, repr=False)
    """The search text in lower case. Rows are built when data arrives, so that a typed letter only compares."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded_text", self.search_text.lower())

    @property
    def linked_pull_requests(self) -> frozenset[int]:
        """The pull requests whose numbers can be clicked."""
        return self.other_pull_requests | ({self.pull_request} if self.pull_request is not None else set())

    def has_same_links(self, other: ListRow | None) -> bool:
        """Return True if the same numbers can be clicked as in another row."""
        return other is not None and self.linked_pull_requests == other.linked_pull_requests

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


def static_row(
    key: str,
    cells: tuple[Content, ...],
    detail: Content,
    url: str | None = None,
    *,
    clipboard_text: str = "",
    subject: object = None,
    mark: StatusMark | None = None,
) -> ListRow:
    """Return a row that does not change with time."""
    search_text = " ".join([*(cell.plain for cell in cells), detail.plain])
    return ListRow(
        key,
        lambda _now: cells,
        lambda _now: detail,
        search_text,
        url,
        clipboard_text,
        subject,
        mark=mark,
        is_static=True,
    )


class LazyRows(Sequence[ListRow]):
    """Rows that are made when they are drawn, and kept: of thousands of rows only one screen is."""

    def __init__(self, keys: Sequence[str], make_row: Callable[[int], ListRow]) -> None:
        self.keys = keys
        self._make_row = make_row
        self._made: dict[int, ListRow] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> ListRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ListRow, ...]: ...
    def __getitem__(self, index: int | slice) -> ListRow | tuple[ListRow, ...]:
        if isinstance(index, slice):
            return tuple(map(self._get_row, range(*index.indices(len(self)))))
        return self._get_row(range(len(self))[index])

    def _get_row(self, place: int) -> ListRow:
        row = self._made.get(place)
        if row is None:
            row = self._made[place] = self._make_row(place)
        return row


@dataclass(frozen=True, slots=True)
class PaneContent:
    """Columns and rows, and the text that is shown if there are no rows."""

    columns: tuple[ListColumn, ...]
    rows: Sequence[ListRow]
    empty_text: str
    item_count: int | None = None
    """Number of items that the tab shows, if it is not the number of rows: a row may stand for several items."""
    filter_fields: tuple[str, ...] = ()
    """The fields of the rows that a filter can name."""
    grouped_by: str = ""
    """The field whose values are the headings; empty if there are none. The rows are in the order of the groups."""
    total: int | None = None
    """Number of rows without a filter, if a filter is set."""

    @property
    def shown_count(self) -> int:
        """The number that the tab shows."""
        return len(self.rows) if self.item_count is None else self.item_count

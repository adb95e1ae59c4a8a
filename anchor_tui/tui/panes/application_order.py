"""The orders of the applications pane: by severity, or in groups with a heading each."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from anchor_tui.domain.identity import find_changes
from anchor_tui.domain.model import Application
from anchor_tui.domain.status_marks import WORST_FIRST, StatusMark, get_health_mark, get_sync_mark
from anchor_tui.tui.widgets.list_rows import ListRow

BY_SEVERITY = "severity"
ORDERS = (BY_SEVERITY, "environment", "project", "health", "sync")
"""The orders, as the operator reads them."""
GROUP_FIELDS = {"environment": "env", "project": "project", "health": "health", "sync": "sync"}
"""The field whose values are the headings, for each order with groups."""


class OrderedRow(NamedTuple):
    """A row with what it is sorted by."""

    severity: int
    name: str
    namespace: str
    application: Application
    row: ListRow


_SORT_GROUPS: dict[str, Callable[[OrderedRow], tuple[bool | int, str]]] = {
    "project": lambda row: (not row.application.project, row.application.project or ""),
    "health": lambda row: _sort_mark(*get_health_mark(row.application)),
    "sync": lambda row: _sort_mark(*get_sync_mark(row.application)),
}


def _sort_mark(mark: StatusMark, word: str) -> tuple[int, str]:
    return WORST_FIRST.index(mark), word


class SortedRows:
    """The rows of each environment by severity and name. Rows that have changed are moved to their places."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[OrderedRow, ...], tuple[OrderedRow, ...]]] = {}

    def get(self, name: Hashable, rows: tuple[OrderedRow, ...]) -> tuple[OrderedRow, ...]:
        """Return the sorted rows; the same tuple if the rows are the same objects."""
        known, known_sorted = self._entries.get(name, ((), ()))
        if known is rows:
            return known_sorted
        changed = find_changes(known, rows) if len(known) == len(rows) else None
        if changed is None or len(changed) > _MAX_MOVED:
            found = sorted(rows, key=_get_key)
        else:
            gone = {id(known[place]) for place in changed}
            found = [row for row in known_sorted if id(row) not in gone]
            for place in changed:
                insort(found, rows[place], key=_get_key)
        self._entries[name] = rows, tuple(found)
        return self._entries[name][1]


_MAX_MOVED = 64
"""The number of rows up to which moving is faster than sorting."""


def _get_key(row: OrderedRow) -> tuple[int, str, str]:
    return row[:3]


def sort_rows(environments: Sequence[Sequence[OrderedRow]], order: str) -> tuple[ListRow, ...]:
    """Return the rows of all environments in an order.

    The rows of each environment are sorted by severity and name already. Within a group, rows are sorted by severity,
    environment and name. The groups of health and sync begin with the worst.
    """
    rows = [row for environment in environments for row in environment]
    if order != "environment" and len(environments) > 1:
        rows.sort(key=lambda row: row.severity)
    if (sort_group := _SORT_GROUPS.get(order)) is not None:
        rows.sort(key=sort_group)
    return tuple(row.row for row in rows)


def get_next_order(order: str) -> str:
    """Return the order after this one; after the last comes the first."""
    return ORDERS[(ORDERS.index(order) + 1) % len(ORDERS)]

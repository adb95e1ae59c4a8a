"""The places of the rows of a list: by key, from one row to the next, without the headings between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar


class IndexedRow(Protocol):
    """A row as far as its place is concerned."""

    @property
    def key(self) -> str:
        """The key of the row."""
        ...

    @property
    def is_heading(self) -> bool:
        """True if the cursor skips the row."""
        ...


R = TypeVar("R", bound=IndexedRow)


class FoundRow(NamedTuple):
    """The place of a row, and if the search continued at the other end of the list."""

    place: int
    is_wrapped: bool


class RowIndex(Generic[R]):
    """The places of rows, computed once for each sequence of rows. A place counts headings too, a position does not.

    With `keys` no row is looked at before it is needed: none of them is a heading then.
    """

    def __init__(self, rows: Sequence[R] = (), keys: Sequence[str] | None = None) -> None:
        self.rows = rows
        self._keys = keys

    @cached_property
    def _headings(self) -> Sequence[int]:
        if self._keys is not None:
            return ()
        return [place for place, row in enumerate(self.rows) if row.is_heading]

    @cached_property
    def _places(self) -> dict[str, int]:
        """The place of each key; of the first row if several have the same key."""
        keys = [row.key for row in self.rows] if self._keys is None else self._keys
        return dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))

    @property
    def count(self) -> int:
        """The number of rows without headings."""
        return len(self.rows) - len(self._headings)

    def find(self, key: str | None, expected: int = -1) -> int | None:
        """Return the place of a key; None if there is none. `expected` is tried first."""
        if 0 <= expected < len(self.rows) and self.rows[expected].key == key and not self.rows[expected].is_heading:
            return expected
        return self._places.get(key) if key is not None else None

    def get_position(self, place: int) -> int:
        """Return the position of a row, counted from 1."""
        return place + 1 - bisect_left(self._headings, place)

    def move(self, place: int, step: int) -> int:
        """Return the place that is a number of rows further, not beyond the ends and not on a heading."""
        target = max(0, min(len(self.rows) - 1, place + step))
        direction = 1 if step >= 0 else -1
        for way in (direction, -direction):
            found = target
            while 0 <= found < len(self.rows):
                if not self.rows[found].is_heading:
                    return found
                found += way
        return place

    def search(self, place: int, step: int, matches: Callable[[R], bool]) -> FoundRow | None:
        """Return the next row that matches, after (`step` 1) or before (-1) a place; at the end it starts again."""
        number = len(self.rows)
        for distance in range(1, number + 1):
            found = place + step * distance
            if matches(self.rows[found % number]):
                return FoundRow(found % number, not 0 <= found < number)
        return None

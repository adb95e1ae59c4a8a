"""The widths of the columns of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

GAP = 2
"""Cells between two columns."""
_FLEXIBLE_MIN_WIDTH = 8


class SizedColumn(Protocol):
    """A column as far as its width is concerned."""

    @property
    def is_flexible(self) -> bool:
        """True if it takes the remaining width, and shrinks if there is none."""
        ...

    @property
    def is_optional(self) -> bool:
        """True if it is left out when there is no room."""
        ...


def fit_widths(wanted: Sequence[int], columns: Sequence[SizedColumn], room: int) -> list[int]:
    """Return the column widths for a line of `room` cells; a column of width 0 is left out."""
    widths = list(wanted)
    flexible = [index for index, column in enumerate(columns) if column.is_flexible]

    def measure_excess() -> int:
        shown = [width for width in widths if width]
        return sum(shown) + GAP * max(0, len(shown) - 1) - room

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

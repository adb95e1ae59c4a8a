"""The columns of a list: their widths, and the line of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from textual.content import Content

_GAP = 2
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


def join_cells(cells: Sequence[Content], widths: Sequence[int], gutter: str, width: int, note: str = "") -> Content:
    """Return the line of a row. A column of width 0 is left out.

    A note is at the right end; cells that would be cut before it are left out.
    """
    padded = [
        cell.truncate(cell_width, ellipsis=True, pad=True)
        for cell, cell_width in zip(cells, widths, strict=False)
        if cell_width > 0
    ]
    room = width - len(note) - _GAP if note else width
    while note and len(padded) > 1 and 1 + _measure_cells(padded) > room:
        padded.pop()
    line = Content(gutter) + Content(" " * _GAP).join(padded)
    if note:
        line = line.rstrip().truncate(max(0, room), ellipsis=True, pad=True) + Content(" " * _GAP + note)
    return line.truncate(width, ellipsis=True, pad=True)


def _measure_cells(cells: Sequence[Content]) -> int:
    """Return the length of a line of cells, up to the end of the last text."""
    *before, last = cells
    return sum(cell.cell_length + _GAP for cell in before) + last.rstrip().cell_length

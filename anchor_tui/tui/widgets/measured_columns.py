"""The widths of a list's columns, as its first rows need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.identity import is_same
from anchor_tui.tui.widgets.column_widths import fit_widths
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow


class MeasuredColumns:
    """Measures the texts of a sample of rows. Rows that are the same objects as before are not measured again."""

    def __init__(self) -> None:
        self.widths: tuple[int, ...] = ()
        self._sample: Sequence[ListRow] = ()
        self._columns: tuple[ListColumn, ...] = ()
        self._width = 0

    def measure(
        self,
        columns: tuple[ListColumn, ...],
        sample: Sequence[ListRow],
        width: int,
        now: datetime,
        *,
        is_forced: bool = False,
    ) -> bool:
        """Choose the widths for lines of `width` cells. Return True if they are others than before."""
        is_same_frame = columns == self._columns and width == self._width
        if is_same_frame and not is_forced and is_same(sample, self._sample):
            return False
        before = self.widths
        self._columns, self._sample, self._width = columns, sample, width
        wanted = [len(column.title) for column in columns]
        for row in sample:
            cells = row.cells_at(now)
            for index, cell in enumerate(() if fills_line(cells, columns) else cells[: len(wanted)]):
                wanted[index] = max(wanted[index], cell.cell_length)
        wanted = [0 if column.is_hidden else needed for column, needed in zip(columns, wanted, strict=True)]
        self.widths = tuple(fit_widths(wanted, columns, width - 1))
        return self.widths != before

    def is_cut(self, place: int, cells: tuple[Content, ...]) -> bool:
        """Return True if a cell of a measured row does not fit into a column that is as wide as its cells."""
        fixed = zip(self._columns, cells, self.widths, strict=False)
        return place < len(self._sample) and any(
            0 < width < cell.cell_length for column, cell, width in fixed if not column.is_flexible
        )


def fills_line(cells: tuple[Content, ...], columns: tuple[ListColumn, ...]) -> bool:
    """Return True for a heading and for the reason why a row cannot be drawn: a single cell."""
    return len(cells) == 1 < len(columns)

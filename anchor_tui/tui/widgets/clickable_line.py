"""A line of labels, and the label at a position that was clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from textual.content import Content

T = TypeVar("T")


class LineLabel(NamedTuple, Generic[T]):
    """A label and the value it represents; `value` is None for a label that is only text."""

    content: Content
    value: T | None


class LabelLine(Generic[T]):
    """Labels in one line with a gap between them, after one blank."""

    def __init__(self, labels: Sequence[LineLabel[T]] = (), gap: str = "  ") -> None:
        self._labels = tuple(labels)
        self._gap = Content(gap)

    @property
    def content(self) -> Content:
        """The line."""
        return Content(" ") + self._gap.join([label.content for label in self._labels])

    def find_value(self, x: int) -> T | None:
        """Return the value of the label at a column; None between the labels."""
        start = 1
        for label in self._labels:
            end = start + label.content.cell_length
            if start <= x < end:
                return label.value
            start = end + self._gap.cell_length
        return None

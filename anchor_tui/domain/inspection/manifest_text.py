"""The text of a manifest in lines: which of them begin a block, which are hidden in a folded one, and which match.

A block is a line with all deeper lines below it. Every operation is linear in what it shows or hides, so that a
manifest of 10 MB stays usable.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any

from anchor_tui.domain.inspection.manifests import SecretMasks, hide_machine_fields
from anchor_tui.domain.yaml.writer import write_yaml


def write_manifest(manifest: Mapping[str, Any], *, with_machine_fields: bool = False) -> ManifestText:
    """Return the YAML of a manifest. The values of a Secret are masked."""
    masked = SecretMasks().mask(manifest)
    return ManifestText(write_yaml(masked if with_machine_fields else hide_machine_fields(masked)))


class ManifestText:
    """The lines of a YAML text, and the block that begins in each."""

    def __init__(self, text: str) -> None:
        self.lines = tuple(text.removesuffix("\n").split("\n")) if text else ()
        self.width = max(map(len, self.lines), default=0)
        self.block_ends = list(range(len(self.lines)))
        """The last line of the block that begins in a line; the line itself if none begins there."""
        self.parents = [-1] * len(self.lines)
        """The line in which the innermost block around a line begins; -1 at the top."""
        self._find_blocks()
        self._search_lines = tuple(map(str.lower, self.lines))

    def _find_blocks(self) -> None:
        open_blocks: list[tuple[int, int]] = []
        last = -1
        for index, line in enumerate(self.lines):
            indent = len(line) - len(line.lstrip(" "))
            if indent == len(line):  # an empty line of a literal block, or the end of one
                self.parents[index] = open_blocks[-1][1] if open_blocks else -1
                last = index
                continue
            while open_blocks and open_blocks[-1][0] >= indent:
                self.block_ends[open_blocks.pop()[1]] = last
            self.parents[index] = open_blocks[-1][1] if open_blocks else -1
            open_blocks.append((indent, index))
            last = index
        for _, index in open_blocks:
            self.block_ends[index] = last

    def begins_block(self, index: int) -> bool:
        """Return True if deeper lines follow."""
        return self.block_ends[index] > index

    def find_lines(self, text: str) -> tuple[int, ...]:
        """Return the lines that contain a text, in any case."""
        wanted = text.lower()
        if not wanted or "\n" in wanted:
            return ()
        return tuple([index for index, line in enumerate(self._search_lines) if wanted in line])


class FoldedText:
    """The visible lines of a text. `rows` are their numbers."""

    def __init__(self, text: ManifestText) -> None:
        self.text = text
        self.rows = list(range(len(text.lines)))
        self.folded: set[int] = set()
        """The lines whose blocks are hidden. A folded block inside another one stays folded when that is shown."""

    def fold(self, line: int) -> None:
        """Hide the block that begins in a line."""
        if self.text.begins_block(line) and line not in self.folded:
            self.folded.add(line)
            row, end = self.find_row(line), self.text.block_ends[line]
            if self.rows[row] == line:
                del self.rows[row + 1 : bisect_left(self.rows, end + 1)]

    def unfold(self, line: int) -> None:
        """Show the block that begins in a line."""
        if line in self.folded:
            self.folded.discard(line)
            row = self.find_row(line)
            if self.rows[row] == line:
                self.rows[row + 1 : row + 1] = self._list_visible(line + 1, self.text.block_ends[line])

    def fold_all(self) -> None:
        """Hide everything but the top lines and those of the blocks directly below them."""
        count, ends = len(self.text.lines), self.text.block_ends
        top = 0
        while top < count:
            line = top + 1
            while line <= ends[top]:
                if self.text.begins_block(line):
                    self.folded.add(line)
                line = ends[line] + 1
            top = ends[top] + 1
        self.rows = self._list_visible(0, count - 1)

    def unfold_all(self) -> None:
        """Show every line."""
        self.folded.clear()
        self.rows = list(range(len(self.text.lines)))

    def reveal(self, line: int) -> None:
        """Show a line: unfold the blocks around it."""
        around = []
        while (line := self.text.parents[line]) >= 0:
            around.append(line)
        for block in reversed(around):
            self.unfold(block)

    def find_row(self, line: int) -> int:
        """Return the row of a line; if it is hidden, that of the folded line that hides it."""
        row = bisect_left(self.rows, line)
        return row if row < len(self.rows) and self.rows[row] == line else max(0, row - 1)

    def carry_folds(self, before: FoldedText) -> None:
        """Fold what was folded in an earlier version of the text: the n-th line with the same content."""
        if not before.folded:
            return
        wanted = _number_lines(before.text, before.folded)
        content = {text for text, _ in wanted}
        seen: Counter[str] = Counter()
        for index, line in enumerate(self.text.lines):
            if line in content:
                seen[line] += 1
                if (line, seen[line]) in wanted and self.text.begins_block(index):
                    self.folded.add(index)
        self.rows = self._list_visible(0, len(self.text.lines) - 1)

    def _list_visible(self, first: int, last: int) -> list[int]:
        rows: list[int] = []
        for folded in sorted(line for line in self.folded if first <= line <= last):
            if folded >= first:  # else it is inside of the one before
                rows += range(first, folded + 1)
                first = self.text.block_ends[folded] + 1
        rows += range(first, last + 1)
        return rows


def _number_lines(text: ManifestText, lines: set[int]) -> set[tuple[str, int]]:
    """Return the content of some lines, each with its number among the lines with the same content."""
    content = {text.lines[line] for line in lines}
    seen: Counter[str] = Counter()
    numbered = set()
    for index, line in enumerate(text.lines):
        if line in content:
            seen[line] += 1
            if index in lines:
                numbered.add((line, seen[line]))
    return numbered

"""The lines of a manifest on the screen: folded blocks and marked matches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from textual.content import Content

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.manifest_text import FoldedText, ManifestText
from anchor_tui.tui.style import MUTED, muted_text, safe_text
from anchor_tui.tui.widgets.line_view import LineView

MAX_WIDTH = 2_000
"""Columns that can be scrolled to."""
_FOLDED = " … "
_MATCH = "$block-cursor-foreground on $block-cursor-background"


class ManifestView(LineView):
    """A manifest with folded blocks and the matches of a search. The cursor is on one of the visible lines."""

    def __init__(self, empty_text: str) -> None:
        super().__init__(id="manifest", empty_text=empty_text)
        self.folded = FoldedText(ManifestText(""))
        self.search_text = ""
        self.matches: tuple[int, ...] = ()
        """The lines that match the search."""

    @property
    def line(self) -> int:
        """The line of the manifest under the cursor; 0 for an empty one."""
        rows = self.folded.rows
        return rows[min(self.cursor, len(rows) - 1)] if rows else 0

    @property
    def match_number(self) -> int:
        """The number of matches up to the cursor."""
        return bisect_right(self.matches, self.line)

    @property
    def block(self) -> tuple[str, ...]:
        """The lines of the block under the cursor, without its indentation."""
        if not self.folded.rows:
            return ()
        text, line = self.folded.text, self.line
        lines = text.lines[line : text.block_ends[line] + 1]
        indent = len(lines[0]) - len(lines[0].lstrip(" "))
        return tuple(one[indent:] for one in lines)

    # --- text ----------------------------------------------------------------------------------------

    def show_text(self, text: ManifestText) -> None:
        """Show another version of the text. Folds and cursor stay."""
        line, folded = self.line, FoldedText(text)
        folded.carry_folds(self.folded)
        self.folded, self.matches = folded, text.find_lines(self.search_text)
        self._show()
        self._move_to(min(line, max(0, len(text.lines) - 1)))

    def show_nothing(self, empty_text: str) -> None:
        """Show why there is no text."""
        self.folded, self.matches, self.cursor = FoldedText(ManifestText("")), (), 0
        self._show(empty_text)

    def _show(self, empty_text: str = "") -> None:
        width = min(self.folded.text.width + len(_FOLDED) + 20, MAX_WIDTH)
        self.show_lines(len(self.folded.rows), self._draw_row, width=width, empty_text=safe_text(empty_text).plain)

    def _draw_row(self, row: int) -> Content:
        line, text = self.folded.rows[row], self.folded.text
        content = _draw_line(shorten_text(text.lines[line]))
        if self.search_text:
            content = _highlight(content, self.search_text)
        if line in self.folded.folded:
            content += muted_text(_FOLDED + format_count(text.block_ends[line] - line, "line"))
        return content

    def _move_to(self, line: int) -> None:
        self.cursor = self.folded.find_row(line)

    # --- folds ---------------------------------------------------------------------------------------

    def toggle_block(self) -> None:
        """Hide the block that begins in the line, or show it again."""
        if self.line in self.folded.folded:
            self.unfold_block()
        else:
            self.fold_block()

    def unfold_block(self) -> None:
        """Show the block that begins in the line."""
        self.folded.unfold(self.line)
        self._show()

    def fold_block(self) -> None:
        """Hide the block that begins in the line; if it is hidden or none begins there, the one around it."""
        line = self.line
        if not self.folded.rows:
            return
        if line in self.folded.folded or not self.folded.text.begins_block(line):
            line = max(self.folded.text.parents[line], 0)
        self.folded.fold(line)
        self._show()
        self._move_to(line)

    def toggle_all(self) -> None:
        """Hide the blocks, or show all of them if one is hidden."""
        line = self.line
        if self.folded.folded:
            self.folded.unfold_all()
        else:
            self.folded.fold_all()
        self._show()
        self._move_to(line)

    # --- search --------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Mark the lines that contain a text, and move to the first at or after the cursor."""
        self.search_text, self.matches = text, self.folded.text.find_lines(text)
        if self.matches:
            self._show_match(bisect_left(self.matches, self.line))
        self.refresh()

    def show_next_match(self) -> None:
        """Move to the next matching line; after the last one to the first."""
        self._show_match(bisect_right(self.matches, self.line))

    def show_previous_match(self) -> None:
        """Move to the previous matching line; before the first one to the last."""
        self._show_match(bisect_left(self.matches, self.line) - 1)

    def _show_match(self, number: int) -> None:
        line = self.matches[number % len(self.matches)]
        self.folded.reveal(line)
        self._show()
        self._move_to(line)


def _draw_line(line: str) -> Content:
    """Return a line of YAML with its key in another style than its value."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    rest = line[len(indent) :]
    dash = "- " if rest.startswith("- ") else ""
    key, colon, value = rest[len(dash) :].partition(": ")
    if not colon and rest.endswith(":"):
        return Content(indent) + Content.styled(dash, MUTED) + safe_text(rest[len(dash) :], "$text-primary")
    if not colon or (key[:1] in {'"', "'"} and not key.endswith(key[0])):
        return Content(indent) + Content.styled(dash, MUTED) + safe_text(rest[len(dash) :])
    parts = (
        Content(indent),
        Content.styled(dash, MUTED),
        safe_text(f"{key}:", "$text-primary"),
        safe_text(f" {value}"),
    )
    return Content("").join(parts)


def _highlight(content: Content, wanted: str) -> Content:
    """Mark every occurrence of a text."""
    plain, text = content.plain.lower(), wanted.lower()
    if len(plain) != len(content.plain):
        return content
    position = plain.find(text)
    while position >= 0:
        content = content.stylize(_MATCH, position, position + len(text))
        position = plain.find(text, position + len(text))
    return content

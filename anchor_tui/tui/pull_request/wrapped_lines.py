"""A scrollable text that is drawn line by line: a diff, a log or a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.widgets.failure_guard import FailureGuard

Layout = Callable[[int], Sequence[Content]]
"""Returns the lines for a width in cells."""


class WrappedLines(FailureGuard, ScrollView, can_focus=True, inherit_bindings=False):
    """Lines that fit the width. The keys of lists scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("list")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self._lines: tuple[Content, ...] = ()
        self._layout: Layout = lambda _: ()
        self._key = ""
        self._top: int | None = None

    def show_text(self, key: str, layout: Layout, top: int | None = None) -> None:
        """Show another text. The position is kept as long as `key` is the same, else it is the line `top`."""
        self._layout = layout
        if key != self._key:
            self._key, self._top = key, top or 0
        self._arrange()

    @on(Resize)
    def _arrange(self) -> None:
        """Lay the lines out for the available width."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        self._lines = tuple(self._layout(width))
        self.virtual_size = Size(width, len(self._lines))
        if self._top is not None:
            self.scroll_to(y=self._top, animate=False, force=True)
            self._top = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view."""
        width, index = self.size.width, y + self.scroll_offset.y
        if not 0 <= index < len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index].truncate(width, ellipsis=True, pad=True)
        strips = Visual.to_strips(self, line, width, 1, self.visual_style, apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

    # --- keys ----------------------------------------------------------------------------------------

    def action_move_cursor(self, step: int) -> None:
        """Scroll by a number of lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_move_page(self, pages: int) -> None:
        """Scroll by a number of visible pages."""
        self.action_move_cursor(pages * max(1, self.size.height - 1))

    def action_move_to_first(self) -> None:
        """Scroll to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_move_to_last(self) -> None:
        """Scroll to the last line."""
        self.scroll_to(y=len(self._lines), animate=False)


def wrap_lines(lines: Sequence[Content], width: int) -> list[Content]:
    """Return lines that fit the width; only longer ones are wrapped, so that a long diff is laid out quickly."""
    wrapped: list[Content] = []
    for line in lines:
        wrapped += [line] if line.cell_length <= width else line.wrap(width)
    return wrapped

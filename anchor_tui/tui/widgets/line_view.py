"""Lines of a text with a cursor, drawn one by one: a text of a million lines costs as much as one screen of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.widgets.failure_guard import FailureGuard

SCROLL_STEP = 8
"""Columns by which a key scrolls sideways."""

DrawLine = Callable[[int], Content]


class LineView(FailureGuard, ScrollView, can_focus=True, inherit_bindings=False):
    """A text of numbered lines. `draw` returns one of them; it is called for the visible ones only."""

    BINDINGS: ClassVar[list[BindingType]] = [*make_bindings("list"), *make_bindings("text")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-view--line", "line-view--cursor", "line-view--empty"}

    cursor: reactive[int] = reactive(0)
    """The number of the highlighted line."""

    def __init__(self, *, id: str | None = None, empty_text: str = "") -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self.empty_text = empty_text
        self._draw: DrawLine = lambda _: Content("")
        self._count = self._width = 0

    @property
    def line_count(self) -> int:
        """The number of lines."""
        return self._count

    def show_lines(self, count: int, draw: DrawLine, *, width: int, empty_text: str = "") -> None:
        """Replace the lines. `width` is the number of cells of the longest; the cursor keeps its number."""
        self._count, self._draw, self._width, self.empty_text = count, draw, width, empty_text
        self._measure()
        self.cursor = max(0, min(self.cursor, count - 1))
        self.refresh()

    @on(Resize)
    def _measure(self) -> None:
        self.virtual_size = Size(self._width, self._count)

    def watch_cursor(self, cursor: int) -> None:
        """Scroll to the highlighted line."""
        self.scroll_to_region(Region(self.scroll_offset.x, cursor, 1, 1), animate=False, force=True)
        self.refresh()

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by a number of lines, not beyond the ends."""
        self.cursor = max(0, min(self._count - 1, self.cursor + step))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a number of visible pages."""
        self.action_move_cursor(pages * max(1, self.size.height - 1))

    def action_move_to_first(self) -> None:
        """Move the cursor to the first line."""
        self.action_move_cursor(-self._count)

    def action_move_to_last(self) -> None:
        """Move the cursor to the last line."""
        self.action_move_cursor(self._count)

    def action_scroll_sideways(self, step: int) -> None:
        """Scroll to the right or to the left."""
        self.scroll_to(x=self.scroll_offset.x + step * SCROLL_STEP, animate=False, force=True)

    @on(Click)
    def highlight_clicked_line(self, event: Click) -> None:
        """Highlight the clicked line."""
        line = event.y + self.scroll_offset.y
        if 0 <= line < self._count:
            self.cursor = line

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view."""
        width, left = self.size.width, self.scroll_offset.x
        index = y + self.scroll_offset.y
        if not self._count and y < len(wrapped := textwrap.wrap(self.empty_text, max(1, width))):
            return self._render_strip(Content(wrapped[y]), width, "line-view--empty")
        if not 0 <= index < self._count:
            return Strip.blank(width, self.rich_style)
        component = "line-view--cursor" if index == self.cursor else "line-view--line"
        return self._render_strip(self._draw(index), left + width, component).crop(left, left + width)

    def _render_strip(self, line: Content, width: int, component: str) -> Strip:
        padded = line.truncate(width, ellipsis=True, pad=True)
        strips = Visual.to_strips(self, padded, width, 1, self.get_visual_style(component), apply_selection=False)
        return strips[0] if strips else Strip.blank(width)

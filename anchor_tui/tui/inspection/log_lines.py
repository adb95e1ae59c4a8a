"""The lines of a log, drawn line by line: a frame costs as much as the visible lines, whatever the log contains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from anchor_tui.domain.diagnosis.log_errors import is_error_line
from anchor_tui.domain.foreign_text import sanitize_text, shorten_text
from anchor_tui.domain.inspection.log_format import make_readable
from anchor_tui.domain.inspection.log_view import KeptLine, LogView
from anchor_tui.domain.inspection.logs import AnyLogLine, LogLine, read_line
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.style import safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard

MAX_DRAWN = 2_000
"""Characters of one line that are drawn."""
MAX_WRAPPED_ROWS = 20
MAX_POD_WIDTH = 24
_WHEEL_LINES = 3
POD_COLOURS = 6
_PART_NAMES = ("time", "note", "error", "warning", "info", "debug", "message", "failed", "details", "match")
_COMPONENTS = frozenset({*_PART_NAMES, *(f"pod-{number}" for number in range(POD_COLOURS))})
_LinePart: TypeAlias = tuple[str, str]
"""A text and the name of its component."""


@dataclass(slots=True)
class LogAppearance:
    """The options of drawing. `pod_labels` are the short names of pods; a pod without one is not named.

    `pod_colours` and `container_colours` are numbers below POD_COLOURS.
    """

    wraps: bool = False
    shows_times: bool = True
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_colours: Mapping[str, int] = field(default_factory=dict)
    container_colours: Mapping[str, int] = field(default_factory=dict)


class LogLines(FailureGuard, Widget, can_focus=True, inherit_bindings=False):
    """The shown lines of a LogView with a cursor. While it is following, the cursor is on the last line."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"log-lines--{name}" for name in _COMPONENTS),
        "log-lines--cursor",
        "log-lines--empty",
    }
    DEFAULT_CSS = """
    LogLines { height: 1fr; }
    LogLines > .log-lines--cursor { background: $boost; }
    LogLines:focus > .log-lines--cursor { background: $primary 25%; }
    LogLines > .log-lines--time, LogLines > .log-lines--details, LogLines > .log-lines--info,
    LogLines > .log-lines--debug, LogLines > .log-lines--empty { color: $foreground-muted; }
    LogLines > .log-lines--note { color: $foreground-muted; text-style: italic; }
    LogLines > .log-lines--error { color: $text-error; text-style: bold; }
    LogLines > .log-lines--warning { color: $text-warning; }
    LogLines > .log-lines--failed { text-style: bold; }
    LogLines > .log-lines--match { text-style: reverse; }
    LogLines > .log-lines--pod-0 { color: $text-primary; }
    LogLines > .log-lines--pod-1 { color: $text-success; }
    LogLines > .log-lines--pod-2 { color: $text-secondary; }
    LogLines > .log-lines--pod-3 { color: $text-warning; }
    LogLines > .log-lines--pod-4 { color: $text-accent; }
    LogLines > .log-lines--pod-5 { color: $foreground; }
    """

    class CursorMoved(Message):
        """The cursor moved, or following began or ended."""

    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view
        self.appearance = LogAppearance()
        self.is_following = True
        self.empty_text = ""
        self.redraws = 0
        """Number of times that the lines were laid out."""
        self._cursor: KeptLine | None = None
        self._index = 0
        self._top = 0
        self._rows: list[Strip] | None = None
        self._places: list[int] = []
        self._styles: dict[str, Style] = {}
        self._base_styles = Style(), Style()

    @property
    def cursor_line(self) -> AnyLogLine | None:
        """The line under the cursor."""
        return self.view.shown[self._index].line if self._index < len(self.view.shown) else None

    @property
    def position(self) -> int:
        """The place of the cursor among the shown lines, from 0."""
        return self._index

    def show_changes(self) -> None:
        """Draw the view after it has changed: the cursor stays on its line, at the same height if it is not last."""
        shown = self.view.shown
        if self.is_following or not shown:
            self._index = max(0, len(shown) - 1)
        else:
            before = self._index
            self._index = self._find_cursor()
            self._top += self._index - before
        self._cursor = shown[self._index] if shown else None
        self.redraw()

    def move_to(self, index: int, *, follows: bool = False) -> None:
        """Move the cursor to a shown line; following ends unless `follows` is set."""
        if not self.view.shown:
            return
        self._index = max(0, min(len(self.view.shown) - 1, index))
        self._cursor = self.view.shown[self._index]
        self.is_following = follows
        self.redraw()
        self.post_message(self.CursorMoved())

    def redraw(self) -> None:
        """Lay the lines out again with the next frame."""
        self._rows = None
        self.refresh()

    def action_move_cursor(self, step: int) -> None:
        """Move the cursor by a number of lines."""
        self.move_to(self._index + step)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a number of visible pages."""
        self.move_to(self._index + pages * max(1, self.size.height - 1))

    def action_move_to_first(self) -> None:
        """Move the cursor to the first line."""
        self.move_to(0)

    def action_move_to_last(self) -> None:
        """Move the cursor to the last line, and follow."""
        self.move_to(len(self.view.shown) - 1, follows=True)

    @on(MouseScrollDown)
    def scroll_with_wheel_down(self, event: MouseScrollDown) -> None:
        """Move down."""
        event.stop()
        self.move_to(self._index + _WHEEL_LINES, follows=self.is_following)

    @on(MouseScrollUp)
    def scroll_with_wheel_up(self, event: MouseScrollUp) -> None:
        """Move up."""
        event.stop()
        self.move_to(self._index - _WHEEL_LINES)

    @on(Click)
    def highlight_clicked_line(self, event: Click) -> None:
        """Move the cursor to the clicked line."""
        if 0 <= event.y < len(self._places):
            self.move_to(self._places[event.y])

    @on(Resize)
    def lay_out_again(self) -> None:
        """Use the new size."""
        self.redraw()

    # --- drawing -------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view."""
        if self._rows is None:
            self._lay_out()
        rows = self._rows or []
        return rows[y] if y < len(rows) else Strip.blank(self.size.width, self.rich_style)

    def _lay_out(self) -> None:
        """Choose the visible lines, so that the cursor is among them, and draw them."""
        self.redraws += 1
        height, shown = self.size.height, self.view.shown
        self._rows, self._places = [], []
        if not shown:
            self._rows = self._draw_empty()
            return
        self._find_styles()
        self._top = max(0, min(self._top, len(shown) - 1, self._index))
        drawn: dict[int, list[Strip]] = {}
        first, used = self._index, 0
        while first >= self._top:  # from the cursor upwards, as far as there is room
            drawn[first] = self._draw(shown[first], is_cursor=first == self._index)
            used += len(drawn[first])
            if used > height and first != self._index:
                used -= len(drawn[first])
                break
            first -= 1
        self._top = first + 1
        last = self._index
        while used < height and last + 1 < len(shown):
            last += 1
            drawn[last] = self._draw(shown[last], is_cursor=False)
            used += len(drawn[last])
        while used < height and self._top > 0:  # at the end of the log: no empty space below
            self._top -= 1
            drawn[self._top] = self._draw(shown[self._top], is_cursor=False)
            used += len(drawn[self._top])
        for place in range(self._top, last + 1):
            self._rows += drawn[place]
            self._places += [place] * len(drawn[place])
        if last == self._index and len(self._rows) > height:  # the last line is complete, the first one is cut
            self._rows, self._places = self._rows[-height:], self._places[-height:]

    def _draw(self, kept: KeptLine, *, is_cursor: bool) -> list[Strip]:
        """Return the rows of a line. Segments are made without Textual's Content, which is ten times slower."""
        width, base = self.size.width, self._base_styles[is_cursor]
        parts = self._list_parts(read_line(kept.line))
        if (pattern := self.view.pattern) is not None:
            parts = _mark_matches(parts, pattern)
        segments = [Segment("▌" if is_cursor else " ", base)]
        segments += [Segment(text, base + self._styles[name] if name else base) for text, name in parts]
        strip = Strip(segments)
        if strip.cell_length <= width:
            return [strip.extend_cell_length(width, base)]
        if not self.appearance.wraps:
            return [Strip([*strip.crop(0, width - 1), Segment("…", base)]).adjust_cell_length(width, base)]
        rows = min(MAX_WRAPPED_ROWS, -(-strip.cell_length // width))
        return [strip.crop(row * width, (row + 1) * width).adjust_cell_length(width, base) for row in range(rows)]

    def _list_parts(self, line: LogLine) -> list[_LinePart]:
        """Return a line in parts: time, pod, level, message, and the other fields of a JSON line."""
        parts: list[_LinePart] = []
        if self.appearance.shows_times:
            parts += [(f"{line.at:%H:%M:%S.%f}"[:12] if line.at else " " * 12, "time"), (" ", "")]
        if label := self.appearance.pod_labels.get(line.pod, ""):
            colour = self.appearance.pod_colours.get(line.pod, 0)
            parts += [(sanitize_text(label[:MAX_POD_WIDTH]), f"pod-{colour}"), (" ", "")]
        elif not line.pod:  # a line of the server or of the screen
            parts += [("note", "time"), (" ", "")]
        if line.container:
            colour = self.appearance.container_colours.get(line.container, 0)
            parts += [(sanitize_text(line.container[:MAX_POD_WIDTH]), f"pod-{colour}"), (" ", "")]
        readable = make_readable(line.text)
        if readable.level_text:
            level = sanitize_text(readable.level_text[:8].upper()).ljust(5)
            parts += [(level, readable.level or "info"), (" ", "")]
        name = "note" if not line.pod else "failed" if readable.level == "error" else "message"
        if name == "message" and not readable.level and is_error_line(line.text):
            name = "error"
        if readable.message:
            parts += [(sanitize_text(shorten_text(readable.message, MAX_DRAWN)), name), (" ", "")]
        if readable.details:
            parts.append((sanitize_text(shorten_text(readable.details, MAX_DRAWN)), "details"))
        return parts

    def _find_styles(self) -> None:
        """Look the styles up once per frame: they depend on the theme and on the focus."""
        line = self.rich_style
        self._base_styles = line, line + self.get_component_rich_style("log-lines--cursor")
        self._styles = {name: self.get_component_rich_style(f"log-lines--{name}", partial=True) for name in _COMPONENTS}

    def _draw_empty(self) -> list[Strip]:
        style = self.get_visual_style("log-lines--empty")
        content = Content(" ") + safe_text(self.empty_text)
        return Visual.to_strips(self, content, self.size.width, None, style, apply_selection=False)

    def _find_cursor(self) -> int:
        """Return the place of the line under the cursor; if it is gone, of the line nearest to its place."""
        shown = self.view.shown
        if self._cursor is not None and self._cursor.is_shown:
            try:
                return shown.index(self._cursor)
            except ValueError:
                return 0  # the oldest lines are removed first
        return max(0, min(self._index, len(shown) - 1))


def _mark_matches(parts: Sequence[_LinePart], pattern: re.Pattern[str]) -> list[_LinePart]:
    """Return the parts with every match of a pattern as a part of its own."""
    plain = "".join(text for text, _ in parts)
    spans = [found.span() for found in pattern.finditer(plain) if found.end() > found.start()]
    marked: list[_LinePart] = []
    start = 0
    for text, name in parts:
        end, place = start + len(text), start
        for first, last in spans:
            if first < end and last > start:
                begins, ends = max(first, start), min(last, end)
                marked += [(plain[place:begins], name), (plain[begins:ends], "match")]
                place = ends
        marked.append((plain[place:end], name))
        start = end
    return [part for part in marked if part[0]]

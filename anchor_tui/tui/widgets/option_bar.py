"""A bar of options. Their keys work while no text field has the focus; the bar itself can have the focus."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.tui.plan_options import PlanOption
from anchor_tui.tui.style import join_parts, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard

GAP = 2


class OptionBar(FailureGuard, Widget, can_focus=True):
    """The options in one line, or in as many as they need. Posts `Chosen` with the option's key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Previous option"),
        Binding("right", "move(1)", "Next option"),
        Binding("enter,space", "choose", "Change"),
    ]

    options: reactive[tuple[PlanOption, ...]] = reactive((), layout=True)
    shows_keys: reactive[bool] = reactive(True)
    """True while the keys of the options work."""
    selected: reactive[int] = reactive(0)
    """Index of the option that enter changes while the bar has the focus."""

    class Chosen(Message):
        """An option was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def validate_selected(self, selected: int) -> int:
        """Keep the selection on an option."""
        return max(0, min(len(self.options) - 1, selected))

    def watch_options(self) -> None:
        """Keep the selection on an option."""
        self.selected = self.validate_selected(self.selected)

    def _draw_option(self, index: int) -> Content:
        option = self.options[index]
        box = {True: "[x]", False: "[ ]", None: ""}[option.is_on]
        title = f"{box} {option.title}".strip()
        if self.has_focus and index == self.selected:
            drawn = safe_text(title, "reverse")
        else:
            drawn = safe_text(title, "bold" if option.is_on else "") if self.shows_keys else muted_text(title)
        return join_parts(safe_text(option.key, "bold") if self.shows_keys else None, drawn, gap=" ")

    def _measure_option(self, index: int) -> int:
        """Return the cells of an option with its key, so that hiding the keys does not change the layout."""
        hidden = 0 if self.shows_keys else Content(self.options[index].key).cell_length + 1
        return self._draw_option(index).cell_length + hidden

    def _arrange(self, width: int) -> list[list[int]]:
        """Return the indexes of the options of each line."""
        lines: list[list[int]] = []
        room = 0
        for index in range(len(self.options)):
            needed = self._measure_option(index)
            if not lines or room < needed:
                lines.append([])
                room = width
            lines[-1].append(index)
            room -= needed + GAP
        return lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return the number of lines that the options need."""
        return max(1, len(self._arrange(width)))

    def render(self) -> Content:
        """Draw the options. Without keys they are muted."""
        lines = [[self._draw_option(index) for index in line] for line in self._arrange(self.size.width)]
        return Content("\n").join(join_parts(*line, gap=" " * GAP) for line in lines)

    @on(Click)
    def choose_clicked(self, event: Click) -> None:
        """Choose the clicked option."""
        lines = self._arrange(self.size.width)
        start = 0
        for index in lines[event.y] if event.y < len(lines) else ():
            end = start + self._draw_option(index).cell_length
            if start <= event.x < end:
                self.selected = index
                self.action_choose()
                return
            start = end + GAP

    def action_move(self, step: int) -> None:
        """Select the next or previous option."""
        self.selected += step

    def action_choose(self) -> None:
        """Choose the selected option."""
        if self.options:
            self.post_message(self.Chosen(self.options[self.selected].key))

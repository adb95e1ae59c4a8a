"""Every key with its id, and whether it works here and now, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.appearance import muted, styles_folder, text
from anchor_tui.tui.keys import Action


class Line(NamedTuple):
    """An action, and why it does not work; empty where it does."""

    action: Action
    why_not: str


class HelpScreen(ModalScreen[None]):
    """A list to read; any way out closes it."""

    CSS_PATH = str(styles_folder() / "help.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """One line a key."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Help · esc closes"
            yield Static(Content("\n").join(self._line(each) for each in self._lines))

    def _line(self, line: Line) -> Content:
        keys = "1–9" if line.action.id == "environment" else line.action.all_keys
        name = Content.styled(f"{keys:<13}", "bold") + Content(f"{line.action.title:<22}")
        words = text(line.action.tooltip)
        if line.why_not:
            return (name + words + text(f" (not now: {line.why_not})")).stylize("dim")
        return name + words + muted(f"  {line.action.id}")

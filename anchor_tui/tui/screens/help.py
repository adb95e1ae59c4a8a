"""Every key with its id, and whether it works here and now, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
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
        """One row a key: the key, its id, what it does; dim where it does nothing now, with the reason."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Help · esc closes"
            with Grid(id="keys"):
                for line in self._lines:
                    yield from self._row(line)

    def _row(self, line: Line) -> Iterator[Static]:
        keys = "1–9" if line.action.id == "environment" else line.action.all_keys
        words = text(line.action.tooltip)
        style = "dim" if line.why_not else "bold"
        yield Static(text(keys, style))
        yield Static(muted(line.action.id))
        yield Static(words.stylize("dim") + muted(f" (not now: {line.why_not})") if line.why_not else words)

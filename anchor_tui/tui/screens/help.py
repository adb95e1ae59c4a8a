"""Every key with its id, and whether it works here and now, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.keys import KeyAction
from anchor_tui.tui.style import find_styles_folder, muted_text, safe_text


class HelpEntry(NamedTuple):
    """An action, and why it does not work; empty where it does."""

    action: KeyAction
    reason: str


class HelpScreen(ModalScreen[None]):
    """A list to read; any way out closes it."""

    CSS_PATH = str(find_styles_folder() / "help.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, lines: Sequence[HelpEntry]) -> None:
        super().__init__()
        self._entries = lines

    def compose(self) -> ComposeResult:
        """One row a key: the key, its id, what it does; dim where it does nothing now, with the reason."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Help · esc closes"
            with Grid(id="keys"):
                for line in self._entries:
                    yield from self._compose_entry(line)

    def _compose_entry(self, line: HelpEntry) -> Iterator[Static]:
        keys = "1–9" if line.action.id == "environment" else line.action.readable_keys
        words = safe_text(line.action.tooltip)
        style = "dim" if line.reason else "bold"
        yield Static(safe_text(keys, style))
        yield Static(muted_text(line.action.id))
        yield Static(words.stylize("dim") + muted_text(f" (not now: {line.reason})") if line.reason else words)

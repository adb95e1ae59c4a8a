"""The help: every key with its action id, and why it is unavailable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.style import find_sheets, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard

MAX_LISTED_KEYS = 4
"""An action with more keys has a range of digits."""


class HelpEntry(NamedTuple):
    """An action and why it is unavailable; the reason is empty if it is available."""

    action: KeyAction
    reason: str


class HelpScreen(FailureGuard, ModalScreen[None]):
    """The list of keys."""

    CSS_PATH = find_sheets("dialog.tcss", "help.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, entries: Sequence[HelpEntry]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        """Compose one row per action; unavailable ones are dim and show the reason."""
        with VerticalScroll(classes="dialog") as scroll:
            scroll.border_title = "Help · esc closes"
            with Grid(id="keys"):
                for entry in self._entries:
                    yield from self._compose_entry(entry)

    def _compose_entry(self, entry: HelpEntry) -> Iterator[Static]:
        keys = entry.action.keys
        is_range = len(keys) > MAX_LISTED_KEYS
        keys_text = f"{keys[0]}–{keys[-1]}" if is_range else entry.action.readable_keys
        tooltip = safe_text(entry.action.tooltip)
        if entry.reason:
            tooltip = tooltip.stylize("dim") + muted_text(f" (not now: {entry.reason})")
        yield Static(safe_text(keys_text, "dim" if entry.reason else "bold"))
        yield Static(muted_text(entry.action.id))
        yield Static(tooltip)

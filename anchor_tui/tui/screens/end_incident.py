"""The question before an incident is ended."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.style import find_sheets, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard


class EndIncidentDialog(FailureGuard, ModalScreen[bool]):
    """The question before an incident is ended. The result is True to end it."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "keep", "Keep"),
        Binding("y", "end", "End"),
    ]

    def __init__(self, title: str, state: str) -> None:
        super().__init__()
        self._title, self._state = title, state

    def compose(self) -> ComposeResult:
        """Compose the incident, what the end does, and the keys."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "End the incident"
            yield Static(safe_text(f"{self._title}: {self._state}"))
            yield Static(muted_text("The hand-over is stored with what is known now. Notes can be added later."))
            yield Static(safe_text("y End · esc Keep it running", "bold"))

    def action_end(self) -> None:
        """End it."""
        self.dismiss(True)

    def action_keep(self) -> None:
        """Keep it running."""
        self.dismiss(False)

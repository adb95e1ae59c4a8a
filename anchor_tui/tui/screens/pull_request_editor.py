"""Editor for the title and body of a pull request before it is opened."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.tui.style import find_sheets, muted_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.line_field import LineField
from anchor_tui.tui.widgets.text_field import TextField


class PullRequestEditor(FailureGuard, ModalScreen[tuple[str, str] | None]):
    """Two fields. The result is title and body, or None if the operator cancels."""

    CSS_PATH = find_sheets("dialog.tcss", "pull_request_editor.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("ctrl+s", "save", "Save", priority=True),
    ]

    def __init__(self, title: str, body: str) -> None:
        super().__init__()
        self._initial_title, self._initial_body = title, body

    def compose(self) -> ComposeResult:
        """Compose the title field above the body field."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Pull request"
            yield LineField(self._initial_title, id="title")
            yield TextField(self._initial_body, id="body")
            yield Static(muted_text("tab next field · ctrl+s Save · esc Cancel"))

    def action_save(self) -> None:
        """Return title and body; an empty title is replaced by the initial one."""
        title = self.query_one("#title", LineField).value.strip() or self._initial_title
        self.dismiss((title, self.query_one("#body", TextField).text))

    def action_cancel(self) -> None:
        """Discard the changes."""
        self.dismiss(None)

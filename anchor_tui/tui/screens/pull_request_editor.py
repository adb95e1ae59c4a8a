"""Title and text of a pull request, to be changed before it is opened."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from anchor_tui.tui.style import find_styles_folder, muted_text


class PullRequestEditor(ModalScreen[tuple[str, str] | None]):
    """Two fields; ctrl+s takes them, esc leaves them as they were."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", priority=True),
        Binding("ctrl+s", "take", "Take", priority=True),
    ]

    def __init__(self, title: str, body: str) -> None:
        super().__init__()
        self._draft_title, self._body = title, body

    def compose(self) -> ComposeResult:
        """The title in a line, the text below it."""
        with Vertical(id="draft") as frame:
            frame.border_title = "Pull request"
            yield Input(self._draft_title, id="title", compact=True, select_on_focus=False)
            yield TextArea(self._body, id="body", tab_behavior="focus", compact=True)
            yield Static(muted_text("tab to the other field · ctrl+s takes it · esc leaves it as it was"))

    def action_take(self) -> None:
        """Title and text as they stand; an empty title keeps the one that was there."""
        title = self.query_one("#title", Input).value.strip() or self._draft_title
        self.dismiss((title, self.query_one("#body", TextArea).text))

    def action_leave(self) -> None:
        """As it was."""
        self.dismiss(None)

"""The question before quitting while actions are running."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import find_sheets, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard

EXPLANATION = (
    "Quitting waits for requests in flight. Argo CD and GitHub finish on their own; "
    "monitoring resumes at the next start."
)


class QuitScreen(FailureGuard, ModalScreen[bool]):
    """The running actions. The result is True to quit."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "stay", "Stay"),
        Binding("y", "quit", "Quit"),
    ]

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        super().__init__()
        self._jobs = jobs

    def compose(self) -> ComposeResult:
        """Compose one line per action, the explanation and the keys."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Actions are running"
            with VerticalScroll(classes="scrolling", can_focus=False):
                for job in self._jobs:
                    yield Static(marked_text(StatusMark.PROGRESS, job.progress_text()))
            yield Static(muted_text(EXPLANATION))
            yield Static(safe_text("y Quit · esc Stay", "bold"))

    def action_quit(self) -> None:
        """Quit."""
        self.dismiss(True)

    def action_stay(self) -> None:
        """Stay."""
        self.dismiss(False)

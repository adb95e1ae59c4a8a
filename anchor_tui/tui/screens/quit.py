"""Quit while something runs: what is under way, and what becomes of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import find_styles_folder, marked_text, muted_text, safe_text


class QuitScreen(ModalScreen[bool]):
    """True to leave. Argo CD and GitHub finish what they have; what is being sent is waited for."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "stay", "Stay"),
        Binding("y", "leave", "Leave"),
    ]

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        super().__init__()
        self._jobs = jobs

    def compose(self) -> ComposeResult:
        """A line for each, and the two ways on."""
        with Vertical(id="leaving") as frame:
            frame.border_title = "Still under way"
            for job in self._jobs:
                yield Static(marked_text(StatusMark.PROGRESS, job.progress_text()))
            yield Static(
                muted_text(
                    "Leaving: what is being sent now is waited for; Argo CD and GitHub finish what they have. "
                    "What is only followed is followed on at the next start, or said."
                )
            )
            yield Static(safe_text("y leave   esc stay", "bold"))

    def action_leave(self) -> None:
        """Leaves."""
        self.dismiss(True)

    def action_stay(self) -> None:
        """Stays."""
        self.dismiss(False)

"""The progress of an action: one line per step with its time."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.tui.plan_view import render_job
from anchor_tui.tui.style import find_sheets, join_parts, muted_text, safe_text
from anchor_tui.tui.web_browser import open_web_address


class ProgressScreen(ModalScreen[None]):
    """Follows one job by its id. Closing the screen does not stop the action."""

    CSS_PATH = find_sheets("dialog.tcss", "progress.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("o", "browser", "Browser"),
    ]

    jobs: reactive[tuple[Job, ...]] = reactive(())
    now: reactive[datetime | None] = reactive(None)

    def __init__(self, job_id: str, title: str) -> None:
        super().__init__()
        self.job_id, self._title = job_id, title

    def compose(self) -> ComposeResult:
        """Compose the steps and the keys."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = safe_text(self._title).markup
            with VerticalScroll(id="steps"):
                yield Static(muted_text("… checking for changes before anything is sent"), id="text")
            yield Static("", id="hint")

    @property
    def job(self) -> Job | None:
        """The current state of the job."""
        return next((job for job in self.jobs if job.id == self.job_id), None)

    def on_mount(self) -> None:
        """Show the current state."""
        self._show_job()

    def watch_jobs(self) -> None:
        """Show the progress."""
        self._show_job()

    def watch_now(self) -> None:
        """Update the ages."""
        self._show_job()

    def _show_job(self) -> None:
        job = self.job
        if not self.is_mounted or job is None or self.now is None:
            return
        self.query_one("#text", Static).update(render_job(job, self.now))
        close = "esc closes" if job.is_over else "esc closes; the action continues, see Activity"
        browser = muted_text("o opens it in the browser") if job.url else None
        self.query_one("#hint", Static).update(join_parts(muted_text(close), browser, gap=" · "))

    def action_browser(self) -> None:
        """Open the pull request."""
        if self.job is not None:
            open_web_address(self.app, self.job.url)

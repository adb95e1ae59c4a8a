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
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.merge_offer import explain_unmergeable, find_pull_request_number
from anchor_tui.tui.plan_view import render_job
from anchor_tui.tui.style import find_sheets, join_parts, muted_text, title_text
from anchor_tui.tui.targets import ActionTarget
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.failure_guard import FailureGuard


class ProgressScreen(FailureGuard, ModalScreen[None]):
    """Follows one job by its id, and merges its pull request. Closing the screen does not stop the action."""

    CSS_PATH = find_sheets("dialog.tcss", "progress.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("o", "browser", "Browser"),
        Binding("m", "merge", "Merge"),
    ]

    jobs: reactive[tuple[Job, ...]] = reactive(())
    now: reactive[datetime | None] = reactive(None)

    def __init__(self, job_id: str, title: str) -> None:
        super().__init__()
        self.job_id, self._title = job_id, title

    def compose(self) -> ComposeResult:
        """Compose the steps and the keys."""
        with Vertical(id="progress", classes="dialog") as frame:
            frame.border_title = title_text(self._title)
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
        number = find_pull_request_number(job)
        title = f"{self._title} · #{number}" if number and f"#{number}" not in self._title else self._title
        self.query_one("#progress").border_title = title_text(title)
        self.query_one("#text", Static).update(render_job(job, self.now))
        merge = muted_text(f"m merges #{number}") if number and not self._explain_unmergeable(job) else None
        browser = muted_text("o opens it in the browser") if job.url else None
        close = muted_text("esc closes" if job.is_over else "esc closes; the action continues, see Activity")
        self.query_one("#hint", Static).update(join_parts(merge, browser, close, gap=" · "))

    def _explain_unmergeable(self, job: Job) -> str:
        """Return why the job's pull request cannot be merged here now, or an empty string."""
        number = find_pull_request_number(job)
        if job.plan.order.action == "merge":
            return "this action already merges it"
        if job.plan.order.merge and not job.is_over:
            return "it is merged when its checks pass"
        if number is None:
            return "there is no pull request to merge yet"
        return explain_unmergeable(number, self.app.snapshot if isinstance(self.app, LiveApp) else None)

    def action_merge(self) -> None:
        """Plan the merge of the job's pull request, or report why it cannot be merged now."""
        job = self.job
        if job is None or not isinstance(self.app, LiveApp):
            return
        if reason := self._explain_unmergeable(job):
            self.notify(reason, title="Merge", severity="warning")
            return
        self.app.start_action("merge", ActionTarget("", (), find_pull_request_number(job)))

    def action_browser(self) -> None:
        """Open the pull request."""
        if self.job is not None:
            open_web_address(self.app, self.job.url)

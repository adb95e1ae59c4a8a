"""A Plan that is being executed: one line a step with its time; leaving it leaves it going."""

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
from anchor_tui.domain.urls import is_web_url
from anchor_tui.tui.plan_view import render_job
from anchor_tui.tui.style import find_styles_folder, join_parts, muted_text, safe_text


class ProgressScreen(ModalScreen[None]):
    """Follows one job by its id."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
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
        """The steps, and what closes it."""
        with Vertical(id="progress") as frame:
            frame.border_title = safe_text(self._title).markup
            with VerticalScroll(id="said"):
                yield Static(muted_text("… read again before anything is sent"), id="words")
            yield Static("", id="key")

    @property
    def job(self) -> Job | None:
        """The job as it is now."""
        return next((each for each in self.jobs if each.id == self.job_id), None)

    def watch_jobs(self) -> None:
        """A step further."""
        self._show_job()

    def watch_now(self) -> None:
        """The ages count up."""
        self._show_job()

    def on_mount(self) -> None:
        """What is known already."""
        self._show_job()

    def _show_job(self) -> None:
        job = self.job
        if not self.is_mounted or job is None or self.now is None:
            return
        self.query_one("#words", Static).update(render_job(job, self.now))
        leave = "esc closes" if job.is_over else "esc leaves it going; Activity keeps it"
        self.query_one("#key", Static).update(
            join_parts(muted_text(leave), muted_text("o opens it in the browser") if job.url else None, gap=" · ")
        )

    def action_browser(self) -> None:
        """Opens the pull request; only web addresses are opened."""
        if self.job is not None and is_web_url(self.job.url):
            self.app.open_url(self.job.url)

"""What is done from here: each Plan that is being executed, or was, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.formatting import format_age, get_first_line
from anchor_tui.domain.model import Environment
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.appearance import marked, text
from anchor_tui.tui.plan_lines import OUTCOMES, job_content
from anchor_tui.tui.widgets.grid import Column, Pane, Row

COLUMNS = (Column("WHEN"), Column("ACTION"), Column("STATE"), Column("WHAT", flexes=True))


def make_activity(jobs: Sequence[Job]) -> Pane:
    """The jobs of this session."""
    rows = tuple(_row(job) for job in reversed(jobs))
    return Pane(COLUMNS, rows, "")


def _row(job: Job) -> Row:
    return Row(
        key=job.id,
        draw=partial(_cells, job),
        describe=lambda now: job_content(job, now),
        words=f"{job.plan.title} {job.progress_text()} {job.outcome.kind if job.outcome else 'running'}",
        url=job.url or None,
        copied=job.plan.command,
    )


def _cells(job: Job, now: datetime) -> tuple[Content, ...]:
    if job.outcome is None:
        state, words = marked(StatusMark.PROGRESS, "under way"), job.progress_text().removeprefix(f"{job.plan.title}: ")
    else:
        state = marked(OUTCOMES[job.outcome.kind], job.outcome.kind)
        words = get_first_line(job.outcome.message)
    return text(f"{format_age(job.began_at, now)} ago"), text(job.plan.title, "bold"), state, text(words)


def concerns(job: Job, environment: Environment) -> bool:
    """Whether a job changes an environment, or one of its applications."""
    own = {application.id for application in environment.applications}
    return environment.name in job.plan.order.environments or any(track.application in own for track in job.groups)


def running_words(jobs: Sequence[Job]) -> str:
    """What runs now, in a few words; empty where nothing does."""
    running = [job for job in jobs if not job.is_over]
    if not running:
        return ""
    more = f" (+{len(running) - 1})" if len(running) > 1 else ""
    return f"{StatusMark.PROGRESS.glyph()} {running[-1].progress_text()}{more}"

"""The running actions of this session, in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anchor_tui.domain.model import Environment
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.targets import index_applications

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job


def select_running_jobs(jobs: Sequence[Job], environment: Environment) -> list[Job]:
    """Return the running jobs that change an environment or one of its applications."""
    running = [job for job in jobs if not job.is_over]
    if not running:
        return []
    known = index_applications(environment)
    return [
        job
        for job in running
        if environment.name in job.plan.order.environments or any(group.application in known for group in job.groups)
    ]


def describe_running_jobs(jobs: Sequence[Job]) -> str:
    """Return the progress of the newest running job and the number of others; empty if none is running."""
    running = [job for job in jobs if not job.is_over]
    if not running:
        return ""
    more = f" (+{len(running) - 1})" if len(running) > 1 else ""
    return f"{StatusMark.PROGRESS.glyph()} {running[-1].progress_text()}{more}"

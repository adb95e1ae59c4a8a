"""The running actions of this session, in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Environment
from anchor_tui.domain.status_marks import StatusMark

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

_IDS = IdentityCache[frozenset[AppId]]()


def select_running_jobs(jobs: Sequence[Job], environment: Environment) -> list[Job]:
    """Return the running jobs that change an environment or one of its applications."""
    running = [job for job in jobs if not job.is_over]
    if not running:
        return []
    ids = _IDS.get(
        environment.name,
        (environment.applications,),
        lambda: frozenset(application.id for application in environment.applications),
    )
    return [
        job
        for job in running
        if environment.name in job.plan.order.environments or any(group.application in ids for group in job.groups)
    ]


def describe_running_jobs(jobs: Sequence[Job]) -> str:
    """Return the progress of the newest running job and the number of others; empty if none is running."""
    running = [job for job in jobs if not job.is_over]
    if not running:
        return ""
    more = f" (+{len(running) - 1})" if len(running) > 1 else ""
    return f"{StatusMark.PROGRESS.glyph()} {running[-1].progress_text()}{more}"

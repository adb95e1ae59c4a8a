"""The running and finished jobs, published to a listener on every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import Outcome

MAX_JOBS = 30


class JobRegistry:
    """Running and finished jobs by id. The listener gets all of them after every change."""

    def __init__(self, listener: Callable[[tuple[Job, ...]], None], wake: Callable[[], None] = lambda: None) -> None:
        self._listener = listener
        self.wake_sources = wake
        """Requests a new reading of the sources, because an action changed them."""
        self._jobs: dict[str, Job] = {}
        self._changed = asyncio.Event()

    async def wait_for_change(self) -> None:
        """Wait until any job changes."""
        self._changed.clear()
        await self._changed.wait()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, newest last."""
        return tuple(self._jobs.values())

    @property
    def followed_urls(self) -> frozenset[str]:
        """The URLs of the pull requests that running jobs follow."""
        return frozenset(job.url for job in self._jobs.values() if job.url and not job.is_over)

    def put_job(self, job: Job) -> None:
        """Add or replace a job. Drop the oldest finished ones above `MAX_JOBS`."""
        self._jobs[job.id] = job
        finished = [other.id for other in self._jobs.values() if other.is_over]
        for id_ in finished[: max(0, len(self._jobs) - MAX_JOBS)]:
            del self._jobs[id_]
        self._changed.set()
        self._listener(self.jobs)

    def update_step(self, job_id: str, subject: str, index: int, *, url: str = "", **changes: object) -> None:
        """Change one step of a job; `url` becomes the address of its group, if given."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        groups = tuple(
            replace(
                group,
                steps=tuple(replace(step, **changes) if i == index else step for i, step in enumerate(group.steps)),
                url=url or group.url,
            )
            if group.subject == subject
            else group
            for group in job.groups
        )
        if groups != job.groups:
            self.put_job(replace(job, groups=groups))

    def set_pull_request(self, job_id: str, subject: str, number: int, url: str) -> None:
        """Set the number and the address of a group's pull request."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        groups = tuple(
            replace(group, number=number, url=url or group.url) if group.subject == subject else group
            for group in job.groups
        )
        if groups != job.groups:
            self.put_job(replace(job, groups=groups))

    def finish_job(self, job_id: str, outcome: Outcome) -> None:
        """Set the outcome of a job."""
        if (job := self._jobs.get(job_id)) is not None:
            self.put_job(replace(job, outcome=outcome))

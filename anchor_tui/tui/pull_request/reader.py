"""Reads the parts of one pull request while its screen is in front."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.dom import DOMNode

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.domain.source_states import keep_last_value
from anchor_tui.tui.inspection.panel import choose_pause_s
from anchor_tui.tui.pull_request.parts import PullRequestReadings
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

T = TypeVar("T")
POLL_S = 15.0
"""The shortest pause between two readings, in seconds. One reading costs a point of GitHub's hourly budget, and one
more for each further page of checks. These take longer, so that they are read less often."""


class PullRequestRequests(Protocol):
    """The background thread as the reader uses it."""

    def inspect_pull_request(
        self, number: int, read: Callable[[PullRequestInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading on the background thread. Cancelling the future cancels its request."""


class PullRequestReader:
    """Reads repeatedly, as workers of the screen, and calls `on_read` after each part.

    The files are read once for each head, a log once for each failed job.
    """

    def __init__(self, owner: DOMNode, number: int, requests: PullRequestRequests, on_read: Callable[[], None]) -> None:
        self.readings = PullRequestReadings()
        self._owner, self._number, self._requests, self._on_read = owner, number, requests, on_read
        self._patches_head: str | None = None
        """The head whose files were read."""
        self._log_in_flight: int | None = None
        """The job whose log is being read."""
        self._failed_jobs: set[int] = set()
        """The jobs whose log could not be read; they are tried again after the next reading."""

    def begin(self) -> None:
        """Read now, and then every POLL_S seconds, or less often if a reading takes long."""
        start_worker(self._owner, self._read_repeatedly, group="reading", exclusive=True)

    def stop(self) -> None:
        """Cancel the requests in flight."""
        for group in ("reading", "log"):
            self._owner.workers.cancel_group(self._owner, group)

    def forget_failures(self) -> None:
        """Make the next reading include the files and the logs that could not be read."""
        self._patches_head = None
        self._failed_jobs.clear()

    def read_log(self, job_id: int) -> None:
        """Read the log of a job, unless it was read, is being read, or has just failed."""
        is_read = isinstance(self.readings.logs.get(job_id), Fresh)
        if not is_read and job_id != self._log_in_flight and job_id not in self._failed_jobs:
            start_worker(self._owner, partial(self._read_log, job_id), group="log", exclusive=True)

    async def _read_repeatedly(self) -> None:
        readings = self.readings
        while True:
            began = time.monotonic()
            details = await self._request(lambda inspector: inspector.read_details())
            self._failed_jobs.clear()
            readings.details = keep_last_value(readings.details, details)
            self._on_read()
            pull = readings.pull
            if isinstance(details, Fresh) and pull is not None and pull.head_sha != self._patches_head:
                patches = await self._request(lambda inspector: inspector.read_patches())
                readings.patches = keep_last_value(readings.patches, patches)
                if isinstance(patches, Fresh):
                    self._patches_head = pull.head_sha
                self._on_read()
            await asyncio.sleep(choose_pause_s(POLL_S, time.monotonic() - began))

    async def _read_log(self, job_id: int) -> None:
        self._log_in_flight = job_id
        try:
            log = await self._request(lambda inspector: inspector.read_job_log(job_id))
            self.readings.logs[job_id] = log
            if not isinstance(log, Fresh):
                self._failed_jobs.add(job_id)
        finally:
            if self._log_in_flight == job_id:
                self._log_in_flight = None
        self._on_read()

    async def _request(
        self, read: Callable[[PullRequestInspector], Coroutine[Any, Any, Reading[T]]]
    ) -> Reading[T] | Unavailable:
        """Read a part. An internal error is shown in its place."""
        try:
            return await asyncio.wrap_future(self._requests.inspect_pull_request(self._number, read))
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
            return Unavailable(SourceFailure("internal", format_internal_error(error)))

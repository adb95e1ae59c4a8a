"""What the hands that carry out steps have in common: what they learn on the way, how they end, how fast they look."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from anchor_tui.domain.actions.plan import OutcomeKind
from anchor_tui.domain.model import AppId
from anchor_tui.services.connections import Connections
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.errors import ServerError, SourceError, Timeout, Unauthenticated
from anchor_tui.sources.github.action_queries import ACTION_QUERY_TEXTS
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.writer import GitHubWriter

T = TypeVar("T")
ReportProgress = Callable[[str], None]
"""Takes what is known of the step that runs."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How often is looked, and how long is waited, in seconds."""

    argocd_poll_s: float = 1.0
    github_poll_s: float = 10.0
    settle_s: float = 5.0
    """For a lost answer to show in what can be read."""
    start_s: float = 60.0
    """For an operation to be taken up."""
    refresh_s: float = 120.0
    operation_s: float = 3600.0
    health_s: float = 1800.0
    degraded_s: float = 10.0
    """For a health that was there before to be another."""
    silence_s: float = 300.0
    """For a server that gives no answer."""
    follow_s: float = 14 * 24 * 3600.0
    """For people: checks, reviews, merges."""
    deadline: float = math.inf
    """When everything has to be over, on the monotonic clock."""

    def end_of_wait(self, seconds: float) -> float:
        """The end of a wait that begins now, on the monotonic clock: never past the deadline."""
        return min(time.monotonic() + seconds, self.deadline)


class StepFailed(Exception):
    """A step ended otherwise than as hoped for; the message is a sentence."""

    def __init__(self, kind: OutcomeKind, message: str) -> None:
        super().__init__(message)
        self.kind: OutcomeKind = kind
        self.message = message


@dataclass(slots=True)
class StepContext:
    """What one change has come to know on its way; the next steps need it."""

    plan_id: str
    number: int | None = None
    url: str = ""
    node_id: str = ""
    head_sha: str = ""
    merge_oid: str | None = None
    merged_at: datetime | None = None
    run_id: int | None = None
    known_run_ids: frozenset[int] = frozenset()
    """The runs of the workflow that were there before it was dispatched."""
    healthy_at: datetime | None = None
    refresh_requested_at: dict[AppId, datetime] = field(default_factory=dict)
    """The server's time when a refresh was asked for."""
    skipped_syncs: set[AppId] = field(default_factory=set)
    """Where no sync was asked for, since Argo CD had synced by itself: there is no operation of ours to follow."""
    notes: list[str] = field(default_factory=list)
    """What the outcome should mention beside its end."""


class ExecutionClients:
    """The connections of one execution, opened when needed and closed together."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self._argocd: dict[str, ArgoClient] = {}
        self._github: GitHubClient | None = None
        self._github_writer: GitHubWriter | None = None
        self._opening = asyncio.Lock()

    async def argocd_client(self, server: str) -> ArgoClient:
        """The client of one Argo CD. Raises SourceError."""
        async with self._opening:
            if server not in self._argocd:
                self._argocd[server] = await self.connections.connect_argocd(server)
            return self._argocd[server]

    async def github_client(self) -> GitHubClient:
        """Return the client of GitHub. Raises SourceError."""
        async with self._opening:
            if self._github is None:
                self._github = await self.connections.connect_github(ACTION_QUERY_TEXTS)
            return self._github

    async def github_writer(self) -> GitHubWriter:
        """Return the writer to GitHub. Raises SourceError; WriteRefused in a read-only run."""
        async with self._opening:
            if self._github_writer is None:
                self._github_writer = await self.connections.open_github_writer()
            return self._github_writer

    async def aclose(self) -> None:
        """Ends what was opened; a GitHub that hangs is not waited for."""
        for client in self._argocd.values():
            await client.aclose()
        if self._github is not None:
            await self._github.aclose()
        if self._github_writer is not None:
            self._github_writer.close()


class Poller:
    """Reads again and again through failures that may pass, until they have lasted too long."""

    def __init__(self, timeouts: Timeouts, report: ReportProgress) -> None:
        self._timeouts, self._report = timeouts, report
        self._failing_since: float | None = None

    async def try_read(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What was read; None where it failed and may be tried again. Raises Ended."""
        try:
            found = await ask()
        except Unauthenticated as error:
            raise StepFailed("unknown", f"how it goes on cannot be seen: {error.message}") from error
        except SourceError as error:
            began = self._failing_since = self._failing_since or time.monotonic()
            if time.monotonic() > min(began + self._timeouts.silence_s, self._timeouts.deadline):
                raise StepFailed("unknown", f"how it goes on cannot be seen: {error.message}") from error
            self._report(f"not to be seen just now: {error.message}")
            return None
        self._failing_since = None
        return found

    async def poll(self, ask: Callable[[], Awaitable[T]], seconds: float, every_s: float) -> AsyncIterator[T]:
        """What is read, again and again; ends when the time is over. Raises Ended."""
        until = self._timeouts.end_of_wait(seconds)
        while True:
            if (found := await self.try_read(ask)) is not None:
                yield found
            if time.monotonic() > until:
                return
            await asyncio.sleep(every_s)


async def verify_applied(
    look: Callable[[], Awaitable[bool]], error: SourceError, timeouts: Timeouts, every_s: float, what: str
) -> bool:
    """Whether a write that failed was carried out all the same; after a lost answer it is given time to show.

    Raises Ended where its answer was lost and `what` cannot be read.
    """
    until = time.monotonic() + (timeouts.settle_s if error.maybe_applied else 0.0)
    unread: SourceError | None = None
    while True:
        try:
            unread = None
            if await look():
                return True
        except SourceError as failed:
            unread = failed
        if time.monotonic() >= until:
            break
        await asyncio.sleep(every_s)
    if unread is not None and error.maybe_applied:
        words = f"its answer was lost, and {what} cannot be read: {unread.message}"
        raise StepFailed("unknown", words) from error
    return False


GATEWAY_TIMEOUT = 504
"""A proxy waits no longer; what lies behind it may be at it still."""


def lost_write_failure(error: SourceError) -> StepFailed:
    """The end of a write whose answer was lost, and of which nothing shows."""
    if not error.maybe_applied:
        return StepFailed("failed", error.message)
    if isinstance(error, Timeout) or (isinstance(error, ServerError) and error.status == GATEWAY_TIMEOUT):
        message = f"{error.message}; nothing of it shows yet, and it may still come: look before you try again"
        return StepFailed("unknown", message)
    return StepFailed("failed", f"{error.message}; it was looked after, and nothing of it is there")

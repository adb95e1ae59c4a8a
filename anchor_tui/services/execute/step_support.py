"""Shared parts of the code that carries out steps: context, failure, timeouts, clients and polling."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import OutcomeKind
from anchor_tui.domain.actions.steps import MergePullRequest, MergeWay, Step
from anchor_tui.domain.actions.wait_steps import WaitForMergeable, WaitForOperation
from anchor_tui.domain.model import AppId
from anchor_tui.services.connections import Connections
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.errors import ServerError, SourceError, Timeout, Unauthenticated
from anchor_tui.sources.github.action_queries import ACTION_QUERY_TEXTS
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.writer import GitHubWriter

T = TypeVar("T")
ReportProgress = Callable[[str], None]
"""Receives the progress text of the running step."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Poll intervals and time limits, in seconds."""

    argocd_poll_s: float = 1.0
    github_poll_s: float = 10.0
    settle_s: float = 5.0
    """Until a write whose response was lost must be visible in what is read."""
    checks_start_s: float = 60.0
    """Until GitHub must have started the checks of a new pull request."""
    start_s: float = 60.0
    """Until Argo CD must have started an operation."""
    refresh_s: float = 120.0
    operation_s: float = 3600.0
    health_s: float = 1800.0
    degraded_s: float = 10.0
    """The time a degraded application may stay degraded: the state may be from before the sync."""
    silence_s: float = 300.0
    """The time a server may fail to respond."""
    follow_s: float = 14 * 24 * 3600.0
    """For a pull request: checks, reviews and the merge depend on people."""
    deadline: float = math.inf
    """The end of all waiting, on the monotonic clock."""

    def end_of_wait(self, seconds: float) -> float:
        """Return when a wait that starts now ends, on the monotonic clock; never after the deadline."""
        return min(time.monotonic() + seconds, self.deadline)


class StepFailed(Exception):
    """A step did not succeed. `kind` is its outcome, the message a sentence for the operator.

    Without `ends_group` the later steps do not need this one: they follow, and the outcome contains a note.
    """

    def __init__(self, kind: OutcomeKind, message: str, *, ends_group: bool = True) -> None:
        super().__init__(message)
        self.kind: OutcomeKind = kind
        self.message = message
        self.ends_group = ends_group


@dataclass(slots=True)
class StepContext:
    """Facts that the steps of one group discover and later steps need."""

    plan_id: str
    number: int | None = None
    url: str = ""
    node_id: str = ""
    head_sha: str = ""
    """The commit of this plan: the only head that it merges."""
    merge_way: MergeWay | None = None
    """How the repository merges the pull request, once it can be merged."""
    merge_oid: str | None = None
    merged_at: datetime | None = None
    run_id: int | None = None
    known_run_ids: frozenset[int] = frozenset()
    """The runs of the workflow before it was dispatched."""
    healthy_at: datetime | None = None
    refresh_requested_at: dict[AppId, datetime] = field(default_factory=dict)
    """The server's time before each refresh was requested."""
    skipped_syncs: set[AppId] = field(default_factory=set)
    """Applications that Argo CD had already synced automatically: there is no operation of ours to wait for."""
    notes: list[str] = field(default_factory=list)
    """Remarks for the outcome."""
    audit_error: str = ""
    """Which result could not be audited, and why. Nothing more is sent then."""


def with_found_facts(step: Step, context: StepContext) -> Step:
    """Return a step with what earlier steps found, so that its title, its request and the audit contain it."""
    match step:
        case WaitForMergeable(number=None) if context.number is not None:
            return replace(step, number=context.number)
        case MergePullRequest(node_id="") if context.merge_way is not None:
            return replace(
                step,
                number=context.number,
                node_id=context.node_id,
                head_sha=context.head_sha,
                way=context.merge_way,
            )
        case _:
            return step


def may_send(step: Step) -> bool:
    """Return whether a step may send something: waiting for an operation includes approving its deletions."""
    return step.writes or (isinstance(step, WaitForOperation) and bool(step.approves))


class ExecutionClients:
    """The clients of one execution, opened when needed and closed together."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self._argocd: dict[str, ArgoClient] = {}
        self._github: GitHubClient | None = None
        self._github_writer: GitHubWriter | None = None
        self._opening = asyncio.Lock()

    async def argocd_client(self, server: str) -> ArgoClient:
        """Return the client of one Argo CD. Raises SourceError."""
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
        """Close every open client, without waiting for a GitHub request that hangs."""
        for client in self._argocd.values():
            await client.aclose()
        if self._github is not None:
            await self._github.aclose()
        if self._github_writer is not None:
            self._github_writer.close()


class Poller:
    """Reads repeatedly and tolerates temporary failures until they last longer than `silence_s`."""

    def __init__(self, timeouts: Timeouts, report: ReportProgress) -> None:
        self._timeouts, self._report = timeouts, report
        self._failing_since: float | None = None

    async def try_read(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Read once. Return None after a temporary failure. Raises StepFailed when it is final."""
        try:
            found = await ask()
        except Unauthenticated as error:
            raise StepFailed("unknown", f"its progress cannot be read: {error.message}") from error
        except SourceError as error:
            began = self._failing_since = self._failing_since or time.monotonic()
            if time.monotonic() > min(began + self._timeouts.silence_s, self._timeouts.deadline):
                raise StepFailed("unknown", f"its progress cannot be read: {error.message}") from error
            self._report(f"temporarily unreadable: {error.message}")
            return None
        self._failing_since = None
        return found

    async def poll(self, ask: Callable[[], Awaitable[T]], seconds: float, every_s: float) -> AsyncIterator[T]:
        """Yield each reading, at intervals of `every_s`, for `seconds`. Raises StepFailed."""
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
    """Return whether a write was applied although its request failed.

    After a lost response the change gets `settle_s` to become visible. Raises StepFailed if the response was lost and
    `what` cannot be read.
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
        words = f"the response was lost, and {what} cannot be read: {unread.message}"
        raise StepFailed("unknown", words) from error
    return False


GATEWAY_TIMEOUT = 504
"""The proxy stopped waiting; the server behind it may still apply the request."""


def lost_write_failure(error: SourceError) -> StepFailed:
    """Return the failure of a write without a visible effect."""
    if not error.maybe_applied:
        return StepFailed("failed", error.message)
    if isinstance(error, Timeout) or (isinstance(error, ServerError) and error.status == GATEWAY_TIMEOUT):
        message = f"{error.message}; no effect is visible yet, but it may still appear: check before you retry"
        return StepFailed("unknown", message)
    return StepFailed("failed", f"{error.message}; checked afterwards: it was not applied")

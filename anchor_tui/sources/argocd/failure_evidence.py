"""The evidence about applications that are not healthy: read when they change, and again while they stay unhealthy.

For each: its details and its tree, then of each unhealthy branch the events, the live pod, and the end of the log of
the process that ended last. That is up to fourteen requests, so few applications are read at once, and each at most
every MIN_INTERVAL. Protected environments come first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.failing_branches import FailingBranch, find_failing_branches
from anchor_tui.domain.inspection.logs import LogLine, LogSelection
from anchor_tui.domain.inspection.pods import PodState, read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import AppId, Application
from anchor_tui.sources.argocd.inspection_reader import (
    read_application_details,
    read_live_object,
    read_log,
    read_resource_events,
    read_resource_tree,
)
from anchor_tui.sources.argocd.latest_results import LatestResults
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.argocd.refresh_queue import RefreshQueue, forget_absent
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.worker_pool import call_concurrently

MIN_INTERVAL = timedelta(seconds=10)
"""The shortest time between two readings of an application that has changed."""
REPEAT_INTERVAL = timedelta(seconds=30)
"""The time between two readings of an application that has not: its pods change without it."""
REPEAT_SHARE = timedelta(seconds=2)
"""The part of that time for each application that is examined: many are read again less often."""
MAX_CONCURRENT_APPLICATIONS = 2
LOG_TAIL = 60
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T")
_Fingerprint = tuple[object, ...]


class FailureEvidenceReader:
    """The latest evidence about each unhealthy application, and when it was read."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._examined_count = 0
        self._queue = RefreshQueue(self._find_due_time)
        self._requested: dict[AppId, tuple[_Fingerprint, datetime]] = {}
        self._results: LatestResults[FailureEvidence] = LatestResults()

    def results_for(self, applications: Sequence[Application]) -> Mapping[AppId, FailureEvidence]:
        """Return the latest evidence about those of these applications that have been read.

        Without a change it is the same object. The applications are all suspect.
        """
        return self._results.keep_only(applications)

    async def refresh(self, client: ReadClient, applications: Sequence[Application], limit: int | None = None) -> bool:
        """Read the evidence about the applications that are due, in their order. Return True if there were any.

        With a `limit`, the others stay due.
        """
        self._examined_count = len(applications)
        forget_absent(self._requested, applications, self._now() - MIN_INTERVAL)
        self._queue.update(applications)
        all_due = self._queue.take_due(self._now())
        places = {application.id: place for place, application in enumerate(applications)}
        all_due.sort(key=lambda application: places[application.id])
        due = all_due[:limit]
        self._queue.schedule(*(application.id for application in all_due[len(due) :]))

        async def refresh_one(application: Application) -> None:
            self._requested[application.id] = (_fingerprint(application), self._now())
            self._results.put(application.id, await self._read_evidence(client, application))

        try:
            await call_concurrently(refresh_one, due, MAX_CONCURRENT_APPLICATIONS)
        finally:  # also those that a cancellation has left unread
            self._queue.schedule(*(application.id for application in due))
        return bool(due)

    def _find_due_time(self, application: Application) -> datetime | None:
        if not application.is_suspect:
            return None
        if application.id not in self._requested:
            return _AT_ONCE
        known, requested_at = self._requested[application.id]
        if known != _fingerprint(application) or self._results.get(application.id) is None:
            return requested_at + MIN_INTERVAL
        return requested_at + max(REPEAT_INTERVAL, self._examined_count * REPEAT_SHARE)

    async def _read_evidence(self, client: ReadClient, application: Application) -> FailureEvidence:
        """Return what could be read about one application; the rest is named in `missing`."""
        id_, project = application.id, application.project
        missing: list[str] = []
        details = await _read_or_note(
            read_application_details(client, id_, project), ApplicationDetails(), "details", missing
        )
        tree = await _read_or_note(
            read_resource_tree(client, id_, project, details), ResourceTree(), "resource tree", missing
        )
        branches = await asyncio.gather(
            *(_read_branch(client, application, branch) for branch in find_failing_branches(tree))
        )
        return FailureEvidence(application, details, tuple(branches), tree, self._now(), tuple(missing))


async def _read_branch(client: ReadClient, application: Application, branch: FailingBranch) -> BranchEvidence:
    """Return the evidence about one branch. The log is read only if a process has ended."""
    id_, project, leaf = application.id, application.project, branch.leaf
    missing: list[str] = []
    no_events: tuple[ClusterEvent, ...] = ()
    events = await _read_or_note(read_resource_events(client, id_, project, leaf), no_events, "events", missing)
    if leaf.key.kind != "Pod":
        return BranchEvidence(branch.workload, leaf, branch.alike, events, missing=tuple(missing))
    manifest = await _read_or_note(read_live_object(client, id_, project, leaf), {}, f"{leaf.key}", missing)
    pod = read_pod(manifest) if manifest else None
    log = await _read_last_log(client, application, leaf, pod, missing)
    return BranchEvidence(branch.workload, leaf, branch.alike, events, pod, manifest, log, tuple(missing))


async def _read_last_log(
    client: ReadClient, application: Application, leaf: ResourceNode, pod: PodState | None, missing: list[str]
) -> tuple[LogLine, ...]:
    """Return the end of the log of the process that ended last: the present one, or the one before a restart."""
    ended = next((container for container in pod.containers if container.latest_end) if pod else iter(()), None)
    if ended is None:
        return ()
    selection = LogSelection(leaf.key.namespace, leaf.key.name, ended.name, previous=ended.ended is None, tail=LOG_TAIL)
    reading = read_log(client, application.id, application.project, selection)
    no_lines: tuple[LogLine, ...] = ()
    return await _read_or_note(reading, no_lines, f"log of {ended.name}", missing)


async def _read_or_note(reading: Awaitable[T], default: T, subject: str, missing: list[str]) -> T:
    """Return what is read; after a SourceError the default, with a note that names the subject and the reason."""
    try:
        return await reading
    except SourceError as error:
        missing.append(f"{subject}: {error.message}")
        return default


def _fingerprint(application: Application) -> _Fingerprint:
    operation = application.operation
    return (
        application.health,
        application.health_since,
        application.sync,
        application.synced_revision,
        application.unhealthy,
        operation.phase if operation else None,
    )

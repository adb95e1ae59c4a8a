"""Reads the inside of one application for a panel or a command: each part is a Reading of its own.

A part that cannot be read is Unavailable with the reason, for example the missing right, and delays no other part.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from msgspec.structs import replace

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, Problem, SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe import log_streams, tree_stream
from anchor_tui.services.observe.revisions import RevisionReader
from anchor_tui.sources.errors import Forbidden, SourceError
from anchor_tui.sources.shared_client import SharedClient
from anchor_tui.sources.worker_pool import call_concurrently

if TYPE_CHECKING:
    from anchor_tui.domain.actions.resource_state import OfferedAction
    from anchor_tui.domain.inspection.deployments import RevisionMetadata
    from anchor_tui.domain.inspection.differences import ResourceDifference
    from anchor_tui.domain.inspection.logs import LogBatch, LogLine, LogSelection
    from anchor_tui.domain.inspection.sync_windows import AssignedWindows
    from anchor_tui.sources.argocd.client import ArgoClient

T = TypeVar("T")
MAX_CONCURRENT_REQUESTS = 6
MAX_EVENT_REQUESTS = 60
"""Resources of one application whose events are requested at once."""
_NEVER = datetime.min.replace(tzinfo=UTC)
FRESH_FOR = timedelta(seconds=45)
"""The time after which a part that was not read again is stale."""


class InspectedTree(NamedTuple):
    """The tree of an application, with the details of the application it was read with."""

    tree: ResourceTree
    details: ApplicationDetails


class ApplicationInspector:
    """An open connection for the parts of one application. The caller closes it.

    The connection is opened with the first part. Every method returns Fresh or Unavailable and raises nothing.
    """

    def __init__(self, connections: Connections, application: Application, now: Clock = utc_now) -> None:
        self.application = application
        self._connections = connections
        self._now = now
        self._client = SharedClient(lambda: connections.connect_argocd(application.source))
        self.github = RevisionReader(connections, now)

    async def read_details(self) -> Reading[ApplicationDetails]:
        """Read the details of the application, with its deployments."""
        from anchor_tui.sources.argocd.inspection_reader import read_application_details

        return await self._read(lambda client: read_application_details(client, *self._identity), "applications, get")

    async def read_tree(self) -> Reading[InspectedTree]:
        """Read the resource tree and the details of the application."""
        from anchor_tui.sources.argocd.inspection_reader import read_application_details, read_resource_tree

        async def read(client: ArgoClient) -> InspectedTree:
            details = await read_application_details(client, *self._identity)
            return InspectedTree(await read_resource_tree(client, *self._identity, details), details)

        return await self._read(read, "applications, get")

    async def read_events(self, node: ResourceNode | None = None) -> Reading[tuple[ClusterEvent, ...]]:
        """Read the events about a resource, or about the application itself."""
        from anchor_tui.sources.argocd.inspection_reader import read_application_events, read_resource_events

        def read(client: ArgoClient) -> Awaitable[tuple[ClusterEvent, ...]]:
            if node is None:
                return read_application_events(client, *self._identity)
            return read_resource_events(client, *self._identity, node)

        return await self._read(read, "applications, get")

    async def read_all_events(self, tree: ResourceTree, node: ResourceNode | None) -> Reading[tuple[ClusterEvent, ...]]:
        """Read the events about a resource and what it owns, newest first; about the whole application without one.

        Of a whole application, healthy resources without pods are left out: that is one request for each other one.
        """
        if node is None:
            chosen = [found for found in tree.nodes if found.is_unhealthy or found.key.kind == "Pod"]
            readings = [await self.read_events()]
        else:
            chosen, readings = list(tree.walk_below(node)), []
        nodes = [found for found in chosen if found.uid][:MAX_EVENT_REQUESTS]
        readings += await call_concurrently(self.read_events, nodes, MAX_CONCURRENT_REQUESTS)
        return _merge_readings(readings, lambda event: event.last_at)

    async def read_logs(self, selections: Sequence[LogSelection]) -> Reading[tuple[LogLine, ...]]:
        """Read several logs and return their lines in the order of their times."""

        async def read_one(selection: LogSelection) -> Reading[tuple[LogLine, ...]]:
            found = await self.read_log(selection)
            if not selection.names_container or not isinstance(found, Fresh):
                return found
            return replace(found, value=tuple(replace(line, container=selection.container) for line in found.value))

        readings = await call_concurrently(read_one, selections, MAX_CONCURRENT_REQUESTS)
        merged = _merge_readings(readings, lambda line: line.at)
        return replace(merged, value=tuple(reversed(merged.value))) if isinstance(merged, Fresh) else merged

    async def read_live_object(self, node: ResourceNode) -> Reading[Mapping[str, Any]]:
        """Read the live object of a resource. Argo CD masks the values of a Secret."""
        from anchor_tui.sources.argocd.inspection_reader import read_live_object

        parsed = self._connections.parsed_responses
        return await self._read(
            lambda client: read_live_object(client, *self._identity, node, parsed), "applications, get"
        )

    async def read_application_manifest(self) -> Reading[Mapping[str, Any]]:
        """Read the manifest of the application itself."""
        from anchor_tui.sources.argocd.inspection_reader import read_application_manifest

        return await self._read(lambda client: read_application_manifest(client, *self._identity), "applications, get")

    async def read_sync_windows(self) -> Reading[AssignedWindows]:
        """Read the sync windows. Without the right to read the project, their time zones are unknown."""
        from anchor_tui.sources.argocd.inspection_windows import read_sync_windows

        return await self._read(lambda client: read_sync_windows(client, *self._identity), "applications, get")

    async def read_resource_actions(self, node: ResourceNode) -> Reading[tuple[OfferedAction, ...]]:
        """Read the actions that Argo CD offers for a resource."""
        from anchor_tui.sources.argocd.inspection_reader import read_resource_actions

        return await self._read(
            lambda client: read_resource_actions(client, *self._identity, node), "applications, get"
        )

    async def read_log(self, selection: LogSelection) -> Reading[tuple[LogLine, ...]]:
        """Read the last lines of a log."""
        from anchor_tui.sources.argocd.inspection_reader import read_log

        return await self._read(lambda client: read_log(client, *self._identity, selection), "logs, get")

    def follow_logs(
        self,
        selections: Sequence[LogSelection],
        *,
        after: Mapping[str, datetime] | None = None,
        reopens: bool = True,
    ) -> AsyncGenerator[LogBatch, None]:
        """Yield the lines of several logs as they are written, at most one batch every `log_streams.BATCH_S`.

        Without `reopens` it ends when all logs have ended. `after` is the time of the last known line by origin.
        """
        from anchor_tui.sources.argocd.inspection_reader import scan_log_lines
        from anchor_tui.sources.argocd.inspection_streams import open_log_stream

        @asynccontextmanager
        async def open_log(selection: LogSelection) -> AsyncIterator[AsyncIterator[list[bytes]]]:
            async with open_log_stream(await self._client.get(), *self._identity, selection) as batches:
                yield batches

        def describe(error: SourceError) -> SourceFailure:
            return _to_failure(error, "logs, get")

        return log_streams.follow_logs(
            selections, open_log, scan_log_lines, describe, after=after or {}, reopens=reopens
        )

    def follow_tree(self) -> AsyncGenerator[Reading[InspectedTree], None]:
        """Yield the tree now and after each change. While its stream is not alive, the tree is polled."""
        from anchor_tui.sources.argocd.inspection_streams import open_tree_stream, parse_streamed_tree

        @asynccontextmanager
        async def open_stream() -> AsyncIterator[AsyncIterator[list[bytes]]]:
            async with open_tree_stream(await self._client.get(), *self._identity) as lines:
                yield lines

        async def convert(line: bytes, last: Reading[InspectedTree]) -> Reading[InspectedTree]:
            if not isinstance(last, Fresh):
                return await self.read_tree()

            async def parse(client: ArgoClient) -> InspectedTree:
                from anchor_tui.sources.argocd.inspection_reader import read_application_details

                details = await read_application_details(client, *self._identity)
                tree = parse_streamed_tree(line, details)
                return InspectedTree(tree if tree is not None else last.value.tree, details)

            return await self._read(parse, "applications, get")

        return tree_stream.follow_tree(open_stream, self.read_tree, convert)

    async def read_revision(self, revision: str) -> Reading[RevisionMetadata]:
        """Read the commit of a revision."""
        from anchor_tui.sources.argocd.inspection_reader import read_revision_metadata

        return await self._read(
            lambda client: read_revision_metadata(client, *self._identity, revision), "applications, get"
        )

    async def read_differences(self) -> Reading[tuple[ResourceDifference, ...]]:
        """Read the difference between live and git of every resource."""
        from anchor_tui.sources.argocd.inspection_reader import read_differences

        parsed = self._connections.parsed_responses
        return await self._read(lambda client: read_differences(client, *self._identity, parsed), "applications, get")

    async def aclose(self) -> None:
        """Close the connections."""
        await self.github.aclose()
        await self._client.aclose()

    @property
    def _identity(self) -> tuple[Any, str | None]:
        return self.application.id, self.application.project

    async def _read(self, read: Callable[[ArgoClient], Awaitable[T]], right: str) -> Fresh[T] | Unavailable:
        """Return what is read; `right` is named if Argo CD refuses without naming it."""
        try:
            value = await read(await self._client.get())
        except SourceError as error:
            return Unavailable(_to_failure(error, right))
        taken_at: datetime = self._now()
        return Fresh(value, taken_at, taken_at + FRESH_FOR)


def _to_failure(error: SourceError, right: str) -> SourceFailure:
    if not isinstance(error, Forbidden):
        return error.failure
    named = error.message if right.partition(",")[0] in error.message else f"{error.message} ({right})"
    return Forbidden(f"{named}: ask for this right in the RBAC policy of Argo CD").failure


def _merge_readings(
    readings: Sequence[Reading[tuple[T, ...]]], get_time: Callable[[T], datetime | None]
) -> Fresh[tuple[T, ...]] | Unavailable:
    """Return the items of all readings, newest first. If none could be read, the first reason; parts may be missing."""
    fresh = [reading for reading in readings if isinstance(reading, Fresh)]
    failed = [reading for reading in readings if isinstance(reading, Unavailable)]
    if not fresh:
        return failed[0] if failed else Unavailable(SourceFailure("not-found", "there is nothing to read"))
    items = [item for reading in fresh for item in reading.value]
    items.sort(key=lambda item: get_time(item) or _NEVER, reverse=True)
    problems = tuple(Problem("part", reading.error.kind, reading.error.message) for reading in failed)
    return replace(fresh[0], value=tuple(items), problems=problems)

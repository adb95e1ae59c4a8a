"""Reads the inside of one application for a panel or a command: each part is a Reading of its own.

A part that cannot be read is Unavailable with the reason, for example the missing right, and delays no other part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, Fresh, Reading, Unavailable
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.sources.errors import Forbidden, SourceError

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.deployments import RevisionMetadata
    from anchor_tui.domain.inspection.differences import ResourceDifference
    from anchor_tui.domain.inspection.logs import LogLine, LogSelection
    from anchor_tui.sources.argocd.client import ArgoClient

T = TypeVar("T")
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
        self._client: ArgoClient | None = None
        self._opening = asyncio.Lock()

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

    async def read_live_object(self, node: ResourceNode) -> Reading[Mapping[str, Any]]:
        """Read the live object of a resource. Argo CD masks the values of a Secret."""
        from anchor_tui.sources.argocd.inspection_reader import read_live_object

        return await self._read(lambda client: read_live_object(client, *self._identity, node), "applications, get")

    async def read_log(self, selection: LogSelection) -> Reading[tuple[LogLine, ...]]:
        """Read the last lines of a log."""
        from anchor_tui.sources.argocd.inspection_reader import read_log

        return await self._read(lambda client: read_log(client, *self._identity, selection), "logs, get")

    async def read_revision(self, revision: str) -> Reading[RevisionMetadata]:
        """Read the commit of a revision."""
        from anchor_tui.sources.argocd.inspection_reader import read_revision_metadata

        return await self._read(
            lambda client: read_revision_metadata(client, *self._identity, revision), "applications, get"
        )

    async def read_differences(self) -> Reading[tuple[ResourceDifference, ...]]:
        """Read the difference between live and git of every resource."""
        from anchor_tui.sources.argocd.inspection_reader import read_differences

        return await self._read(lambda client: read_differences(client, *self._identity), "applications, get")

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @property
    def _identity(self) -> tuple[Any, str | None]:
        return self.application.id, self.application.project

    async def _read(self, read: Callable[[ArgoClient], Awaitable[T]], right: str) -> Fresh[T] | Unavailable:
        """Return what is read; `right` is named if Argo CD refuses without naming it."""
        try:
            async with self._opening:  # parts that are read at the same time share one connection
                if self._client is None:
                    self._client = await self._connections.connect_argocd(self.application.source)
            value = await read(self._client)
        except Forbidden as error:
            named = error.message if right.partition(",")[0] in error.message else f"{error.message} ({right})"
            return Unavailable(Forbidden(f"{named}: ask for this right in the RBAC policy of Argo CD").failure)
        except SourceError as error:
            return Unavailable(error.failure)
        taken_at: datetime = self._now()
        return Fresh(value, taken_at, taken_at + FRESH_FOR)

"""The commit of the revision that an application is compared with, read once for each revision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeAlias

from textual.dom import DOMNode

from anchor_tui.domain.model import Application
from anchor_tui.domain.readings import Fresh, Reading
from anchor_tui.tui.inspection.panel import InspectionRequests
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.deployments import RevisionMetadata

PendingRevision: TypeAlias = "Future[Reading[RevisionMetadata]]"


class ComparedCommitReader:
    """Reads a commit as a worker of a node. `on_read` gets the commit; None if it cannot be read."""

    def __init__(self, node: DOMNode, on_read: Callable[[RevisionMetadata | None], None]) -> None:
        self._node, self._on_read = node, on_read
        self._revision = ""
        self._pending: PendingRevision | None = None

    def read(self, application: Application, requests: InspectionRequests) -> None:
        """Read the commit of the compared revision, unless it was requested before. Several revisions are not read."""
        revision = application.compared_revision or ""
        if not revision or ", " in revision or revision == self._revision:
            return
        self._revision = revision
        self._pending = requests.inspect(application, lambda inspector: inspector.read_revision(revision))
        start_worker(self._node, self._wait, group="revision", exclusive=True)

    def cancel(self) -> None:
        """Cancel the request in flight."""
        if self._pending is not None:
            self._pending.cancel()

    async def _wait(self) -> None:
        if self._pending is not None:
            reading = await asyncio.wrap_future(self._pending)
            self._on_read(reading.value if isinstance(reading, Fresh) else None)

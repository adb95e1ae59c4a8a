"""Reads an Argo CD application, once or repeatedly, and approves the deletion of its resources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.resource_state import LiveResource
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.services.execute.step_support import ExecutionClients, Poller, ReportProgress, Timeouts
from anchor_tui.sources.argocd.application_api import read_application, read_application_details, send_request
from anchor_tui.sources.argocd.resource_api import read_live
from anchor_tui.sources.argocd.step_requests import build_approval_request


class ApplicationAccess:
    """The applications of one execution. Nothing is cached."""

    def __init__(self, clients: ExecutionClients, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        self._clients, self._timeouts, self._now = clients, timeouts, now

    async def read_state(self, app: ApplicationRef) -> AppState:
        """Read an application. Raises SourceError."""
        return await read_application(await self._clients.argocd_client(app.id.server), app)

    async def read_details(self, app: ApplicationRef) -> AppState:
        """Read an application with its manifests, sync windows and permissions. Raises SourceError."""
        return await read_application_details(await self._clients.argocd_client(app.id.server), app)

    async def read_live_resource(self, app: ApplicationRef, ref: ResourceRef, version: str) -> LiveResource | None:
        """Read the live object of a resource; None if it does not exist. Raises SourceError."""
        return await read_live(await self._clients.argocd_client(app.id.server), app, ref, version)

    def poll_state(
        self, app: ApplicationRef, seconds: float, report: ReportProgress = lambda _: None
    ) -> AsyncIterator[AppState]:
        """Yield an application's state repeatedly for `seconds`. Raises StepFailed."""
        poller = Poller(self._timeouts, report)
        return poller.poll(lambda: self.read_state(app), seconds, self._timeouts.argocd_poll_s)

    def poll_details(self, app: ApplicationRef, seconds: float, report: ReportProgress) -> AsyncIterator[AppState]:
        """Yield an application's state with its manifests repeatedly for `seconds`. Raises StepFailed."""
        poller = Poller(self._timeouts, report)
        return poller.poll(lambda: self.read_details(app), seconds, self._timeouts.argocd_poll_s)

    async def approve_deletion(self, step: WaitForOperation, server_time: datetime) -> None:
        """Approve the deletion that an operation waits for. Raises SourceError.

        Argo CD ignores an approval older than the operation. `server_time` counts if the local clock is behind.
        """
        request = build_approval_request(step, max(self._now(), server_time))
        await send_request(await self._clients.argocd_client(step.app.id.server), request)

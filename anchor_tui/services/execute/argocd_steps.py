"""Carries out the steps that concern Argo CD.

Each write is sent once. After a lost response the application is read to find out whether the write was applied.
A sync that was accepted may never start, and an operation that waits to retry looks finished
(`operation_follower`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import Refresh, Sync, Terminate
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForTermination,
)
from anchor_tui.domain.formatting import format_count, get_first_line
from anchor_tui.domain.policy.checks.mocks import MOCKS
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.operation_follower import AppendAudit, OperationFollower, is_own_operation
from anchor_tui.services.execute.step_support import (
    ExecutionClients,
    ReportProgress,
    StepContext,
    StepFailed,
    Timeouts,
    lost_write_failure,
    verify_applied,
)
from anchor_tui.sources.argocd.application_api import is_operation_running_error, send_request, send_sync
from anchor_tui.sources.argocd.connection import RESPONSE_TIMEOUT_S
from anchor_tui.sources.argocd.step_requests import build_argocd_request
from anchor_tui.sources.errors import ClientError, SourceError

NO_OPERATION_MESSAGE = "No operation is in progress"
NOT_RECONCILED_CONDITIONS = frozenset({"InvalidSpecError"})
"""Argo CD does not compare an application with such a condition, and `reconciledAt` does not advance."""


class ArgoCDSteps:
    """The steps of one execution that concern Argo CD."""

    def __init__(self, clients: ExecutionClients, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        self._clients, self._timeouts, self._now = clients, timeouts, now
        self._applications = ApplicationAccess(clients, timeouts, now)

    # --- writing -----------------------------------------------------------------------------------

    async def request_refresh(self, step: Refresh, context: StepContext) -> str:
        """Request a comparison. A missing response is not a failure: a later step waits. Raises StepFailed."""
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            before = await self._applications.read_state(step.app)
        except SourceError as error:  # no request was sent yet, so a lost response does not matter
            raise StepFailed("failed", error.message) from error
        context.refresh_requested_at[step.app.id] = before.server_time
        # The server responds after the comparison, which never comes without a controller.
        timeout_s = min(RESPONSE_TIMEOUT_S, self._timeouts.refresh_s)
        try:
            await send_request(client, build_argocd_request(step), timeout_s=timeout_s)
        except SourceError as error:
            if not error.maybe_applied:
                raise StepFailed("failed", error.message) from error
            return "requested; no response yet"
        return ""

    async def request_sync(self, step: Sync, context: StepContext) -> str:
        """Request a sync, once. Raises StepFailed."""
        if step.unless_synced and await self._wait_until_synced(step):
            return _skip_sync(step, context)
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_sync(client, step)
        except SourceError as error:
            # "Another operation is running" may be about our own: a proxy may have sent the request twice.
            if not await self._verify_applied(step.app, lambda state: is_own_operation(state, step.request_id), error):
                return await self._accept_automatic_sync(step, context, error)
            context.notes.append("the response to the sync was lost, but the sync was applied")
        return "accepted"

    async def _accept_automatic_sync(self, step: Sync, context: StepContext, error: SourceError) -> str:
        """Accept Argo CD's automatic sync in place of ours, if it started in the meantime. Raises StepFailed."""
        if not step.unless_synced or not is_operation_running_error(error):
            raise lost_write_failure(error) from error
        if await self._wait_until_synced(step, ran=True):
            return _skip_sync(step, context)
        message = "another operation came first and left the application out of sync: sync it (s)"
        raise StepFailed("failed", message) from error

    async def _wait_until_synced(self, step: Sync, *, ran: bool = False) -> bool:
        """Wait for a running operation and return whether the application is synced. Raises StepFailed.

        Argo CD may sync the merged commit automatically. It compares the application shortly after an operation ends.
        """
        idle_since = 0.0
        async for state in self._applications.poll_state(step.app, self._timeouts.operation_s):
            operation = state.application.operation
            if state.pending_info is not None or (operation is not None and operation.is_running):
                ran, idle_since = True, 0.0
            elif state.application.sync == "Synced":
                return True
            else:
                idle_since = idle_since or time.monotonic()
                if not ran or time.monotonic() - idle_since >= self._timeouts.settle_s:
                    return False
        raise StepFailed("failed", "another operation is still running, so no sync was requested: sync later (s)")

    async def terminate_operation(self, step: Terminate, context: StepContext) -> str:
        """End the running operation. Raises StepFailed."""
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_request(client, build_argocd_request(step))
        except SourceError as error:
            if isinstance(error, ClientError) and NO_OPERATION_MESSAGE in error.message:
                return "the operation has already ended"
            if not error.maybe_applied or not await self._verify_applied(step.app, is_terminating, error):
                raise lost_write_failure(error) from error
            context.notes.append("the response to the termination was lost, but it was applied")
        return "requested"

    async def _verify_applied(
        self, app: ApplicationRef, is_applied: Callable[[AppState], bool], error: SourceError
    ) -> bool:
        async def look() -> bool:
            return is_applied(await self._applications.read_state(app))

        return await verify_applied(look, error, self._timeouts, self._timeouts.argocd_poll_s, "the application")

    # --- waiting -----------------------------------------------------------------------------------

    async def wait_for_refresh(self, step: WaitForRefresh, context: StepContext, report: ReportProgress) -> str:
        """Wait until the annotation is gone and the comparison is newer than the request. Raises StepFailed."""
        requested_at = context.refresh_requested_at.get(step.app.id)
        async for state in self._applications.poll_state(step.app, self._timeouts.refresh_s, report):
            if not state.refresh_pending and _is_compared(state, requested_at):
                application = state.application
                return f"{application.sync or 'sync unknown'}, {application.health or 'health unknown'}"
        message = (
            f"not compared within {self._timeouts.refresh_s:.0f} s: is the application controller running? "
            "The request stays in place"
        )
        raise StepFailed("unknown", message)

    async def wait_for_operation(
        self,
        step: WaitForOperation,
        context: StepContext,
        report: ReportProgress,
        append_audit: AppendAudit = lambda _kind, _message: None,
    ) -> str:
        """Wait until our operation is over and what it prunes is gone. Raises StepFailed and errors of the audit."""
        if step.app.id in context.skipped_syncs:
            return "synced automatically"
        follower = OperationFollower(self._applications, step, context, report, self._timeouts, append_audit)
        return await follower.wait_until_over()

    async def wait_for_termination(self, step: WaitForTermination, report: ReportProgress) -> str:
        """Wait until no operation runs. Raises StepFailed."""
        async for state in self._applications.poll_state(step.app, self._timeouts.refresh_s, report):
            operation = state.application.operation
            if operation is None or not operation.is_running:
                return f"{operation.phase}: {get_first_line(operation.message)}" if operation else "no operation"
            report(f"{operation.phase}: {get_first_line(operation.message)}")
        message = "still Terminating: a sync window may block it until it closes, or no controller is running"
        raise StepFailed("unknown", message)

    async def wait_for_health(self, step: WaitForHealth, context: StepContext, report: ReportProgress) -> str:
        """Wait until the application is Healthy, or stays degraded. Raises StepFailed."""
        degraded_since: float | None = None
        async for state in self._applications.poll_state(step.app, self._timeouts.health_s, report):
            health, health_text = state.application.health, _health_text(state)
            report(health_text)
            if health == "Healthy":
                context.healthy_at = self._now()
                return health_text
            if health == "Suspended":
                return f"{health_text}: it continues when it is resumed"
            degraded_since = (degraded_since or time.monotonic()) if health in {"Degraded", "Missing"} else None
            if degraded_since is not None and time.monotonic() - degraded_since >= self._timeouts.degraded_s:
                raise StepFailed("failed", f"the operation succeeded, but the application is {health_text}")
        raise StepFailed("unknown", "the operation succeeded, but the application is not Healthy yet")

    async def wait_for_no_mocks(self, step: WaitForNoMocks, report: ReportProgress) -> str:
        """Wait until the live manifests contain no mock. Raises StepFailed."""
        mocks, problem = "", "no response"
        async for state in self._applications.poll_details(step.app, self._timeouts.settle_s, report):
            if state.managed is None:
                mocks, problem = "", state.managed_error
                continue
            live = state.managed.live
            mocks = ", ".join(str(resource) for resource in live if any(mock in resource.name for mock in MOCKS))
            if not mocks:
                return f"none among {format_count(len(live), 'live resource')}"
            report(f"still there: {mocks}")
        if mocks:
            raise StepFailed("failed", f"a mock is left: {mocks}")
        raise StepFailed("unknown", f"whether a mock is left is unknown: {problem or 'the manifests are missing'}")


# --- reading a state ------------------------------------------------------------------------------------


def is_terminating(state: AppState) -> bool:
    """Return whether the operation is being terminated or has ended."""
    operation = state.application.operation
    return operation is None or not operation.is_running or operation.phase == "Terminating"


def _skip_sync(step: Sync, context: StepContext) -> str:
    context.skipped_syncs.add(step.app.id)
    return "skipped: already synced"


def _is_compared(state: AppState, since: datetime | None) -> bool:
    if any(condition.type in NOT_RECONCILED_CONDITIONS for condition in state.application.conditions):
        return True
    reconciled_at = state.application.reconciled_at
    return since is None or (reconciled_at is not None and reconciled_at >= since)


def _health_text(state: AppState) -> str:
    application = state.application
    if not application.unhealthy or application.health == "Healthy":
        return application.health or "health unknown"
    worst = application.unhealthy[0]
    message = f": {get_first_line(worst.message)}" if worst.message else ""
    return f"{application.health}, {worst.kind}/{worst.name}{message}"

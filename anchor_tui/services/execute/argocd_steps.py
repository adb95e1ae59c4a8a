"""Carries out the steps that concern Argo CD: sends each once, looks what a lost answer came to, and follows.

What a real server does stands in facts that each cost somebody a bug: a sync that was accepted may never start, one
that waits to retry looks over, a prune is over only when its victims are gone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
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
from anchor_tui.services.execute.operation_follower import AppendAudit, OperationFollower, is_own_operation
from anchor_tui.services.execute.step_support import (
    ExecutionClients,
    Poller,
    ReportProgress,
    StepContext,
    StepFailed,
    Timeouts,
    lost_write_failure,
    verify_applied,
)
from anchor_tui.sources.argocd.application_api import (
    is_operation_running_error,
    read_application,
    read_application_details,
    send_request,
)
from anchor_tui.sources.argocd.connection import RESPONSE_TIMEOUT_S
from anchor_tui.sources.argocd.step_requests import build_approval_request, build_argocd_request
from anchor_tui.sources.errors import ClientError, SourceError

NO_OPERATION_MESSAGE = "No operation is in progress"
NOT_RECONCILED_CONDITIONS = frozenset({"InvalidSpecError"})
"""With such a condition Argo CD compares nothing, and `reconciledAt` does not advance."""


class ArgoCDSteps:
    """The steps that concern Argo CD, of one execution."""

    def __init__(self, session: ExecutionClients, timeouts: Timeouts, now: Callable[[], datetime]) -> None:
        self._clients, self._timeouts, self._now = session, timeouts, now

    async def read_state(self, target: ApplicationRef) -> AppState:
        """An application this moment. Raises SourceError."""
        return await read_application(await self._clients.argocd_client(target.id.server), target)

    # --- writing -----------------------------------------------------------------------------------

    async def request_refresh(self, step: Refresh, context: StepContext) -> str:
        """Asks for a comparison. No answer is no failure: it is followed. Raises Ended."""
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            before = await self.read_state(step.app)
        except SourceError as error:  # nothing was asked for yet: that its answer was lost tells nothing
            raise StepFailed("failed", error.message) from error
        context.refresh_requested_at[step.app.id] = before.server_time
        try:
            # The server answers when it has compared, which without a controller it never does.
            await send_request(
                client, build_argocd_request(step), timeout_s=min(RESPONSE_TIMEOUT_S, self._timeouts.refresh_s)
            )
        except SourceError as error:
            if not error.maybe_applied:
                raise StepFailed("failed", error.message) from error
            return "asked; no answer yet"
        return ""

    async def request_sync(self, step: Sync, context: StepContext) -> str:
        """Asks for a sync, once. Raises Ended."""
        if step.unless_synced and await self._wait_until_synced(step):
            return _skip_sync(step, context)
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_request(client, build_argocd_request(step))
        except SourceError as error:
            # An answer "another operation runs" may be about our own: a proxy may have sent it twice.
            if not await self._verify_applied(step.app, lambda state: is_own_operation(state, step.request_id), error):
                # Argo CD may have begun by itself in that moment.
                if step.unless_synced and is_operation_running_error(error):
                    if await self._wait_until_synced(step, ran=True):
                        return _skip_sync(step, context)
                    raise StepFailed(
                        "failed", "another operation came first, and it is not synced: sync it (s)"
                    ) from error
                raise lost_write_failure(error) from error
            context.notes.append("the answer to the sync was lost, and it was carried out")
        return "accepted"

    async def _wait_until_synced(self, step: Sync, *, ran: bool = False) -> bool:
        """Argo CD may sync by itself what was merged: waits for what runs, and tells whether nothing is left to do.

        What has run is compared a moment after its end.
        """
        idle_since = 0.0
        async for state in self.poll_state(step.app, self._timeouts.operation_s):
            operation = state.application.operation
            if state.pending_info is not None or (operation is not None and operation.is_running):
                ran, idle_since = True, 0.0
            elif state.application.sync == "Synced":
                return True
            else:
                idle_since = idle_since or time.monotonic()
                if not ran or time.monotonic() - idle_since >= self._timeouts.settle_s:
                    return False
        raise StepFailed("failed", "an operation still runs, and nothing was asked for beside it: sync later (s)")

    async def terminate_operation(self, step: Terminate, context: StepContext) -> str:
        """Ends the running operation. Raises Ended."""
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_request(client, build_argocd_request(step))
        except SourceError as error:
            if (
                isinstance(error, ClientError) and NO_OPERATION_MESSAGE in error.message
            ):  # a proxy may have sent it twice, too
                return "no operation runs any more"
            if not error.maybe_applied or not await self._verify_applied(step.app, is_terminating, error):
                raise lost_write_failure(error) from error
            context.notes.append("the answer to the termination was lost, and it was carried out")
        return "asked"

    async def _verify_applied(
        self, target: ApplicationRef, holds: Callable[[AppState], bool], error: SourceError
    ) -> bool:
        async def look() -> bool:
            return holds(await self.read_state(target))

        return await verify_applied(look, error, self._timeouts, self._timeouts.argocd_poll_s, "the application")

    def poll_state(
        self, target: ApplicationRef, seconds: float, report: ReportProgress = lambda _: None
    ) -> AsyncIterator[AppState]:
        """An application, again and again as long as `seconds` last. Raises Ended."""
        return Poller(self._timeouts, report).poll(
            lambda: self.read_state(target), seconds, self._timeouts.argocd_poll_s
        )

    # --- following ---------------------------------------------------------------------------------

    async def wait_for_refresh(self, step: WaitForRefresh, context: StepContext, report: ReportProgress) -> str:
        """Until the annotation is gone and the comparison is not older than the request. Raises Ended."""
        since = context.refresh_requested_at.get(step.app.id)
        async for state in self.poll_state(step.app, self._timeouts.refresh_s, report):
            if not state.refresh_pending and _is_compared(state, since):
                application = state.application
                return f"{application.sync or 'sync not told'}, {application.health or 'health not told'}"
        message = (
            f"not compared within {self._timeouts.refresh_s:.0f} s: is the application controller running? "
            "It goes on where it is asked"
        )
        raise StepFailed("unknown", message)

    async def wait_for_operation(
        self,
        step: WaitForOperation,
        context: StepContext,
        report: ReportProgress,
        append_audit: AppendAudit = lambda _kind, _words: None,
    ) -> str:
        """Until our operation is over and its victims are gone. Raises Ended, and what `write_down` raises."""
        if step.app.id in context.skipped_syncs:
            return "synced by itself"
        return await OperationFollower(self, step, context, report, self._timeouts, append_audit).wait_until_over()

    async def approve_deletion(self, step: WaitForOperation, server_time: datetime) -> None:
        """Confirms the deletion that an operation waits for. Raises SourceError.

        A time before the operation's beginning confirms nothing: where our clock is behind, the server's counts.
        """
        request = build_approval_request(step, max(self._now(), server_time))
        await send_request(await self._clients.argocd_client(step.app.id.server), request)

    async def wait_for_termination(self, step: WaitForTermination, report: ReportProgress) -> str:
        """Until no operation runs. Raises Ended."""
        async for state in self.poll_state(step.app, self._timeouts.refresh_s, report):
            operation = state.application.operation
            if operation is None or not operation.is_running:
                return f"{operation.phase}: {get_first_line(operation.message)}" if operation else "no operation"
            report(f"{operation.phase}: {get_first_line(operation.message)}")
        message = "still Terminating: a sync window may hold it, as long as it lasts; or no controller runs"
        raise StepFailed("unknown", message)

    async def wait_for_health(self, step: WaitForHealth, context: StepContext, report: ReportProgress) -> str:
        """Until the application is Healthy, or will not be. Raises Ended."""
        bad_since: float | None = None
        async for state in self.poll_state(step.app, self._timeouts.health_s, report):
            health, words = state.application.health, _health_text(state)
            report(words)
            if health == "Healthy":
                context.healthy_at = self._now()
                return words
            if health == "Suspended":
                return f"{words}: it goes on when somebody resumes it"
            bad_since = (bad_since or time.monotonic()) if health in {"Degraded", "Missing"} else None
            if bad_since is not None and time.monotonic() - bad_since >= self._timeouts.degraded_s:
                raise StepFailed("failed", f"it went through, and the application is {words}")
        raise StepFailed("unknown", "it went through, and the application has not become Healthy yet")

    async def wait_for_no_mocks(self, step: WaitForNoMocks, report: ReportProgress) -> str:
        """Until fresh manifests have no mock any more. Raises Ended."""
        left, why, timeouts = "", "no answer", self._timeouts
        states = Poller(timeouts, report).poll(
            lambda: self.read_details(step.app), timeouts.settle_s, timeouts.argocd_poll_s
        )
        async for state in states:
            if state.managed is None:
                left, why = "", state.managed_error
                continue
            left = ", ".join(str(each) for each in state.managed.live if any(mock in each.name for mock in MOCKS))
            if not left:
                return f"none among {format_count(len(state.managed.live), 'live resource')}"
            report(f"still there: {left}")
        if left:
            raise StepFailed("failed", f"a mock is left: {left}")
        raise StepFailed("unknown", f"whether a mock is left cannot be told: {why or 'its manifests did not come'}")

    async def read_details(self, target: ApplicationRef) -> AppState:
        """An application this moment with its manifests. Raises SourceError."""
        return await read_application_details(await self._clients.argocd_client(target.id.server), target)


# --- what a state says --------------------------------------------------------------------------------


def is_terminating(state: AppState) -> bool:
    """Whether an operation is being terminated, or none runs."""
    operation = state.application.operation
    return operation is None or not operation.is_running or operation.phase == "Terminating"


def _skip_sync(step: Sync, context: StepContext) -> str:
    context.skipped_syncs.add(step.app.id)
    return "left out: it is synced already"


def _is_compared(state: AppState, since: datetime | None) -> bool:
    if any(each.type in NOT_RECONCILED_CONDITIONS for each in state.application.conditions):
        return True
    reconciled = state.application.reconciled_at
    return since is None or (reconciled is not None and reconciled >= since)


def _health_text(state: AppState) -> str:
    application = state.application
    if not application.unhealthy or application.health == "Healthy":
        return application.health or "health not told"
    worst = application.unhealthy[0]
    message = f": {get_first_line(worst.message)}" if worst.message else ""
    return f"{application.health}, {worst.kind}/{worst.name}{message}"

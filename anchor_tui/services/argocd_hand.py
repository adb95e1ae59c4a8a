"""Carries out the steps that concern Argo CD: sends each once, looks what a lost answer came to, and follows.

What a real server does stands in facts that each cost somebody a bug: a sync that was accepted may never start, one
that waits to retry looks over, a prune is over only when its victims are gone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from anchor_tui.domain.actions.cluster import AppState
from anchor_tui.domain.actions.following import (
    FollowHealth,
    FollowNoMocks,
    FollowOperation,
    FollowRefresh,
    FollowTermination,
)
from anchor_tui.domain.actions.parts import AppTarget
from anchor_tui.domain.actions.steps import Refresh, Sync, Terminate
from anchor_tui.domain.formatting import format_count, get_first_line
from anchor_tui.domain.policy.checks.mocks import MOCKS
from anchor_tui.services.acting import Ended, Learned, Pace, Patience, Session, Tell, not_found, shows
from anchor_tui.services.operation import FollowedOperation, WriteDown, is_ours
from anchor_tui.sources.argocd.acting import is_busy, read_state, read_whole, send
from anchor_tui.sources.argocd.connection import RESPONSE_TIMEOUT_S
from anchor_tui.sources.errors import Rejected, SourceError

NONE_RUNS = "No operation is in progress"
UNRECONCILED = frozenset({"InvalidSpecError"})
"""With such a condition Argo CD compares nothing, and `reconciledAt` does not advance."""


class ArgoHand:
    """The steps that concern Argo CD, of one execution."""

    def __init__(self, session: Session, pace: Pace, now: Callable[[], datetime]) -> None:
        self._session, self._pace, self._now = session, pace, now

    async def state(self, target: AppTarget) -> AppState:
        """An application this moment. Raises SourceError."""
        return await read_state(await self._session.argocd(target.id.server), target)

    # --- writing -----------------------------------------------------------------------------------

    async def refresh(self, step: Refresh, learned: Learned) -> str:
        """Asks for a comparison. No answer is no failure: it is followed. Raises Ended."""
        client = await self._session.argocd(step.app.id.server)
        try:
            before = await self.state(step.app)
        except SourceError as error:  # nothing was asked for yet: that its answer was lost tells nothing
            raise Ended("failed", error.message) from error
        learned.compared_since[step.app.id] = before.server_time
        try:
            # The server answers when it has compared, which without a controller it never does.
            await send(client, step.request, timeout_s=min(RESPONSE_TIMEOUT_S, self._pace.refresh_s))
        except SourceError as error:
            if not error.lost:
                raise Ended("failed", error.message) from error
            return "asked; no answer yet"
        return ""

    async def sync(self, step: Sync, learned: Learned) -> str:
        """Asks for a sync, once. Raises Ended."""
        if step.unless_synced and await self._synced_already(step):
            return _left_out(step, learned)
        client = await self._session.argocd(step.app.id.server)
        try:
            await send(client, step.request)
        except SourceError as error:
            # An answer "another operation runs" may be about our own: a proxy may have sent it twice.
            if not await self._shows(step.app, lambda state: is_ours(state, step.request_id), error):
                # Argo CD may have begun by itself in that moment.
                if step.unless_synced and is_busy(error):
                    if await self._synced_already(step, ran=True):
                        return _left_out(step, learned)
                    raise Ended("failed", "another operation came first, and it is not synced: sync it (s)") from error
                raise not_found(error) from error
            learned.notes.append("the answer to the sync was lost, and it was carried out")
        return "accepted"

    async def _synced_already(self, step: Sync, *, ran: bool = False) -> bool:
        """Argo CD may sync by itself what was merged: waits for what runs, and tells whether nothing is left to do.

        What has run is compared a moment after its end.
        """
        idle_since = 0.0
        async for state in self.watch(step.app, self._pace.operation_s):
            operation = state.application.operation
            if state.asked is not None or (operation is not None and operation.is_running):
                ran, idle_since = True, 0.0
            elif state.application.sync == "Synced":
                return True
            else:
                idle_since = idle_since or time.monotonic()
                if not ran or time.monotonic() - idle_since >= self._pace.settle_s:
                    return False
        raise Ended("failed", "an operation still runs, and nothing was asked for beside it: sync later (s)")

    async def terminate(self, step: Terminate, learned: Learned) -> str:
        """Ends the running operation. Raises Ended."""
        client = await self._session.argocd(step.app.id.server)
        try:
            await send(client, step.request)
        except SourceError as error:
            if isinstance(error, Rejected) and NONE_RUNS in error.message:  # a proxy may have sent it twice, too
                return "no operation runs any more"
            if not error.lost or not await self._shows(step.app, is_ending, error):
                raise not_found(error) from error
            learned.notes.append("the answer to the termination was lost, and it was carried out")
        return "asked"

    async def _shows(self, target: AppTarget, holds: Callable[[AppState], bool], error: SourceError) -> bool:
        async def look() -> bool:
            return holds(await self.state(target))

        return await shows(look, error, self._pace, self._pace.argocd_s, "the application")

    def watch(self, target: AppTarget, seconds: float, tell: Tell = lambda _: None) -> AsyncIterator[AppState]:
        """An application, again and again as long as `seconds` last. Raises Ended."""
        return Patience(self._pace, tell).watch(lambda: self.state(target), seconds, self._pace.argocd_s)

    # --- following ---------------------------------------------------------------------------------

    async def follow_refresh(self, step: FollowRefresh, learned: Learned, tell: Tell) -> str:
        """Until the annotation is gone and the comparison is not older than the request. Raises Ended."""
        since = learned.compared_since.get(step.app.id)
        async for state in self.watch(step.app, self._pace.refresh_s, tell):
            if not state.refresh_pending and _is_compared(state, since):
                application = state.application
                return f"{application.sync or 'sync not told'}, {application.health or 'health not told'}"
        message = (
            f"not compared within {self._pace.refresh_s:.0f} s: is the application controller running? "
            "It goes on where it is asked"
        )
        raise Ended("unknown", message)

    async def follow_operation(
        self, step: FollowOperation, learned: Learned, tell: Tell, write_down: WriteDown = lambda _kind, _words: None
    ) -> str:
        """Until our operation is over and its victims are gone. Raises Ended, and what `write_down` raises."""
        if step.app.id in learned.left_out:
            return "synced by itself"
        return await FollowedOperation(self, step, learned, tell, self._pace, write_down).follow()

    async def approve(self, step: FollowOperation, server_time: datetime) -> None:
        """Confirms the deletion that an operation waits for. Raises SourceError.

        A time before the operation's beginning confirms nothing: where our clock is behind, the server's counts.
        """
        request = step.approval
        moment = max(self._now(), server_time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = dict(request.body or {})
        body["patch"] = str(body["patch"]).replace("{now}", moment)
        await send(await self._session.argocd(step.app.id.server), replace(request, body=body))

    async def follow_termination(self, step: FollowTermination, tell: Tell) -> str:
        """Until no operation runs. Raises Ended."""
        async for state in self.watch(step.app, self._pace.refresh_s, tell):
            operation = state.application.operation
            if operation is None or not operation.is_running:
                return f"{operation.phase}: {get_first_line(operation.message)}" if operation else "no operation"
            tell(f"{operation.phase}: {get_first_line(operation.message)}")
        message = "still Terminating: a sync window may hold it, as long as it lasts; or no controller runs"
        raise Ended("unknown", message)

    async def follow_health(self, step: FollowHealth, learned: Learned, tell: Tell) -> str:
        """Until the application is Healthy, or will not be. Raises Ended."""
        bad_since: float | None = None
        async for state in self.watch(step.app, self._pace.health_s, tell):
            health, words = state.application.health, _health_words(state)
            tell(words)
            if health == "Healthy":
                learned.healthy_at = self._now()
                return words
            if health == "Suspended":
                return f"{words}: it goes on when somebody resumes it"
            bad_since = (bad_since or time.monotonic()) if health in {"Degraded", "Missing"} else None
            if bad_since is not None and time.monotonic() - bad_since >= self._pace.degraded_s:
                raise Ended("failed", f"it went through, and the application is {words}")
        raise Ended("unknown", "it went through, and the application has not become Healthy yet")

    async def follow_no_mocks(self, step: FollowNoMocks, tell: Tell) -> str:
        """Until fresh manifests have no mock any more. Raises Ended."""
        left, why, pace = "", "no answer", self._pace
        states = Patience(pace, tell).watch(lambda: self.whole(step.app), pace.settle_s, pace.argocd_s)
        async for state in states:
            if state.managed is None:
                left, why = "", state.unmanaged
                continue
            left = ", ".join(str(each) for each in state.managed.live if any(mock in each.name for mock in MOCKS))
            if not left:
                return f"none among {format_count(len(state.managed.live), 'live resource')}"
            tell(f"still there: {left}")
        if left:
            raise Ended("failed", f"a mock is left: {left}")
        raise Ended("unknown", f"whether a mock is left cannot be told: {why or 'its manifests did not come'}")

    async def whole(self, target: AppTarget) -> AppState:
        """An application this moment with its manifests. Raises SourceError."""
        return await read_whole(await self._session.argocd(target.id.server), target)


# --- what a state says --------------------------------------------------------------------------------


def is_ending(state: AppState) -> bool:
    """Whether an operation is being terminated, or none runs."""
    operation = state.application.operation
    return operation is None or not operation.is_running or operation.phase == "Terminating"


def _left_out(step: Sync, learned: Learned) -> str:
    learned.left_out.add(step.app.id)
    return "left out: it is synced already"


def _is_compared(state: AppState, since: datetime | None) -> bool:
    if any(each.type in UNRECONCILED for each in state.application.conditions):
        return True
    reconciled = state.application.reconciled_at
    return since is None or (reconciled is not None and reconciled >= since)


def _health_words(state: AppState) -> str:
    application = state.application
    if not application.unhealthy or application.health == "Healthy":
        return application.health or "health not told"
    worst = application.unhealthy[0]
    message = f": {get_first_line(worst.message)}" if worst.message else ""
    return f"{application.health}, {worst.kind}/{worst.name}{message}"

"""The one writer: execute(plan) → Outcome, for the screen and the command line alike.

Read-only gate → audit "intended" → read the target again; does the Plan still hold? else "drifted" → the steps in
their order, none sent twice → audit the result → follow to the end. Whatever is refused is refused before anything
leaves. Only one change of an application, or of an environment's release, is under way from here at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions import refresh
from anchor_tui.domain.actions.cluster import AppState
from anchor_tui.domain.actions.evidence import Evidence
from anchor_tui.domain.actions.plan import (
    Order,
    Outcome,
    OutcomeKind,
    Plan,
    Refusal,
    Result,
    drift,
    refused,
    still_holds,
    with_reason,
)
from anchor_tui.domain.actions.planning import REFRESHED_FIRST, make_plan, settled
from anchor_tui.domain.actions.progress import Job
from anchor_tui.domain.model import Snapshot, ValueObject
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.acting import Pace, Session
from anchor_tui.services.audit import Audit, AuditError, Entry, Unfinished, result_entry, this_process, who
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.gathering import Gathering
from anchor_tui.services.outbox import Outbox
from anchor_tui.services.recovery import learned_from, next_step, recover
from anchor_tui.services.running import Board, Run

READ_ONLY = Refusal(
    "", "read-only", "read-only: nothing is sent to Argo CD or GitHub. Start without --read-only to act"
)

LEAVE_WITHIN_S = 20.0
"""How long leaving waits for what is being sent."""


def is_auto_syncing(state: AppState | Refusal) -> bool:
    """Whether Argo CD syncs an application by itself this moment."""
    operation = state.application.operation if isinstance(state, AppState) else None
    return operation is not None and operation.is_running and operation.initiated_by == "auto-sync"


class Consent(ValueObject, frozen=True):
    """What somebody gave to have a Plan executed: that he wants it, what he typed, and why."""

    confirmed: bool = False
    phrase: str = ""
    reason: str = ""


class Executor:
    """Plans and executes for one configuration. One loop owns it; jobs are handed to a listener as they change."""

    def __init__(
        self,
        connections: Connections,
        audit: Audit,
        *,
        now: Clock = utc_now,
        pace: Pace | None = None,
        listener: Callable[[tuple[Job, ...]], None] = lambda _: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._connections = connections
        self._config: Config = connections.config
        self._audit = audit
        self._now = now
        self._pace = pace or Pace()
        self.board = Board(listener, wake)
        self._resuming: set[asyncio.Task[Outcome]] = set()
        self._busy: dict[str, str] = {}
        """From a subject to the title of the Plan that changes it."""
        self._sent: set[str] = set()
        """The Plans of which something was sent, perhaps."""

    # --- planning ------------------------------------------------------------------------------------

    async def prepare(self, order: Order, snapshot: Snapshot, *, only_look: bool = False) -> Plan | Refusal:
        """The Plan of an order, or why there is none. What wants a hard refresh first gets one, but for `only_look`."""
        if self._config.read_only and not only_look:
            return READ_ONLY
        if order.action in REFRESHED_FIRST and not only_look:
            refreshed = await self._refresh_first(order, snapshot)
            if isinstance(refreshed, Refusal):
                return refreshed
            order = replace(order, refreshed=True)
        found = await self._planned(order, snapshot)
        return replace(found, executable=False) if isinstance(found, Plan) and only_look else found

    async def _planned(self, order: Order, snapshot: Snapshot) -> Plan | Refusal:
        """The Plan. After a hard refresh auto-sync may be at it already, of which nobody is to be told but to wait."""
        until = self._pace.until(self._pace.start_s) if order.refreshed else 0.0
        while True:
            evidence = await self._evidence(order, snapshot)
            found = make_plan(order, evidence)
            is_waiting = isinstance(found, Refusal) and any(is_auto_syncing(each) for each in evidence.states.values())
            if not is_waiting or time.monotonic() > until:
                return found
            await asyncio.sleep(self._pace.argocd_s)

    async def earlier_releases(self, environment: str) -> tuple[PastRelease, ...] | Refusal:
        """What an environment can go back to, newest first."""
        session = Session(self._connections)
        try:
            return await Gathering(session, self._config, self._now).earlier_releases(environment)
        finally:
            await session.aclose()

    async def _evidence(self, order: Order, snapshot: Snapshot) -> Evidence:
        session = Session(self._connections)
        try:
            evidence = await Gathering(session, self._config, self._now).evidence(order, snapshot)
            return replace(evidence, followed=self.board.followed)
        finally:
            await session.aclose()

    async def _refresh_first(self, order: Order, snapshot: Snapshot) -> Refusal | None:
        """A hard refresh of its own, audited as one; a Refusal where it did not come to its end."""
        from anchor_tui.domain.actions import cutover

        if order.action == "cutover":
            checked = make_plan(order, Evidence(self._config, snapshot, self._now()))
            if isinstance(checked, Refusal) and checked.kind in {"checklist", "no-environment", "stale"}:
                return checked  # nothing is refreshed for what cannot be pressed anyway
            order = replace(order, environments=tuple(each.name for each in cutover.environments_of(snapshot)))
        asked = replace(order, action="hard-refresh", request_id=f"{order.request_id}-refresh")
        plan = refresh.plan(asked, Evidence(self._config, snapshot, self._now()))
        if isinstance(plan, Refusal):
            return plan
        outcome = await self.execute(plan, Consent(confirmed=True, reason=order.reason), lambda: snapshot)
        if outcome.kind == "done":
            return None
        return Refusal("", "refresh", f"the hard refresh before it did not come to its end: {outcome.message}")

    # --- executing -----------------------------------------------------------------------------------

    async def execute(
        self, plan: Plan, consent: Consent, snapshot: Callable[[], Snapshot], *, follow: bool = True
    ) -> Outcome:
        """Executes a Plan that was shown, as it was shown, or not at all. Never raises but when cancelled.

        Without `follow` it returns as soon as nothing more can be sent without waiting for somebody else.
        """
        if (refusal := self._gate(plan, consent)) is not None:
            outcome = refused(plan.id, refusal)
            if refusal.kind != "read-only":
                self._record(plan, outcome)
            return outcome
        plan = replace(plan, order=with_reason(plan.order, consent.reason))
        if plan.price != "none" and plan.id in self._sent:
            return refused(plan.id, Refusal("", "again", "this Plan was executed already: make it anew"))
        if (other := self._taken(plan)) is not None:
            return self._turned_away(plan, other)
        subjects = [change.subject for change in plan.changes]
        self._busy |= dict.fromkeys(subjects, plan.title)
        try:
            return await self._audited(plan, snapshot, follow=follow)
        except AuditError as error:
            return self._turned_away(plan, Refusal("", "audit", str(error)))
        finally:
            for subject in subjects:
                self._busy.pop(subject, None)
            self.board.wake()

    async def resume(self, begun: Unfinished) -> Outcome:
        """Goes on following what was begun before and not seen to its end. What is left to send is an event at most."""
        plan, subject = begun.plan, begun.subject
        if self._config.read_only:
            return refused(plan.id, READ_ONLY)
        self._busy[subject] = plan.title
        session = Session(self._connections)
        try:
            run = Run(plan, session, self._config, self._audit, self._pace, self._now, self.board)
            outcome = await run.resume(subject, learned_from(begun), next_step(begun))
            self._record(plan, outcome)
            self.board.finish(plan.id, outcome)
            return outcome
        finally:
            self._busy.pop(subject, None)
            await session.aclose()
            self.board.wake()

    async def recover(self) -> tuple[str, ...]:
        """What earlier runs began and did not end, in words; what only needs following is followed on, and events
        that were not delivered are sent again. Nothing of it in a read-only run."""
        if self._config.read_only:
            return ()
        try:
            found = await recover(self._connections, self._audit, self._now)
            delivered = await Outbox(self._connections, self._audit, self._now).deliver_pending()
        except AuditError as error:
            return (str(error),)
        for each in found:
            if each.resumable:
                self._resuming.add(task := asyncio.create_task(self.resume(each.begun)))
                task.add_done_callback(self._resuming.discard)
        return (*(f"{each.begun.plan.title}: {each.message}" for each in found), *delivered)

    async def finish_writes(self) -> None:
        """Returns when no request that changes something is on its way; after a moment in any case."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                while any(job.is_writing for job in self.board.jobs if not job.is_over):
                    await self.board.changed()

    def _gate(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Whether it may be executed at all, and was confirmed as its price wants it."""
        if self._config.read_only:
            return READ_ONLY
        if not plan.executable:
            return Refusal("", "not-executable", "this Plan only speaks as of an earlier time: make it anew")
        if plan.price != "none" and not consent.confirmed:
            return Refusal("", "not-confirmed", "it was not confirmed")
        if plan.price == "phrase" and consent.phrase != plan.phrase:
            return Refusal("", "not-confirmed", f"it is confirmed by the phrase {plan.phrase!r}, and nothing else")
        if plan.reason_required and not (consent.reason or plan.order.reason).strip():
            return Refusal("", "no-reason", "a protected environment wants a reason: give one")
        return None

    def _taken(self, plan: Plan) -> Refusal | None:
        """Whether something is under way there."""
        for change in plan.changes:
            if (other := self._busy.get(change.subject)) is not None:
                return Refusal(change.subject, "busy", f"“{other}” is under way from here: wait until it is over")
        return None

    def _turned_away(self, plan: Plan, refusal: Refusal) -> Outcome:
        """Shown where it would have been followed, and not written down: it would be the end of what is under way."""
        outcome = refused(plan.id, refusal)
        if all(job.id != plan.id for job in self.board.jobs):  # else it is the one that is under way
            self.board.put(Job(plan, self._now(), (), outcome))
        return outcome

    async def _audited(self, plan: Plan, snapshot: Callable[[], Snapshot], *, follow: bool) -> Outcome:
        self._intend(plan)
        session = Session(self._connections)
        try:
            fresh = await self._again(plan, session, snapshot())
            if isinstance(fresh, Outcome):
                self._record(plan, fresh)
                self.board.put(Job(plan, self._now(), (), fresh))
                return fresh
            if _kinds(fresh) != _kinds(plan):  # as where the branch has moved on: the lines to come count these steps
                self._intend(fresh)
            run = Run(fresh, session, self._config, self._audit, self._pace, self._now, self.board)
            self._sent.add(plan.id)
            self.board.wake()
            outcome = await run.run(follow=follow)
            self._record(plan, outcome)
            self.board.finish(plan.id, outcome)
            return outcome
        finally:
            await session.aclose()

    def _intend(self, plan: Plan) -> None:
        """Writes down what is to be done, whole. Raises AuditError."""
        order = plan.order
        entry = Entry(self._now(), "intended", plan.id, order.action, order.environments, message=plan.title, who=who())
        self._audit.append(replace(entry, process=this_process(), reason=order.reason, whole=plan))

    async def _again(self, plan: Plan, session: Session, snapshot: Snapshot) -> Plan | Outcome:
        """The same Plan made again from fresh evidence; or the end, where it does not hold any more."""
        gathering = Gathering(session, self._config, self._now)
        evidence = replace(await gathering.evidence(plan.order, snapshot), followed=self.board.followed)
        fresh = make_plan(plan.order, evidence)
        if words := settled(plan, evidence):
            return _each(plan, "done", words)
        if isinstance(fresh, Refusal):
            return _each(plan, "done" if fresh.settled else "refused", fresh.message, url=fresh.url)
        if not still_holds(plan, fresh):
            words = f"nothing was sent, for meanwhile {drift(plan, fresh)}"
            return replace(_each(plan, "drifted", words), fresh=fresh)
        return fresh

    def _record(self, plan: Plan, outcome: Outcome) -> None:
        """Writes down how it ended. What was done is done: an audit that is full now changes nothing of it."""
        for result in outcome.results:
            with contextlib.suppress(AuditError):
                self._audit.append(result_entry(plan, result, self._now(), who()))


def _kinds(plan: Plan) -> list[list[type]]:
    return [[type(step) for step in change.steps] for change in plan.changes]


def _each(plan: Plan, kind: OutcomeKind, message: str, url: str = "") -> Outcome:
    """The same end for every change of a Plan."""
    return Outcome(plan.id, tuple(Result(change.subject, kind, message, url=url) for change in plan.changes))

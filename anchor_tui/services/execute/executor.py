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
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import (
    GroupResult,
    Order,
    Outcome,
    OutcomeKind,
    Plan,
    Refusal,
    describe_drift,
    order_with_reason,
    preconditions_hold,
    refused_outcome,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.planner import HARD_REFRESH_FIRST, already_done_message, make_plan
from anchor_tui.domain.model import Snapshot, ValueObject
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import (
    AuditEntry,
    AuditError,
    AuditLog,
    UnfinishedGroup,
    acting_user,
    result_entry,
    this_process_id,
)
from anchor_tui.services.execute.outbox import Outbox
from anchor_tui.services.execute.plan_input_collector import PlanInputCollector
from anchor_tui.services.execute.plan_run import JobRegistry, PlanRun
from anchor_tui.services.execute.recovery import context_from_audit, next_step_index, recover_abandoned
from anchor_tui.services.execute.step_support import ExecutionClients, Timeouts

READ_ONLY_REFUSAL = Refusal(
    "", "read-only", "read-only: nothing is sent to Argo CD or GitHub. Start without --read-only to act"
)

FINISH_WRITES_TIMEOUT_S = 20.0
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


class PlanExecutor:
    """Plans and executes for one configuration. One loop owns it; jobs are handed to a listener as they change."""

    def __init__(
        self,
        connections: Connections,
        audit: AuditLog,
        *,
        now: Clock = utc_now,
        timeouts: Timeouts | None = None,
        listener: Callable[[tuple[Job, ...]], None] = lambda _: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._connections = connections
        self._config: Config = connections.config
        self._audit = audit
        self._now = now
        self._timeouts = timeouts or Timeouts()
        self.job_registry = JobRegistry(listener, wake)
        self._resume_tasks: set[asyncio.Task[Outcome]] = set()
        self._busy_subjects: dict[str, str] = {}
        """From a subject to the title of the Plan that changes it."""
        self._sent_plan_ids: set[str] = set()
        """The Plans of which something was sent, perhaps."""

    # --- planning ------------------------------------------------------------------------------------

    async def prepare(self, order: Order, snapshot: Snapshot, *, only_look: bool = False) -> Plan | Refusal:
        """The Plan of an order, or why there is none. What wants a hard refresh first gets one, but for `only_look`."""
        if self._config.read_only and not only_look:
            return READ_ONLY_REFUSAL
        if order.action in HARD_REFRESH_FIRST and not only_look:
            refreshed = await self._hard_refresh_first(order, snapshot)
            if isinstance(refreshed, Refusal):
                return refreshed
            order = replace(order, refreshed=True)
        found = await self._wait_for_plan(order, snapshot)
        return replace(found, executable=False) if isinstance(found, Plan) and only_look else found

    async def _wait_for_plan(self, order: Order, snapshot: Snapshot) -> Plan | Refusal:
        """The Plan. After a hard refresh auto-sync may be at it already, of which nobody is to be told but to wait."""
        until = self._timeouts.end_of_wait(self._timeouts.start_s) if order.refreshed else 0.0
        while True:
            evidence = await self._collect_inputs(order, snapshot)
            found = make_plan(order, evidence)
            is_waiting = isinstance(found, Refusal) and any(is_auto_syncing(each) for each in evidence.states.values())
            if not is_waiting or time.monotonic() > until:
                return found
            await asyncio.sleep(self._timeouts.argocd_poll_s)

    async def earlier_releases(self, environment: str) -> tuple[PastRelease, ...] | Refusal:
        """What an environment can go back to, newest first."""
        session = ExecutionClients(self._connections)
        try:
            return await PlanInputCollector(session, self._config, self._now).earlier_releases(environment)
        finally:
            await session.aclose()

    async def _collect_inputs(self, order: Order, snapshot: Snapshot) -> PlanInputs:
        session = ExecutionClients(self._connections)
        try:
            evidence = await PlanInputCollector(session, self._config, self._now).collect_inputs(order, snapshot)
            return replace(evidence, followed_urls=self.job_registry.followed_urls)
        finally:
            await session.aclose()

    async def _hard_refresh_first(self, order: Order, snapshot: Snapshot) -> Refusal | None:
        """A hard refresh of its own, audited as one; a Refusal where it did not come to its end."""
        from anchor_tui.domain.actions import cutover

        if order.action == "cutover":
            checked = make_plan(order, PlanInputs(self._config, snapshot, self._now()))
            if isinstance(checked, Refusal) and checked.kind in {"checklist", "no-environment", "stale"}:
                return checked  # nothing is refreshed for what cannot be pressed anyway
            order = replace(order, environments=tuple(each.name for each in cutover.cutover_environments(snapshot)))
        asked = replace(order, action="hard-refresh", request_id=f"{order.request_id}-refresh")
        plan = refresh.plan(asked, PlanInputs(self._config, snapshot, self._now()))
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
        if (refusal := self._consent_refusal(plan, consent)) is not None:
            outcome = refused_outcome(plan.id, refusal)
            if refusal.kind != "read-only":
                self._record_outcome(plan, outcome)
            return outcome
        plan = replace(plan, order=order_with_reason(plan.order, consent.reason))
        if plan.confirmation != "none" and plan.id in self._sent_plan_ids:
            return refused_outcome(plan.id, Refusal("", "again", "this Plan was executed already: make it anew"))
        if (other := self._busy_refusal(plan)) is not None:
            return self._refuse_unaudited(plan, other)
        subjects = [change.subject for change in plan.step_groups]
        self._busy_subjects |= dict.fromkeys(subjects, plan.title)
        try:
            return await self._execute_audited(plan, snapshot, follow=follow)
        except AuditError as error:
            return self._refuse_unaudited(plan, Refusal("", "audit", str(error)))
        finally:
            for subject in subjects:
                self._busy_subjects.pop(subject, None)
            self.job_registry.wake_sources()

    async def resume(self, begun: UnfinishedGroup) -> Outcome:
        """Goes on following what was begun before and not seen to its end. What is left to send is an event at most."""
        plan, subject = begun.plan, begun.subject
        if self._config.read_only:
            return refused_outcome(plan.id, READ_ONLY_REFUSAL)
        self._busy_subjects[subject] = plan.title
        session = ExecutionClients(self._connections)
        try:
            run = PlanRun(plan, session, self._config, self._audit, self._timeouts, self._now, self.job_registry)
            outcome = await run.resume(subject, context_from_audit(begun), next_step_index(begun))
            self._record_outcome(plan, outcome)
            self.job_registry.finish_job(plan.id, outcome)
            return outcome
        finally:
            self._busy_subjects.pop(subject, None)
            await session.aclose()
            self.job_registry.wake_sources()

    async def recover(self) -> tuple[str, ...]:
        """What earlier runs began and did not end, in words; what only needs following is followed on, and events
        that were not delivered are sent again. Nothing of it in a read-only run."""
        if self._config.read_only:
            return ()
        try:
            found = await recover_abandoned(self._connections, self._audit, self._now)
            delivered = await Outbox(self._connections, self._audit, self._now).deliver_pending()
        except AuditError as error:
            return (str(error),)
        for each in found:
            if each.is_resumable:
                self._resume_tasks.add(task := asyncio.create_task(self.resume(each.unfinished)))
                task.add_done_callback(self._resume_tasks.discard)
        return (*(f"{each.unfinished.plan.title}: {each.message}" for each in found), *delivered)

    async def finish_writes(self) -> None:
        """Returns when no request that changes something is on its way; after a moment in any case."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WRITES_TIMEOUT_S):
                while any(job.is_writing for job in self.job_registry.jobs if not job.is_over):
                    await self.job_registry.wait_for_change()

    def _consent_refusal(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Whether it may be executed at all, and was confirmed as its price wants it."""
        if self._config.read_only:
            return READ_ONLY_REFUSAL
        if not plan.executable:
            return Refusal("", "not-executable", "this Plan only speaks as of an earlier time: make it anew")
        if plan.confirmation != "none" and not consent.confirmed:
            return Refusal("", "not-confirmed", "it was not confirmed")
        if plan.confirmation == "phrase" and consent.phrase != plan.phrase:
            return Refusal("", "not-confirmed", f"it is confirmed by the phrase {plan.phrase!r}, and nothing else")
        if plan.reason_required and not (consent.reason or plan.order.reason).strip():
            return Refusal("", "no-reason", "a protected environment wants a reason: give one")
        return None

    def _busy_refusal(self, plan: Plan) -> Refusal | None:
        """Whether something is under way there."""
        for change in plan.step_groups:
            if (other := self._busy_subjects.get(change.subject)) is not None:
                return Refusal(change.subject, "busy", f"“{other}” is under way from here: wait until it is over")
        return None

    def _refuse_unaudited(self, plan: Plan, refusal: Refusal) -> Outcome:
        """Shown where it would have been followed, and not written down: it would be the end of what is under way."""
        outcome = refused_outcome(plan.id, refusal)
        if all(job.id != plan.id for job in self.job_registry.jobs):  # else it is the one that is under way
            self.job_registry.put_job(Job(plan, self._now(), (), outcome))
        return outcome

    async def _execute_audited(self, plan: Plan, snapshot: Callable[[], Snapshot], *, follow: bool) -> Outcome:
        self._record_intent(plan)
        session = ExecutionClients(self._connections)
        try:
            fresh = await self._replan(plan, session, snapshot())
            if isinstance(fresh, Outcome):
                self._record_outcome(plan, fresh)
                self.job_registry.put_job(Job(plan, self._now(), (), fresh))
                return fresh
            if _step_types(fresh) != _step_types(
                plan
            ):  # as where the branch has moved on: the lines to come count these steps
                self._record_intent(fresh)
            run = PlanRun(fresh, session, self._config, self._audit, self._timeouts, self._now, self.job_registry)
            self._sent_plan_ids.add(plan.id)
            self.job_registry.wake_sources()
            outcome = await run.run(follow=follow)
            self._record_outcome(plan, outcome)
            self.job_registry.finish_job(plan.id, outcome)
            return outcome
        finally:
            await session.aclose()

    def _record_intent(self, plan: Plan) -> None:
        """Writes down what is to be done, whole. Raises AuditError."""
        order = plan.order
        entry = AuditEntry(
            self._now(), "intended", plan.id, order.action, order.environments, message=plan.title, who=acting_user()
        )
        self._audit.append_entry(replace(entry, process=this_process_id(), reason=order.reason, whole=plan))

    async def _replan(self, plan: Plan, session: ExecutionClients, snapshot: Snapshot) -> Plan | Outcome:
        """The same Plan made again from fresh evidence; or the end, where it does not hold any more."""
        gathering = PlanInputCollector(session, self._config, self._now)
        evidence = replace(
            await gathering.collect_inputs(plan.order, snapshot), followed_urls=self.job_registry.followed_urls
        )
        fresh = make_plan(plan.order, evidence)
        if words := already_done_message(plan, evidence):
            return _same_result_for_all(plan, "done", words)
        if isinstance(fresh, Refusal):
            return _same_result_for_all(plan, "done" if fresh.already_done else "refused", fresh.message, url=fresh.url)
        if not preconditions_hold(plan, fresh):
            words = f"nothing was sent, for meanwhile {describe_drift(plan, fresh)}"
            return replace(_same_result_for_all(plan, "drifted", words), fresh=fresh)
        return fresh

    def _record_outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Writes down how it ended. What was done is done: an audit that is full now changes nothing of it."""
        for result in outcome.results:
            with contextlib.suppress(AuditError):
                self._audit.append_entry(result_entry(plan, result, self._now(), acting_user()))


def _step_types(plan: Plan) -> list[list[type]]:
    return [[type(step) for step in change.steps] for change in plan.step_groups]


def _same_result_for_all(plan: Plan, kind: OutcomeKind, message: str, url: str = "") -> Outcome:
    """The same end for every change of a Plan."""
    return Outcome(plan.id, tuple(GroupResult(change.subject, kind, message, url=url) for change in plan.step_groups))

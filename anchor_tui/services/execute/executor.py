"""The one place that executes plans, for the screen and the command line alike.

The sequence: check consent and read-only mode, audit the intent, read everything again and check that the plan's
preconditions hold, send each step once, audit the results, wait to the end. A refusal comes before anything is sent.
An application, and the release of an environment, is changed by one plan at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions import refresh
from anchor_tui.domain.actions.cutover import cutover_environments
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import (
    Order,
    Outcome,
    Plan,
    Refusal,
    order_with_reason,
    refused_outcome,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.planner import HARD_REFRESH_FIRST, make_plan
from anchor_tui.domain.model import Snapshot, ValueObject
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import AuditEntry, AuditError, AuditLog, UnfinishedGroup, result_entry
from anchor_tui.services.execute.job_registry import JobRegistry
from anchor_tui.services.execute.outbox import Outbox
from anchor_tui.services.execute.plan_input_collector import PlanInputCollector
from anchor_tui.services.execute.plan_maker import PlanMaker
from anchor_tui.services.execute.plan_run import PlanRun
from anchor_tui.services.execute.recovery import recover_abandoned
from anchor_tui.services.execute.resumption import (
    context_from_audit,
    next_step_index,
    resume_refusal,
    resumption_entry,
)
from anchor_tui.services.execute.step_support import ExecutionClients, Timeouts
from anchor_tui.services.process_identity import acting_user, this_process_id

READ_ONLY_REFUSAL = Refusal(
    "", "read-only", "read-only: nothing is sent to Argo CD or GitHub. Start without --read-only to act"
)

FINISH_WRITES_TIMEOUT_S = 20.0
"""The time that quitting waits for requests in flight."""


class Consent(ValueObject, frozen=True):
    """The operator's consent to a plan: the confirmation, the phrase and the reason."""

    confirmed: bool = False
    phrase: str = ""
    reason: str = ""


class PlanExecutor:
    """Prepares and executes plans for one configuration, on one event loop. A listener gets all jobs."""

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
        self._plan_maker = PlanMaker(connections, self._timeouts, now, self.job_registry)
        self._resume_tasks: set[asyncio.Task[Outcome]] = set()
        self._busy_subjects: dict[str, str] = {}
        """From a subject to the title of the plan that is changing it."""
        self._sent_plan_ids: set[str] = set()
        """The plans that may have sent a request."""

    # --- planning ------------------------------------------------------------------------------------

    async def prepare(self, order: Order, snapshot: Snapshot, *, only_look: bool = False) -> Plan | Refusal:
        """Return the plan of an order, or a refusal.

        Some actions need a hard refresh first. With `only_look` nothing is sent, and the plan is a preview.
        """
        if self._config.read_only and not only_look:
            return READ_ONLY_REFUSAL
        if order.action in HARD_REFRESH_FIRST and not only_look:
            refreshed = await self._hard_refresh_first(order, snapshot)
            if isinstance(refreshed, Refusal):
                return refreshed
            order = replace(order, refreshed=True)
        made = await self._plan_maker.wait_for_plan(order, snapshot)
        return replace(made, executable=False) if isinstance(made, Plan) and only_look else made

    async def earlier_releases(self, environment: str) -> tuple[PastRelease, ...] | Refusal:
        """Return the releases an environment ran before, newest first."""
        clients = ExecutionClients(self._connections)
        try:
            return await PlanInputCollector(clients, self._config, self._now).earlier_releases(environment)
        finally:
            await clients.aclose()

    async def _hard_refresh_first(self, order: Order, snapshot: Snapshot) -> Refusal | None:
        """Execute a hard refresh as a plan of its own. Return a refusal if it does not succeed."""
        if order.action == "cutover":
            checked = make_plan(order, PlanInputs(self._config, snapshot, self._now()))
            if isinstance(checked, Refusal) and checked.kind in {"checklist", "no-environment", "stale"}:
                return checked  # a refresh would not change that refusal
            order = replace(
                order, environments=tuple(environment.name for environment in cutover_environments(snapshot))
            )
        refresh_order = replace(order, action="hard-refresh", request_id=f"{order.request_id}-refresh")
        plan = refresh.plan(refresh_order, PlanInputs(self._config, snapshot, self._now()))
        if isinstance(plan, Refusal):
            return plan
        outcome = await self.execute(plan, Consent(confirmed=True, reason=order.reason), lambda: snapshot)
        if outcome.kind == "done":
            return None
        return Refusal("", "refresh", f"the hard refresh before it did not succeed: {outcome.message}")

    # --- executing -----------------------------------------------------------------------------------

    async def execute(
        self, plan: Plan, consent: Consent, snapshot: Callable[[], Snapshot], *, follow: bool = True
    ) -> Outcome:
        """Execute a plan exactly as it was shown, or not at all. Raises only when cancelled.

        Without `follow`, return when everything is sent that can be sent without waiting.
        """
        if (refusal := self._consent_refusal(plan, consent)) is not None:
            outcome = refused_outcome(plan.id, refusal)
            if refusal.kind != "read-only":
                self._record_outcome(plan, outcome)
            return outcome
        plan = replace(plan, order=order_with_reason(plan.order, consent.reason))
        if plan.confirmation != "none" and plan.id in self._sent_plan_ids:
            return refused_outcome(
                plan.id, Refusal("", "again", "this plan was already executed. Create a new one to repeat it")
            )
        if (other := self._busy_refusal(plan)) is not None:
            return self._refuse_unaudited(plan, other)
        subjects = [group.subject for group in plan.step_groups]
        self._busy_subjects |= dict.fromkeys(subjects, plan.title)
        try:
            return await self._execute_audited(plan, snapshot, follow=follow)
        except AuditError as error:
            return self._refuse_unaudited(plan, Refusal("", "audit", str(error)))
        finally:
            for subject in subjects:
                self._busy_subjects.pop(subject, None)
            self.job_registry.wake_sources()

    async def resume(self, unfinished: UnfinishedGroup, consent: Consent | None = None) -> Outcome:
        """Resume a group that an earlier process started. Without consent only wait: nothing is sent.

        With consent, the steps after the wait are executed too. It must fulfil `resume_confirmation`.
        """
        plan, subject = unfinished.plan, unfinished.subject
        if self._config.read_only:
            return refused_outcome(plan.id, READ_ONLY_REFUSAL)
        if consent is not None:
            refusal = resume_refusal(unfinished, self._config, confirmed=consent.confirmed, phrase=consent.phrase)
            if refusal is not None:
                return refused_outcome(plan.id, refusal)
        self._busy_subjects[subject] = plan.title
        clients = ExecutionClients(self._connections)
        try:
            if consent is not None:
                self._audit.append_entry(resumption_entry(unfinished, self._now()))
            run = PlanRun(plan, clients, self._config, self._audit, self._timeouts, self._now, self.job_registry)
            outcome = await run.resume(
                subject,
                context_from_audit(unfinished),
                next_step_index(unfinished),
                may_write=consent is not None,
            )
        except AuditError as error:
            return refused_outcome(plan.id, Refusal(subject, "audit", str(error)))
        else:
            self.job_registry.finish_job(plan.id, outcome)
            return outcome
        finally:
            self._busy_subjects.pop(subject, None)
            await clients.aclose()
            self.job_registry.wake_sources()

    async def recover(self) -> tuple[str, ...]:
        """Resume the waits that earlier processes left unfinished, and send undelivered events again.

        Return a sentence for each resumed group, each new finding and each event. A read-only process does nothing.
        """
        if self._config.read_only:
            return ()
        try:
            found = await recover_abandoned(self._connections, self._audit, self._now)
            delivered = await Outbox(self._connections, self._audit, self._now).deliver_pending()
        except AuditError as error:
            return (str(error),)
        for recovered in found:
            if recovered.is_resumable:
                self._resume_tasks.add(task := asyncio.create_task(self.resume(recovered.unfinished)))
                task.add_done_callback(self._resume_tasks.discard)
        messages = [
            f"{recovered.unfinished.plan.title}: {recovered.message}"
            for recovered in found
            if recovered.is_reported or recovered.is_resumable
        ]
        return (*messages, *delivered)

    async def finish_writes(self) -> None:
        """Wait until no write is in flight, at most `FINISH_WRITES_TIMEOUT_S`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WRITES_TIMEOUT_S):
                while any(job.is_writing for job in self.job_registry.jobs if not job.is_over):
                    await self.job_registry.wait_for_change()

    def _consent_refusal(self, plan: Plan, consent: Consent) -> Refusal | None:
        """Return why a plan may not be executed: read-only mode, a preview, or an insufficient confirmation."""
        if self._config.read_only:
            return READ_ONLY_REFUSAL
        if not plan.executable:
            return Refusal("", "not-executable", "this plan is a preview. Create a new one to execute it")
        if plan.confirmation != "none" and not consent.confirmed:
            return Refusal("", "not-confirmed", "the plan was not confirmed")
        if plan.confirmation == "phrase" and consent.phrase != plan.phrase:
            return Refusal("", "not-confirmed", f"wrong phrase: type {plan.phrase!r} to confirm")
        if plan.reason_required and not (consent.reason or plan.order.reason).strip():
            return Refusal("", "no-reason", "a protected environment requires a reason")
        return None

    def _busy_refusal(self, plan: Plan) -> Refusal | None:
        """Return a refusal if another plan is changing one of the subjects."""
        for group in plan.step_groups:
            if (other := self._busy_subjects.get(group.subject)) is not None:
                return Refusal(group.subject, "busy", f"“{other}” is running here: wait until it is over")
        return None

    def _refuse_unaudited(self, plan: Plan, refusal: Refusal) -> Outcome:
        """Publish a refusal as a finished job. It is not audited: an audit line would end the running plan."""
        outcome = refused_outcome(plan.id, refusal)
        if all(job.id != plan.id for job in self.job_registry.jobs):  # else this plan is running
            self.job_registry.put_job(Job(plan, self._now(), (), outcome))
        return outcome

    async def _execute_audited(self, plan: Plan, snapshot: Callable[[], Snapshot], *, follow: bool) -> Outcome:
        self._record_intent(plan)
        clients = ExecutionClients(self._connections)
        try:
            fresh = await self._plan_maker.replan(plan, clients, snapshot())
            if isinstance(fresh, Outcome):
                self._record_outcome(plan, fresh)
                self.job_registry.put_job(Job(plan, self._now(), (), fresh))
                return fresh
            if _step_types(fresh) != _step_types(plan):
                self._record_intent(fresh)  # later audit lines number the steps of the new plan
            run = PlanRun(fresh, clients, self._config, self._audit, self._timeouts, self._now, self.job_registry)
            self._sent_plan_ids.add(plan.id)
            self.job_registry.wake_sources()
            outcome = await run.run(follow=follow)
            self.job_registry.finish_job(plan.id, outcome)
            return outcome
        finally:
            await clients.aclose()

    def _record_intent(self, plan: Plan) -> None:
        """Audit the whole plan before it is executed. Raises AuditError."""
        order = plan.order
        entry = AuditEntry(
            self._now(), "intended", plan.id, order.action, order.environments, message=plan.title, who=acting_user()
        )
        self._audit.append_entry(replace(entry, process=this_process_id(), reason=order.reason, whole=plan))

    def _record_outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Audit the results of a plan that was not run. If that fails, the outcome stays as it is."""
        for result in outcome.results:
            with contextlib.suppress(AuditError):
                self._audit.append_entry(result_entry(plan, result, self._now(), acting_user()))


def _step_types(plan: Plan) -> list[list[type]]:
    return [[type(step) for step in group.steps] for group in plan.step_groups]

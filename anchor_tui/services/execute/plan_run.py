"""One execution of a plan: groups in parallel, the steps of each in order, every write audited before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import GroupProgress, Job, StepPhase, StepProgress
from anchor_tui.domain.actions.plan import GroupResult, Outcome, OutcomeKind, Plan, StepGroup
from anchor_tui.domain.actions.steps import CreatePullRequest, MergePullRequest, SendEvent, Step
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForOperation, WaitForRefresh, WaitStep
from anchor_tui.services.execute.audit import AuditEntry, AuditError, AuditLog, EntryKind, request_summary, result_entry
from anchor_tui.services.execute.job_registry import JobRegistry
from anchor_tui.services.execute.open_outcomes import resume_hint
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.services.execute.step_runner import StepRunner
from anchor_tui.services.execute.step_support import (
    ExecutionClients,
    StepContext,
    StepFailed,
    Timeouts,
    may_send,
    with_found_facts,
)
from anchor_tui.services.process_identity import acting_user
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.step_requests import build_approval_request
from anchor_tui.sources.errors import SourceError


class PlanRun:
    """One execution of a plan whose preconditions hold. It audits every write and the result of every group."""

    def __init__(
        self,
        plan: Plan,
        clients: ExecutionClients,
        config: Config,
        audit: AuditLog,
        timeouts: Timeouts,
        now: Callable[[], datetime],
        job_registry: JobRegistry,
    ) -> None:
        self._plan, self._audit, self._now, self._job_registry = plan, audit, now, job_registry
        self._runner = StepRunner(plan, clients, config, audit, timeouts, now)

    async def run(self, *, follow: bool) -> Outcome:
        """Carry out every group to its end. Without `follow`, stop before the first step that sends nothing."""
        self._job_registry.put_job(
            Job(self._plan, self._now(), tuple(_initial_progress(group) for group in self._plan.step_groups))
        )
        results = await asyncio.gather(
            *(
                self._run_recorded_group(group, 0, _initial_context(self._plan, group), follow=follow)
                for group in self._plan.step_groups
            )
        )
        refused = tuple(map(self._record_result, _refused_results(self._plan)))
        return Outcome(self._plan.id, (*results, *refused))

    async def resume(self, subject: str, context: StepContext, begin_at: int, *, may_write: bool) -> Outcome:
        """Carry out one group from a step on, with the context of its earlier steps.

        Without `may_write`, stop before the first step that may send something. The group is not over then, and its
        result is not recorded.
        """
        group = next(group for group in self._plan.step_groups if group.subject == subject)
        end = len(group.steps) if may_write else begin_at + _count_leading_waits(group.steps[begin_at:])
        self._job_registry.put_job(Job(self._plan, self._now(), (_initial_progress(group, begin_at),)))
        result = await self._run_group(group, begin_at, context, follow=True, end=end)
        if result.kind == "done" and end < len(group.steps):
            message = f"{result.message}; {_unconfirmed_text(group.steps[end:], self._plan.id)}"
            result = replace(result, kind="refused", message=message)
        else:
            result = self._record_result(result)
        return Outcome(self._plan.id, (result,))

    async def _run_recorded_group(
        self, group: StepGroup, begin_at: int, context: StepContext, *, follow: bool
    ) -> GroupResult:
        """Run a group and audit its result at once: other groups of the plan may run much longer."""
        return self._record_result(await self._run_group(group, begin_at, context, follow=follow))

    def _record_result(self, result: GroupResult) -> GroupResult:
        """Audit a result. If that fails, the kind of the result stays as it is, and its message names the reason."""
        try:
            self._audit.append_entry(result_entry(self._plan, result, self._now(), acting_user()))
        except AuditError as error:
            if "not recorded" not in result.message:
                return replace(result, message=f"{result.message}; not recorded: {error}")
        return result

    async def _run_group(
        self, group: StepGroup, begin_at: int, context: StepContext, *, follow: bool, end: int | None = None
    ) -> GroupResult:
        texts: list[str] = []
        for index in range(begin_at, len(group.steps) if end is None else end):
            group = replace(group, steps=tuple(with_found_facts(step, context) for step in group.steps))
            step = group.steps[index]
            if not follow and not may_send(step):
                self._show_phase(group, index, "left", "not followed")
                texts.append(_unfollowed_text(group, index))
                break
            if context.audit_error and may_send(step):
                self._show_phase(group, index, "left", "not sent: the step before it is not recorded")
                left = [step.title for step in group.steps[index:] if may_send(step)]
                message = f"{', '.join([*texts, context.audit_error])}; nothing more was sent, left to do: "
                return self._group_result(group, context, "unknown", message + ", ".join(left))
            try:
                text = await self._run_step(group, index, step, context)
            except StepFailed as error:
                if error.ends_group:
                    return self._group_result(group, context, error.kind, _with_audit_error(error.message, context))
                context.notes.append(error.message)
                text = ""
            except SourceError as error:
                return self._group_result(group, context, "failed", _with_audit_error(error.message, context))
            except AuditError as error:
                return self._group_result(group, context, "failed", f"{error}; stopped before “{step.title}”")
            if context.number is not None:
                self._job_registry.set_pull_request(self._plan.id, group.subject, context.number, context.url)
            if text and _belongs_in_outcome(step, group, follow=follow):
                texts.append(text)
        return self._group_result(group, context, "done", _with_audit_error(", ".join(texts) or "done", context))

    def _group_result(self, group: StepGroup, context: StepContext, kind: OutcomeKind, message: str) -> GroupResult:
        notes = f" ({'; '.join(context.notes)})" if context.notes else ""
        where = f"#{context.number}: " if context.number and f"#{context.number}" not in message else ""
        return GroupResult(group.subject, kind, f"{where}{message}{notes}", context.number, context.url)

    async def _run_step(self, group: StepGroup, index: int, step: Step, context: StepContext) -> str:
        """Carry out one step, audited before it is sent and after its response.

        Raises StepFailed, SourceError and AuditError.
        """
        self._show_phase(group, index, "running")
        if step.writes:
            self._append_audit(group, index, "intended", step.title, context, build_step_request(step))

        def report(note: str) -> None:
            self._job_registry.update_step(self._plan.id, group.subject, index, url=context.url, note=note)

        def append_audit(kind: EntryKind, message: str) -> None:
            if isinstance(step, WaitForOperation):
                request = build_approval_request(step, self._now())
                append = self._append_audit if kind == "intended" else self._append_answer
                append(group, index, kind, message, context, request)

        try:
            text = await self._runner.carry_out_step(step, context, report, append_audit)
        except (StepFailed, SourceError) as error:
            kind: OutcomeKind = error.kind if isinstance(error, StepFailed) else "failed"
            self._show_phase(group, index, "unknown" if kind == "unknown" else "failed", error.message)
            if step.writes:
                self._append_answer(group, index, kind, error.message, context, build_step_request(step))
            raise
        self._show_phase(group, index, "done", text, context.url)
        if step.writes:
            self._append_answer(group, index, "done", text, context, build_step_request(step))
        if isinstance(step, CreatePullRequest | MergePullRequest):
            self._job_registry.wake_sources()
        return text

    def _append_answer(
        self,
        group: StepGroup,
        index: int,
        kind: EntryKind,
        message: str,
        context: StepContext,
        request: ApiRequest | None,
    ) -> None:
        """Audit what became of a request. If that fails, the request was sent all the same; the context notes it."""
        try:
            self._append_audit(group, index, kind, message, context, request)
        except AuditError as error:
            context.audit_error = f"“{group.steps[index].title}” is {kind}, but not recorded: {error}"

    def _show_phase(
        self, group: StepGroup, index: int, phase: StepPhase, note: str | None = None, url: str = ""
    ) -> None:
        title = _progress_title(group.steps[index], phase)
        changes: dict[str, object] = {"phase": phase, "at": self._now(), "title": title}
        if note is not None:
            changes["note"] = note
        self._job_registry.update_step(self._plan.id, group.subject, index, url=url, **changes)

    def _append_audit(
        self,
        group: StepGroup,
        index: int,
        kind: EntryKind,
        message: str,
        context: StepContext,
        request: ApiRequest | None,
    ) -> None:
        if request is not None and request.service == "status-api":
            return  # the outbox audits its own requests, with the event
        self._audit.append_entry(
            AuditEntry(
                self._now(),
                kind,
                self._plan.id,
                self._plan.order.action,
                self._plan.order.environments,
                group.subject,
                index,
                message,
                acting_user(),
                reason=self._plan.order.reason,
                request=request_summary(request) if request else None,
                number=context.number,
                url=context.url,
            )
        )


def _count_leading_waits(steps: tuple[Step, ...]) -> int:
    """Return the number of steps before the first one that may send something."""
    return next((index for index, step in enumerate(steps) if may_send(step)), len(steps))


def _unconfirmed_text(steps: tuple[Step, ...], plan_id: str) -> str:
    """Return which steps an earlier process left, and how the operator confirms them."""
    titles = ", ".join(step.title for step in steps if may_send(step))
    return f"left to do: {titles}. It needs a confirmation: {resume_hint(plan_id)}"


def _with_audit_error(message: str, context: StepContext) -> str:
    return f"{message}; {context.audit_error}" if context.audit_error else message


def _belongs_in_outcome(step: Step, group: StepGroup, *, follow: bool) -> bool:
    """Return whether the outcome shows a step's text: a wait's does, unless a later step makes it outdated."""
    if isinstance(step, WaitForRefresh):
        return step is group.steps[-1]
    return not step.writes or not follow or isinstance(step, SendEvent | MergePullRequest)


def _unfollowed_text(group: StepGroup, index: int) -> str:
    titles = [step.title for step in group.steps[index:] if step.writes]
    return "not followed" + (f"; left to do: {', '.join(titles)}" if titles else "")


def _progress_title(step: Step, phase: StepPhase) -> str:
    """Return the activity, or the result when a wait is done."""
    return step.done_title if phase == "done" and isinstance(step, WaitStep) else step.title


def _initial_progress(group: StepGroup, done: int = 0) -> GroupProgress:
    phases: list[StepPhase] = ["done" if index < done else "waiting" for index in range(len(group.steps))]
    steps = tuple(
        StepProgress(_progress_title(step, phase), step.writes, phase)
        for step, phase in zip(group.steps, phases, strict=True)
    )
    return GroupProgress(group.subject, steps, group.application)


def _initial_context(plan: Plan, group: StepGroup) -> StepContext:
    """Return the context before the first step: it names the pull request that is already open."""
    number = next((step.number for step in group.steps if isinstance(step, WaitForMerge)), None)
    return StepContext(plan.id, number)


def _refused_results(plan: Plan) -> tuple[GroupResult, ...]:
    return tuple(GroupResult(refusal.subject, "refused", refusal.message, url=refusal.url) for refusal in plan.refused)

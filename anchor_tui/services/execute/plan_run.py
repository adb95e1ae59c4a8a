"""A Plan under way: its changes side by side, each step in its order, every one written down before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import GroupProgress, Job, StepPhase, StepProgress
from anchor_tui.domain.actions.plan import GroupResult, Outcome, OutcomeKind, Plan, StepGroup
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
)
from anchor_tui.services.execute.argocd_steps import ArgoCDSteps
from anchor_tui.services.execute.audit import AuditEntry, AuditError, AuditLog, EntryKind, acting_user, request_summary
from anchor_tui.services.execute.github_steps import GitHubSteps
from anchor_tui.services.execute.operation_follower import AppendAudit
from anchor_tui.services.execute.outbox import Outbox
from anchor_tui.services.execute.plan_input_collector import PlanInputCollector
from anchor_tui.services.execute.rollout_follower import wait_for_rollout
from anchor_tui.services.execute.step_requests import build_step_request
from anchor_tui.services.execute.step_support import ExecutionClients, ReportProgress, StepContext, StepFailed, Timeouts
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.step_requests import build_approval_request
from anchor_tui.sources.errors import SourceError

MAX_JOBS = 30


class JobRegistry:
    """What is under way and what is over, for whoever watches. Values only; each change is told whole."""

    def __init__(self, listener: Callable[[tuple[Job, ...]], None], wake: Callable[[], None] = lambda: None) -> None:
        self._listener = listener
        self.wake_sources = wake
        """Lets the sources be read again: something is another there."""
        self._jobs: dict[str, Job] = {}
        self._changed = asyncio.Event()

    async def wait_for_change(self) -> None:
        """Waits until something is another than it was."""
        self._changed.clear()
        await self._changed.wait()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job, newest last."""
        return tuple(self._jobs.values())

    @property
    def followed_urls(self) -> frozenset[str]:
        """The addresses of what is under way."""
        return frozenset(job.url for job in self._jobs.values() if job.url and not job.is_over)

    def put_job(self, job: Job) -> None:
        """Takes a job as it is now."""
        self._jobs[job.id] = job
        over = [each.id for each in self._jobs.values() if each.is_over]
        for id_ in over[: max(0, len(self._jobs) - MAX_JOBS)]:
            del self._jobs[id_]
        self._changed.set()
        self._listener(self.jobs)

    def update_step(self, job_id: str, subject: str, index: int, *, url: str = "", **changes: object) -> None:
        """Changes one step of a job; `url` is where people look at it."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        tracks = tuple(
            replace(
                track,
                steps=tuple(replace(s, **changes) if i == index else s for i, s in enumerate(track.steps)),
                url=url or track.url,
            )
            if track.subject == subject
            else track
            for track in job.groups
        )
        if tracks != job.groups:
            self.put_job(replace(job, groups=tracks))

    def finish_job(self, job_id: str, outcome: Outcome) -> None:
        """A job is over."""
        if (job := self._jobs.get(job_id)) is not None:
            self.put_job(replace(job, outcome=outcome))


class PlanRun:
    """One execution of one Plan that holds."""

    def __init__(
        self,
        plan: Plan,
        session: ExecutionClients,
        config: Config,
        audit: AuditLog,
        timeouts: Timeouts,
        now: Callable[[], datetime],
        board: JobRegistry,
    ) -> None:
        self._plan, self._config, self._audit, self._now, self._job_registry = plan, config, audit, now, board
        gathering = PlanInputCollector(session, config, now)
        self._argocd_steps = ArgoCDSteps(session, timeouts, now)
        self._github_steps = GitHubSteps(session, config, timeouts, now, gathering.read_branch)
        self._outbox = Outbox(session.connections, audit, now)
        self._timeouts = timeouts

    async def run(self, *, follow: bool) -> Outcome:
        """Every change to its end."""
        self._job_registry.put_job(
            Job(self._plan, self._now(), tuple(_initial_progress(each) for each in self._plan.step_groups))
        )
        changes = (
            self._run_group(each, 0, _initial_context(self._plan, each), follow=follow)
            for each in self._plan.step_groups
        )
        return Outcome(self._plan.id, (*await asyncio.gather(*changes), *_refused_results(self._plan)))

    async def resume(self, subject: str, context: StepContext, begin_at: int) -> Outcome:
        """One change from a step on, with what was learned before."""
        change = next(each for each in self._plan.step_groups if each.subject == subject)
        self._job_registry.put_job(Job(self._plan, self._now(), (_initial_progress(change, begin_at),)))
        return Outcome(self._plan.id, (await self._run_group(change, begin_at, context, follow=True),))

    async def _run_group(self, change: StepGroup, begin_at: int, context: StepContext, *, follow: bool) -> GroupResult:
        said: list[str] = []
        for index, step in enumerate(change.steps[begin_at:], begin_at):
            if not follow and not _may_send(step):
                rest = [each for each in change.steps[index:] if each.writes]
                left = f"; left to do: {', '.join(each.title for each in rest)}" if rest else ""
                self._show_phase(change, index, "left", "not followed")
                said.append(f"not followed{left}")
                break
            try:
                words = await self._run_step(change, index, step, context)
            except StepFailed as ended:
                return self._group_result(change, context, ended.kind, ended.message)
            except SourceError as error:
                return self._group_result(change, context, "failed", error.message)
            except AuditError as error:
                return self._group_result(change, context, "failed", f"{error}; it stops before “{step.title}”")
            if words and _is_outcome_text(step, change, follow):
                said.append(words)
        return self._group_result(change, context, "done", ", ".join(said) or "done")

    def _group_result(self, change: StepGroup, context: StepContext, kind: OutcomeKind, message: str) -> GroupResult:
        notes = f" ({'; '.join(context.notes)})" if context.notes else ""
        where = f"#{context.number}: " if context.number and f"#{context.number}" not in message else ""
        return GroupResult(change.subject, kind, f"{where}{message}{notes}", context.number, context.url)

    async def _run_step(self, change: StepGroup, index: int, step: Step, context: StepContext) -> str:
        """One step, written down before it leaves and after it came back. Raises Ended, SourceError."""
        self._show_phase(change, index, "running")
        if step.writes:
            self._append_audit(change, index, "intended", step.title, context, build_step_request(step))

        def report(words: str) -> None:
            self._job_registry.update_step(self._plan.id, change.subject, index, url=context.url, note=words)

        def append_audit(kind: EntryKind, words: str) -> None:
            if isinstance(step, WaitForOperation):
                self._append_audit(change, index, kind, words, context, build_approval_request(step, self._now()))

        try:
            said = await self._carry_out_step(step, context, report, append_audit)
        except (StepFailed, SourceError) as error:
            kind: OutcomeKind = error.kind if isinstance(error, StepFailed) else "failed"
            self._show_phase(change, index, "unknown" if kind == "unknown" else "failed", error.message)
            if step.writes:
                self._append_audit(change, index, kind, error.message, context, build_step_request(step))
            raise
        self._show_phase(change, index, "done", said, context.url)
        if step.writes:
            self._append_audit(change, index, "done", said, context, build_step_request(step))
        if isinstance(step, CreatePullRequest | MergePullRequest):
            self._job_registry.wake_sources()
        return said

    def _show_phase(
        self, change: StepGroup, index: int, phase: StepPhase, note: str | None = None, url: str = ""
    ) -> None:
        changes: dict[str, object] = {"phase": phase, "at": self._now()}
        if note is not None:
            changes["note"] = note
        self._job_registry.update_step(self._plan.id, change.subject, index, url=url, **changes)

    def _append_audit(
        self,
        change: StepGroup,
        index: int,
        kind: EntryKind,
        message: str,
        context: StepContext,
        request: ApiRequest | None,
    ) -> None:
        if request is not None and request.service == "status-api":
            return  # the outbox writes its own lines, with the event
        self._audit.append_entry(
            AuditEntry(
                self._now(),
                kind,
                self._plan.id,
                self._plan.order.action,
                self._plan.order.environments,
                change.subject,
                index,
                message,
                acting_user(),
                reason=self._plan.order.reason,
                request=request_summary(request) if request else None,
                number=context.number,
                url=context.url,
            )
        )

    async def _carry_out_step(
        self, step: Step, context: StepContext, report: ReportProgress, append_audit: AppendAudit
    ) -> str:
        match step:
            case Refresh():
                return await self._argocd_steps.request_refresh(step, context)
            case Sync():
                return await self._argocd_steps.request_sync(step, context)
            case Terminate():
                return await self._argocd_steps.terminate_operation(step, context)
            case CreateBranch() | MoveBranch():
                return await self._github_steps.point_branch(step, context)
            case CommitFiles():
                return await self._github_steps.commit_files(step, context)
            case CreatePullRequest():
                return await self._github_steps.open_pull_request(step, context)
            case AddLabels() | RequestReviewers():
                return await self._github_steps.add_labels_or_reviewers(step, context)
            case MergePullRequest():
                return await self._github_steps.merge_pull_request(step, context)
            case DispatchWorkflow():
                return await self._github_steps.dispatch_workflow(step, context)
            case SendEvent():
                return await self._outbox.send_event(self._plan, step, context)
            case WaitForRefresh():
                return await self._argocd_steps.wait_for_refresh(step, context, report)
            case WaitForOperation():
                return await self._argocd_steps.wait_for_operation(step, context, report, append_audit)
            case WaitForTermination():
                return await self._argocd_steps.wait_for_termination(step, report)
            case WaitForHealth():
                return await self._argocd_steps.wait_for_health(step, context, report)
            case WaitForNoMocks():
                return await self._argocd_steps.wait_for_no_mocks(step, report)
            case WaitForMerge():
                return await self._github_steps.wait_for_merge(step, context, report)
            case WaitForWorkflowRun():
                return await self._github_steps.wait_for_workflow_run(step, context, report)
            case WaitForRollout():
                return await wait_for_rollout(
                    step, self._argocd_steps, self._github_steps, self._config, context, self._timeouts, report
                )


def _may_send(step: Step) -> bool:
    """Whether something may be left to send in it: a sync of what asks to be confirmed waits for that."""
    return step.writes or (isinstance(step, WaitForOperation) and bool(step.approves))


def _is_outcome_text(step: Step, change: StepGroup, follow: bool) -> bool:
    """What was watched says how it ended; what a refresh showed midway is old once a later step was followed."""
    if isinstance(step, WaitForRefresh):
        return step is change.steps[-1]
    return not step.writes or not follow or isinstance(step, SendEvent | MergePullRequest)


def _initial_progress(change: StepGroup, done: int = 0) -> GroupProgress:
    steps = tuple(
        StepProgress(step.title, step.writes, "done" if index < done else "waiting")
        for index, step in enumerate(change.steps)
    )
    return GroupProgress(change.subject, steps, change.application)


def _initial_context(plan: Plan, change: StepGroup) -> StepContext:
    """What is known before the first step: the pull request that is open already, which steps before it need too."""
    number = next((each.number for each in change.steps if isinstance(each, WaitForMerge)), None)
    return StepContext(plan.id, number)


def _refused_results(plan: Plan) -> tuple[GroupResult, ...]:
    return tuple(GroupResult(each.subject, "refused", each.message, url=each.url) for each in plan.refused)

"""Passes each step to the code that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DeleteResource,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    RunResourceAction,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForMergeable,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForResource,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
)
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.argocd_steps import ArgoCDSteps
from anchor_tui.services.execute.audit import AuditLog
from anchor_tui.services.execute.github_steps import GitHubSteps
from anchor_tui.services.execute.merge_follower import wait_for_merge, wait_until_mergeable
from anchor_tui.services.execute.operation_follower import AppendAudit
from anchor_tui.services.execute.outbox import Outbox
from anchor_tui.services.execute.plan_input_collector import PlanInputCollector
from anchor_tui.services.execute.repo_access import RepoAccess
from anchor_tui.services.execute.resource_steps import ResourceSteps
from anchor_tui.services.execute.rollout_follower import wait_for_rollout
from anchor_tui.services.execute.step_support import ExecutionClients, ReportProgress, StepContext, Timeouts
from anchor_tui.services.execute.workflow_follower import wait_for_workflow_run


class StepRunner:
    """The steps of one plan."""

    def __init__(
        self,
        plan: Plan,
        clients: ExecutionClients,
        config: Config,
        audit: AuditLog,
        timeouts: Timeouts,
        now: Callable[[], datetime],
    ) -> None:
        self._plan, self._config, self._timeouts, self._now = plan, config, timeouts, now
        self._applications = ApplicationAccess(clients, timeouts, now)
        self._argocd_steps = ArgoCDSteps(clients, timeouts, now)
        self._resource_steps = ResourceSteps(clients, self._applications, timeouts)
        self._repo = RepoAccess(clients, config.github.branch)
        self._github_steps = GitHubSteps(clients, self._repo, timeouts, now)
        self._read_branch = PlanInputCollector(clients, config, now).read_branch
        self._outbox = Outbox(clients.connections, audit, now)

    async def carry_out_step(
        self, step: Step, context: StepContext, report: ReportProgress, append_audit: AppendAudit
    ) -> str:
        """Carry out one step and return its result in words. Raises StepFailed, SourceError and AuditError."""
        match step:
            case Refresh():
                return await self._argocd_steps.request_refresh(step, context)
            case Sync():
                return await self._argocd_steps.request_sync(step, context)
            case Terminate():
                return await self._argocd_steps.terminate_operation(step, context)
            case RunResourceAction():
                return await self._resource_steps.run_action(step, context)
            case DeleteResource():
                return await self._resource_steps.delete_resource(step, context)
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
            case WaitForResource():
                return await self._resource_steps.wait_for_resource(step, report)
            case WaitForNoMocks():
                return await self._argocd_steps.wait_for_no_mocks(step, report)
            case WaitForMerge():
                return await wait_for_merge(step, self._repo, context, self._timeouts, self._now, report)
            case WaitForMergeable():
                return await wait_until_mergeable(step, self._repo, context, self._timeouts, self._now, report)
            case WaitForWorkflowRun():
                return await wait_for_workflow_run(step, self._repo, self._read_branch, context, self._timeouts, report)
            case WaitForRollout():
                return await wait_for_rollout(
                    step, self._applications, self._repo, self._config, context, self._timeouts, report
                )

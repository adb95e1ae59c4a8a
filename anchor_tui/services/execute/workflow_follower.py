"""Waits until the run of a workflow is over and its pull request is open."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from anchor_tui.domain.actions.repo_state import PullRequestState
from anchor_tui.domain.actions.wait_steps import WaitForWorkflowRun
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.services.execute.repo_access import RepoAccess
from anchor_tui.services.execute.step_support import Poller, ReportProgress, StepContext, StepFailed, Timeouts


async def wait_for_workflow_run(
    step: WaitForWorkflowRun,
    repo: RepoAccess,
    read_branch: Callable[[], Awaitable[OpsRepoData]],
    context: StepContext,
    timeouts: Timeouts,
    report: ReportProgress,
) -> str:
    """Wait until the run is over and its pull request is found. Raises StepFailed."""
    poller, opened_until = Poller(timeouts, report), None
    runs = poller.poll(
        lambda: _read_started_run(repo, step, context),
        timeouts.operation_s,
        timeouts.github_poll_s,
    )
    async for run in runs:
        status, conclusion = str(run.get("status")), str(run.get("conclusion"))
        if status == "completed":
            found = await poller.try_read(lambda: _find_promotion(step, repo, read_branch))
            if found is not None:  # a failed run may be the second of two that a proxy started
                context.number, context.url = found.number, found.url
                return f"#{found.number} {found.url}"
            if conclusion != "success":
                raise StepFailed(
                    "failed", f"the run of {step.workflow} ended: {conclusion} {run.get('html_url') or ''}"
                )
            opened_until = opened_until or timeouts.end_of_wait(timeouts.refresh_s)
            if time.monotonic() > opened_until:
                raise StepFailed("failed", f"the run of {step.workflow} is over, but its pull request is not open")
        report(f"run {status}" if run else "the run has not started yet")
    raise StepFailed("unknown", f"the run of {step.workflow} is still running")


async def _read_started_run(repo: RepoAccess, step: WaitForWorkflowRun, context: StepContext) -> dict[str, Any]:
    """Return the run that was started; an empty mapping before it starts. Raises SourceError."""
    if context.run_id is not None:
        return await repo.read_workflow_run(step.repository, context.run_id)
    new = [
        run
        for run in await repo.list_workflow_runs(step.repository, step.workflow)
        if int(run.get("id") or 0) not in context.known_run_ids
    ]
    if not new:
        return {}
    first = min(new, key=lambda run: int(run.get("id") or 0))
    context.run_id = int(first.get("id") or 0)
    return first


async def _find_promotion(
    step: WaitForWorkflowRun, repo: RepoAccess, read_branch: Callable[[], Awaitable[OpsRepoData]]
) -> PullRequestState | None:
    """Return the open pull request that moves the environment to the version."""
    for opened in (await read_branch()).pull_requests:
        release = opened.releases.get(step.environment)
        if release is not None and release.version == step.version and not opened.from_fork:
            return await repo.read_pull_request(step.repository, opened.pull_request.number)
    return None

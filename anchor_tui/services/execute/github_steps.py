"""Carries out the steps that concern the ops repo: sends each once, looks what a lost answer came to, and follows.

A refusal is looked after as well: "it exists already" may be about our own, which a proxy sent twice.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.repo_state import PullRequestState
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
)
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForWorkflowRun
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.source_data import OpsRepoData
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
from anchor_tui.sources.errors import NotFound, SourceError
from anchor_tui.sources.github.pull_request_queries import read_pull_request
from anchor_tui.sources.github.step_requests import GitHubStep

AppliedCheck = Callable[[], Awaitable[bool]]


class GitHubSteps:
    """The steps that concern the ops repo, of one execution."""

    def __init__(
        self,
        session: ExecutionClients,
        config: Config,
        timeouts: Timeouts,
        now: Callable[[], datetime],
        read_branch: Callable[[], Awaitable[OpsRepoData]],
    ) -> None:
        self._clients, self._config, self._timeouts, self._now = session, config, timeouts, now
        self._read_branch = read_branch

    # --- branch, commit, pull request ----------------------------------------------------------------

    async def point_branch(self, step: CreateBranch | MoveBranch, context: StepContext) -> str:
        """Makes our branch, or moves it on. Raises Ended."""

        async def is_there() -> bool:
            return await self._branch_tip(step.repository, step.branch) == step.oid

        await self._send_once(step, context, is_there)
        return ""

    async def commit_files(self, step: CommitFiles, context: StepContext) -> str:
        """Commits all the files at once. Raises Ended."""

        async def is_ours() -> bool:
            tip = await self._branch_tip(step.repository, step.branch)
            if tip is None or tip == step.parent:
                return False
            listed = await self._get_json(f"/repos/{step.repository}/commits?sha={quote(tip)}&per_page=1")
            found = next((each for each in listed.get("items") or () if isinstance(each, dict)), {})
            parents = [str(each.get("sha")) for each in found.get("parents") or () if isinstance(each, dict)]
            return parents == [step.parent] and context.plan_id in str((found.get("commit") or {}).get("message"))

        await self._send_once(step, context, is_ours)
        context.head_sha = await self._branch_tip_or_empty(step.repository, step.branch)
        return shorten_revision(context.head_sha) if context.head_sha else ""

    async def open_pull_request(self, step: CreatePullRequest, context: StepContext) -> str:
        """Opens the pull request. Raises Ended."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            opened = await self._open_pull_requests(step.repository, step.branch)
            found.update(opened[0] if opened else {})
            return bool(opened)

        answer = await self._send_once(step, context, is_there) or found
        number = answer.get("number")
        if not isinstance(number, int):
            raise StepFailed("unknown", "GitHub's answer names no pull request: look whether one was opened")
        context.number, context.url = number, str(answer.get("html_url") or "")
        context.node_id = str(answer.get("node_id") or "")
        head = answer.get("head")
        context.head_sha = str(head.get("sha") or "") if isinstance(head, dict) else context.head_sha
        return f"#{number} {context.url}"

    async def add_labels_or_reviewers(self, step: AddLabels | RequestReviewers, context: StepContext) -> str:
        """Labels and reviewers: without them the pull request is there all the same, and that is said. Never raises."""
        try:
            await (await self._clients.github_writer()).send_step(step, context.number)
        except SourceError as error:
            context.notes.append(f"could not {step.title}: {error.message}")
            return f"not done: {error.message}"
        return ""

    # --- merge, workflow -----------------------------------------------------------------------------

    async def merge_pull_request(self, step: MergePullRequest, context: StepContext) -> str:
        """Merges, or lets it be merged. Raises Ended."""
        number = step.number or context.number
        if number is None:
            raise StepFailed("failed", "there is no pull request to merge")
        if is_new := not step.number:  # opened a moment ago, by a step before
            pull = await self.read_pull_request(step.repository, number)
            step = replace(step, number=number, node_id=pull.node_id, head_sha=pull.head_sha)
        context.number = number

        async def is_done() -> bool:
            pull = await self.read_pull_request(step.repository, number)
            if pull.state == "merged":
                return pull.head_sha == step.head_sha
            match step.way:
                case "merge":
                    return False
                case "auto-merge":
                    return pull.auto_merge
                case "queue":
                    return pull.queue_position is not None

        try:
            answer = await self._send_once(step, context, is_done)
        except StepFailed as ended:
            if not is_new or step.way != "auto-merge" or ended.kind != "failed":
                raise  # only what was opened just now is there all the same
            context.notes.append(f"it does not merge by itself: {ended.message}")
            return f"not done: {ended.message}"
        merged = answer.get("sha") if answer else None
        if step.way == "merge" and isinstance(merged, str):
            context.merge_oid, context.merged_at = merged, self._now()
        return {"merge": "merged", "auto-merge": "it merges by itself once it may", "queue": "in the queue"}[step.way]

    async def dispatch_workflow(self, step: DispatchWorkflow, context: StepContext) -> str:
        """Starts the workflow. Raises Ended."""
        before = {int(each.get("id") or 0) for each in await self._workflow_runs(step.repository, step.workflow)}
        context.known_run_ids = frozenset(before)

        async def has_begun() -> bool:
            runs = await self._workflow_runs(step.repository, step.workflow)
            new = [int(each.get("id") or 0) for each in runs if int(each.get("id") or 0) not in before]
            context.run_id = max(new, default=None)
            return bool(new)

        answer = await self._send_once(step, context, has_begun)
        if answer and isinstance(answer.get("workflow_run_id"), int):
            context.run_id = answer["workflow_run_id"]
        context.url = str((answer or {}).get("html_url") or "")
        return context.url or "started"

    # --- following -----------------------------------------------------------------------------------

    async def wait_for_merge(self, step: WaitForMerge, context: StepContext, report: ReportProgress) -> str:
        """Until it is merged: checks, review, merge, each said as it comes. Raises Ended."""
        number = step.number or context.number
        if number is None:
            raise StepFailed("failed", "there is no pull request to follow")
        context.number = number
        words, timeouts = "not to be seen", self._timeouts
        pulls = Poller(timeouts, report).poll(
            lambda: self.read_pull_request(step.repository, number), timeouts.follow_s, timeouts.github_poll_s
        )
        async for pull in pulls:
            context.url = pull.url
            match pull.state:
                case "merged":
                    context.merge_oid, context.merged_at = pull.merge_oid, pull.merged_at or self._now()
                    by = f" by {pull.merged_by}" if pull.merged_by else ""
                    return f"#{number} merged as {shorten_revision(pull.merge_oid)}{by}"
                case "closed":
                    raise StepFailed("failed", f"#{number} was closed and not merged")
            words = _waiting_text(pull)
            report(words)
        raise StepFailed("unknown", f"#{number} is open still: {words}")

    async def wait_for_workflow_run(
        self, step: WaitForWorkflowRun, context: StepContext, report: ReportProgress
    ) -> str:
        """Until the run is over and the pull request that it opened is found. Raises Ended."""
        patience, opened_until = Poller(self._timeouts, report), None
        runs = patience.poll(
            lambda: self._started_run(step.repository, step.workflow, context),
            self._timeouts.operation_s,
            self._timeouts.github_poll_s,
        )
        async for run in runs:
            status, conclusion = str(run.get("status")), str(run.get("conclusion"))
            if status == "completed":
                found = await patience.try_read(lambda: self._promotion_pull_request(step))
                if found is not None:  # also of a run that failed, as the second of two that a proxy started
                    context.number, context.url = found.number, found.url
                    return f"#{found.number} {found.url}"
                if conclusion != "success":
                    raise StepFailed(
                        "failed", f"the run of {step.workflow} ended: {conclusion} {run.get('html_url') or ''}"
                    )
                opened_until = opened_until or self._timeouts.end_of_wait(self._timeouts.refresh_s)
                if time.monotonic() > opened_until:
                    raise StepFailed("failed", f"the run of {step.workflow} is over, and no pull request of it is open")
            report(f"run {status}" if run else "the run has not begun yet")
        raise StepFailed("unknown", f"the run of {step.workflow} is not over yet")

    async def _started_run(self, repository: str, workflow: str, context: StepContext) -> dict[str, Any]:
        """The run that was started; nothing of it where it has not begun. Raises SourceError."""
        if context.run_id is not None:
            return await self._get_json(f"/repos/{repository}/actions/runs/{context.run_id}")
        new = [
            run
            for run in await self._workflow_runs(repository, workflow)
            if int(run.get("id") or 0) not in context.known_run_ids
        ]
        if not new:
            return {}
        first = min(new, key=lambda run: int(run.get("id") or 0))
        context.run_id = int(first.get("id") or 0)
        return first

    async def _promotion_pull_request(self, step: WaitForWorkflowRun) -> PullRequestState | None:
        """The open pull request that moves the environment to the version."""
        repo = await self._read_branch()
        for opened in repo.pull_requests:
            release = opened.releases.get(step.environment)
            if release is not None and release.version == step.version:
                return await self.read_pull_request(step.repository, opened.pull_request.number)
        return None

    async def contains_commit(self, repository: str, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one or has it among its ancestors. Raises SourceError."""
        if commit == ancestor:
            return True
        found = await self._get_json(f"/repos/{repository}/compare/{quote(ancestor)}...{quote(commit)}")
        return found.get("status") in {"ahead", "identical"}

    # --- asking --------------------------------------------------------------------------------------

    async def read_pull_request(self, repository: str, number: int) -> PullRequestState:
        """A pull request this moment. Raises SourceError."""
        _, found = await read_pull_request(await self._clients.github_client(), repository, number)
        if found is None:
            raise NotFound(f"there is no pull request #{number}")
        return found

    async def _get_json(self, path: str) -> dict[str, Any]:
        return await (await self._clients.github_client()).get_json(path)

    async def _branch_tip(self, repository: str, branch: str) -> str | None:
        try:
            found = await self._get_json(f"/repos/{repository}/git/ref/heads/{quote(branch)}")
        except NotFound:
            return None
        target = found.get("object")
        return str(target.get("sha")) if isinstance(target, dict) else None

    async def _branch_tip_or_empty(self, repository: str, branch: str) -> str:
        try:
            return await self._branch_tip(repository, branch) or ""
        except SourceError:
            return ""

    async def _open_pull_requests(self, repository: str, branch: str) -> list[dict[str, Any]]:
        owner = repository.partition("/")[0]
        query = f"state=open&head={quote(f'{owner}:{branch}')}&base={quote(self._config.github.branch)}"
        found = await self._get_json(f"/repos/{repository}/pulls?{query}")
        return [each for each in found.get("items") or () if isinstance(each, dict)]

    async def _workflow_runs(self, repository: str, workflow: str) -> list[dict[str, Any]]:
        path = f"/repos/{repository}/actions/workflows/{quote(workflow)}/runs?event=workflow_dispatch&per_page=20"
        found = await self._get_json(path)
        return [each for each in found.get("workflow_runs") or () if isinstance(each, dict)]

    # --- once ----------------------------------------------------------------------------------------

    async def _send_once(self, step: GitHubStep, context: StepContext, is_done: AppliedCheck) -> dict[str, Any] | None:
        """Sends a request once; after any error looks whether it was carried out. Raises Ended.

        None where the answer was lost and the change is there.
        """
        try:
            return await (await self._clients.github_writer()).send_step(step, context.number)
        except SourceError as error:
            if not await verify_applied(
                is_done, error, self._timeouts, min(1.0, self._timeouts.github_poll_s), "GitHub"
            ):
                raise lost_write_failure(error) from error
            context.notes.append(f"the answer was lost, and it was carried out: {step.title}")
            return None


def _waiting_text(pull: PullRequestState) -> str:
    """What a pull request waits for, in the order in which it is settled."""
    parts = [f"checks {pull.checks}" + (f" ({', '.join(pull.failed_checks)})" if pull.failed_checks else "")]
    if pull.review:
        parts.append(pull.review.replace("_", " "))
    if pull.queue_position is not None:
        parts.append(f"in the merge queue at {pull.queue_position}")
    elif pull.auto_merge:
        parts.append("merges by itself once it may")
    elif pull.mergeable == "conflicting":
        parts.append("conflicts with the branch")
    else:
        parts.append("waits to be merged")
    return ", ".join(parts)

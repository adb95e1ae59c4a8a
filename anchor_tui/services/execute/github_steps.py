"""Carries out the steps that concern the ops repo.

Each write is sent once. After a lost response, GitHub is read to find out whether the write was applied; also after a
refusal, since "already exists" may be about our own write that a proxy sent twice.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.repo_state import PullRequestState, describe_failed_checks
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
from anchor_tui.sources.errors import InvalidResponse, NotFound, SourceError
from anchor_tui.sources.github.pull_request_queries import read_pull_request
from anchor_tui.sources.github.step_requests import GitHubStep
from anchor_tui.sources.github.workflow_runs import read_workflow_runs

AppliedCheck = Callable[[], Awaitable[bool]]


class GitHubSteps:
    """The steps of one execution that concern the ops repo."""

    def __init__(
        self,
        clients: ExecutionClients,
        config: Config,
        timeouts: Timeouts,
        now: Callable[[], datetime],
        read_branch: Callable[[], Awaitable[OpsRepoData]],
    ) -> None:
        self._clients, self._config, self._timeouts, self._now = clients, config, timeouts, now
        self._read_branch = read_branch

    # --- branch, commit, pull request ----------------------------------------------------------------

    async def point_branch(self, step: CreateBranch | MoveBranch, context: StepContext) -> str:
        """Create our branch, or move it to another commit. Raises StepFailed."""

        async def is_there() -> bool:
            return await self._branch_tip(step.repository, step.branch) == step.oid

        await self._send_once(step, context, is_there)
        return ""

    async def commit_files(self, step: CommitFiles, context: StepContext) -> str:
        """Create one commit of all the files. Raises StepFailed."""

        made: list[str] = []

        async def is_ours() -> bool:
            tip = await self._branch_tip(step.repository, step.branch)
            if tip is None or tip == step.parent:
                return False
            listed = await self._get_json(f"/repos/{step.repository}/commits?sha={quote(tip)}&per_page=1")
            found = next((commit for commit in listed.get("items") or () if isinstance(commit, dict)), {})
            parents = [str(parent.get("sha")) for parent in found.get("parents") or () if isinstance(parent, dict)]
            made[:] = [tip]
            lines = str((found.get("commit") or {}).get("message")).split("\n")
            return parents == [step.parent] and step.body in lines

        answer = await self._send_once(step, context, is_ours)
        commit = (answer or {}).get("commit")
        context.head_sha = str(commit.get("oid") or "") if isinstance(commit, dict) else "".join(made)
        return shorten_revision(context.head_sha) if context.head_sha else ""

    async def open_pull_request(self, step: CreatePullRequest, context: StepContext) -> str:
        """Open the pull request. Raises StepFailed."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            opened = await self._open_pull_requests(step.repository, step.branch)
            found.update(opened[0] if opened else {})
            return bool(opened)

        answer = await self._send_once(step, context, is_there) or found
        number = answer.get("number")
        if not isinstance(number, int):
            raise StepFailed(
                "unknown", "GitHub's response does not contain the pull request: check whether one was opened"
            )
        context.number, context.url = number, str(answer.get("html_url") or "")
        context.node_id = str(answer.get("node_id") or "")
        head = answer.get("head")
        if not context.head_sha and isinstance(head, dict):
            context.head_sha = str(head.get("sha") or "")
        return f"#{number} {context.url}"

    async def add_labels_or_reviewers(self, step: AddLabels | RequestReviewers, context: StepContext) -> str:
        """Add labels or request reviewers. The pull request is open without them, so a failure ends nothing.

        Raises StepFailed.
        """
        number = context.number
        if number is None:
            raise StepFailed("failed", "there is no pull request", ends_group=False)
        wanted, attribute = (step.labels, "labels") if isinstance(step, AddLabels) else (step.reviewers, "reviewers")

        async def is_there() -> bool:
            pull = await self.read_pull_request(step.repository, number)
            known = {name.casefold().rpartition("/")[2] for name in getattr(pull, attribute)}
            return known.issuperset(name.casefold().rpartition("/")[2] for name in wanted)

        try:
            await self._send_once(step, context, is_there)
        except StepFailed as failed:
            message = f"could not {step.title}: {failed.message}"
            raise StepFailed(failed.kind, message, ends_group=False) from failed
        return ""

    # --- merge, workflow -----------------------------------------------------------------------------

    async def merge_pull_request(self, step: MergePullRequest, context: StepContext) -> str:
        """Merge a pull request, enable auto-merge or enqueue it. Raises StepFailed."""
        number = step.number or context.number
        if number is None:
            raise StepFailed("failed", "there is no pull request to merge")
        if context.merge_oid is not None:
            return "already merged"
        if is_new := not step.number:  # opened by an earlier step
            pull = await self.read_pull_request(step.repository, number)
            if pull.from_fork:
                raise StepFailed("failed", f"#{number} comes from a fork: review and merge it on GitHub")
            if pull.head_sha != (step.head_sha or context.head_sha):
                head = shorten_revision(pull.head_sha)
                message = f"auto-merge is not enabled: the head is {head}, not the commit of this plan"
                raise StepFailed("failed", message, ends_group=False)
            step = replace(step, number=number, node_id=pull.node_id, head_sha=pull.head_sha)
        if not step.head_sha:
            raise StepFailed("failed", "the commit of this plan is unknown: review the pull request, then merge it (m)")
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
            # A new pull request is open even without auto-merge.
            if not is_new or step.way != "auto-merge" or ended.kind != "failed":
                raise
            raise StepFailed("failed", f"auto-merge is not enabled: {ended.message}", ends_group=False) from ended
        merged = answer.get("sha") if answer else None
        if step.way == "merge" and isinstance(merged, str):
            context.merge_oid, context.merged_at = merged, self._now()
        return {"merge": "merged", "auto-merge": "auto-merge is enabled", "queue": "in the merge queue"}[step.way]

    async def dispatch_workflow(self, step: DispatchWorkflow, context: StepContext) -> str:
        """Start the workflow. Raises StepFailed."""
        before = {int(run.get("id") or 0) for run in await self._workflow_runs(step.repository, step.workflow)}
        context.known_run_ids = frozenset(before)

        async def has_begun() -> bool:
            runs = await self._workflow_runs(step.repository, step.workflow)
            new = [int(run.get("id") or 0) for run in runs if int(run.get("id") or 0) not in before]
            context.run_id = max(new, default=None)
            return bool(new)

        answer = await self._send_once(step, context, has_begun)
        if answer is not None and isinstance(answer.get("workflow_run_id"), int):
            context.run_id = answer["workflow_run_id"]
            context.url = str(answer.get("html_url") or "")
        elif answer is not None:  # an older server, or a proxy: only the list of runs shows whether one was started
            error = InvalidResponse("GitHub's answer does not name the run")
            poll_s = min(1.0, self._timeouts.github_poll_s)
            if not await verify_applied(has_begun, error, self._timeouts, poll_s, "GitHub"):
                message = f"{error.message}, and no new run of {step.workflow} is visible: check before you retry"
                raise StepFailed("unknown", message)
        return context.url or "started"

    # --- waiting -------------------------------------------------------------------------------------

    async def wait_for_merge(self, step: WaitForMerge, context: StepContext, report: ReportProgress) -> str:
        """Wait until the pull request is merged, and report its checks and review. Raises StepFailed."""
        number = step.number or context.number
        if number is None:
            raise StepFailed("failed", "there is no pull request to follow")
        context.number = number
        words, timeouts = "not readable yet", self._timeouts
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
                    raise StepFailed("failed", f"#{number} was closed without being merged")
            words = _waiting_text(pull)
            report(words)
        raise StepFailed("unknown", f"#{number} is still open: {words}")

    async def wait_for_workflow_run(
        self, step: WaitForWorkflowRun, context: StepContext, report: ReportProgress
    ) -> str:
        """Wait until the run is over and its pull request is found. Raises StepFailed."""
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
                if found is not None:  # a failed run may be the second of two that a proxy started
                    context.number, context.url = found.number, found.url
                    return f"#{found.number} {found.url}"
                if conclusion != "success":
                    raise StepFailed(
                        "failed", f"the run of {step.workflow} ended: {conclusion} {run.get('html_url') or ''}"
                    )
                opened_until = opened_until or self._timeouts.end_of_wait(self._timeouts.refresh_s)
                if time.monotonic() > opened_until:
                    raise StepFailed("failed", f"the run of {step.workflow} is over, but its pull request is not open")
            report(f"run {status}" if run else "the run has not started yet")
        raise StepFailed("unknown", f"the run of {step.workflow} is still running")

    async def _started_run(self, repository: str, workflow: str, context: StepContext) -> dict[str, Any]:
        """Return the run that was started; an empty mapping before it starts. Raises SourceError."""
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
        """Return the open pull request that moves the environment to the version."""
        repo = await self._read_branch()
        for opened in repo.pull_requests:
            release = opened.releases.get(step.environment)
            if release is not None and release.version == step.version and not opened.from_fork:
                return await self.read_pull_request(step.repository, opened.pull_request.number)
        return None

    async def contains_commit(self, repository: str, commit: str, ancestor: str) -> bool:
        """Return whether a commit is, or descends from, `ancestor`. Raises SourceError."""
        if commit == ancestor:
            return True
        found = await self._get_json(f"/repos/{repository}/compare/{quote(ancestor)}...{quote(commit)}")
        return found.get("status") in {"ahead", "identical"}

    # --- reading --------------------------------------------------------------------------------------

    async def read_pull_request(self, repository: str, number: int) -> PullRequestState:
        """Read a pull request. Raises SourceError."""
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

    async def _open_pull_requests(self, repository: str, branch: str) -> list[dict[str, Any]]:
        owner = repository.partition("/")[0]
        query = f"state=open&head={quote(f'{owner}:{branch}')}&base={quote(self._config.github.branch)}"
        found = await self._get_json(f"/repos/{repository}/pulls?{query}")
        pulls = [pull for pull in found.get("items") or () if isinstance(pull, dict)]
        return [pull for pull in pulls if _is_of_one_repository(pull)]

    async def _workflow_runs(self, repository: str, workflow: str) -> list[dict[str, Any]]:
        return await read_workflow_runs(await self._clients.github_client(), repository, workflow)

    # --- sending ----------------------------------------------------------------------------------------

    async def _send_once(self, step: GitHubStep, context: StepContext, is_done: AppliedCheck) -> dict[str, Any] | None:
        """Send a step's request once and return the response. Raises StepFailed.

        After an error `is_done` reads whether the request was applied. If it was, return None.
        """
        try:
            return await (await self._clients.github_writer()).send_step(step, context.number)
        except SourceError as error:
            if not await verify_applied(
                is_done, error, self._timeouts, min(1.0, self._timeouts.github_poll_s), "GitHub"
            ):
                raise lost_write_failure(error) from error
            context.notes.append(f"the response was lost, but the request was applied: {step.title}")
            return None


def _is_of_one_repository(pull: dict[str, Any]) -> bool:
    """Return whether head and base are in the same repository: `head=owner:branch` also finds the owner's forks."""
    sides = [pull.get(side) for side in ("head", "base")]
    repositories = [side.get("repo") if isinstance(side, dict) else None for side in sides]
    ids = [repository.get("id") if isinstance(repository, dict) else None for repository in repositories]
    return ids[0] is not None and ids[0] == ids[1]


def _waiting_text(pull: PullRequestState) -> str:
    """Return what a pull request waits for: checks, review, then the merge."""
    failed = describe_failed_checks(pull, pull.failed_checks)
    parts = [f"checks {pull.checks}" + (f" ({failed})" if failed else "")]
    if pull.review:
        parts.append(pull.review.replace("_", " "))
    if pull.queue_position is not None:
        parts.append(f"in the merge queue at {pull.queue_position}")
    elif pull.auto_merge:
        parts.append("auto-merge is enabled")
    elif pull.mergeable == "conflicting":
        parts.append("conflicts with the branch")
    else:
        parts.append("waiting to be merged")
    return ", ".join(parts)

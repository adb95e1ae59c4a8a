"""Carries out the steps that change the ops repo or start a workflow.

Each write is sent once. After a lost response, GitHub is read to find out whether the write was applied; also after a
refusal, since "already exists" may be about our own write that a proxy sent twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

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
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.services.execute.repo_access import RepoAccess
from anchor_tui.services.execute.step_support import (
    ExecutionClients,
    StepContext,
    StepFailed,
    Timeouts,
    lost_write_failure,
    verify_applied,
)
from anchor_tui.sources.errors import InvalidResponse, SourceError
from anchor_tui.sources.github.step_requests import GitHubStep

AppliedCheck = Callable[[], Awaitable[bool]]


class GitHubSteps:
    """The steps of one execution that change the ops repo or start a workflow."""

    def __init__(
        self,
        clients: ExecutionClients,
        repo: RepoAccess,
        timeouts: Timeouts,
        now: Callable[[], datetime],
    ) -> None:
        self._clients, self._repo, self._timeouts, self._now = clients, repo, timeouts, now

    # --- branch, commit, pull request ----------------------------------------------------------------

    async def point_branch(self, step: CreateBranch | MoveBranch, context: StepContext) -> str:
        """Create our branch, or move it to another commit. Raises StepFailed."""

        async def is_there() -> bool:
            return await self._repo.read_branch_tip(step.repository, step.branch) == step.oid

        await self._send_once(step, context, is_there)
        return ""

    async def commit_files(self, step: CommitFiles, context: StepContext) -> str:
        """Create one commit of all the files. Raises StepFailed."""

        made: list[str] = []

        async def is_ours() -> bool:
            tip = await self._repo.read_branch_tip(step.repository, step.branch)
            if tip is None or tip == step.parent:
                return False
            parents, lines = await self._repo.read_commit(step.repository, tip)
            made[:] = [tip]
            return parents == [step.parent] and step.body in lines

        answer = await self._send_once(step, context, is_ours)
        commit = (answer or {}).get("commit")
        context.head_sha = str(commit.get("oid") or "") if isinstance(commit, dict) else "".join(made)
        return shorten_revision(context.head_sha) if context.head_sha else ""

    async def open_pull_request(self, step: CreatePullRequest, context: StepContext) -> str:
        """Open the pull request. Raises StepFailed."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            opened = await self._repo.list_pull_requests(step.repository, step.branch)
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
            pull = await self._repo.read_pull_request(step.repository, number)
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
            pull = await self._repo.read_pull_request(step.repository, number)
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
            pull = await self._repo.read_pull_request(step.repository, number)
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
        before = {
            int(run.get("id") or 0) for run in await self._repo.list_workflow_runs(step.repository, step.workflow)
        }
        context.known_run_ids = frozenset(before)

        async def has_begun() -> bool:
            runs = await self._repo.list_workflow_runs(step.repository, step.workflow)
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

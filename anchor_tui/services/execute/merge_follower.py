"""Waits until the pull request of a plan can be merged, and until it is merged."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from anchor_tui.domain.actions.merge_readiness import ReadyToMerge, judge_readiness
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.repo_state import PullRequestState, describe_failed_checks
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForMergeable
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.services.execute.repo_access import RepoAccess
from anchor_tui.services.execute.step_support import Poller, ReportProgress, StepContext, StepFailed, Timeouts


async def wait_until_mergeable(
    step: WaitForMergeable,
    repo: RepoAccess,
    context: StepContext,
    timeouts: Timeouts,
    now: Callable[[], datetime],
    report: ReportProgress,
) -> str:
    """Wait until the checks pass and the rules of the branch are met. Set `merge_way` and what the merge needs.

    Raises StepFailed if waiting does not help: the pull request then stays open.
    """
    number, head_sha = step.number or context.number, step.head_sha or context.head_sha
    if number is None:
        raise StepFailed("failed", "there is no pull request to merge")
    words = "not readable yet"
    checks_start_until = time.monotonic() + timeouts.checks_start_s
    pulls = Poller(timeouts, report).poll(
        lambda: repo.read_pull_request(step.repository, number), timeouts.follow_s, timeouts.github_poll_s
    )
    async for pull in pulls:
        context.number, context.url, context.node_id = number, pull.url, pull.node_id
        if pull.state == "merged":
            context.merge_oid, context.merged_at = pull.merge_oid, pull.merged_at or now()
            return ""
        if pull.state == "closed":
            raise StepFailed("failed", f"#{number} was closed without being merged")
        may_start = time.monotonic() < checks_start_until
        match judge_readiness(pull, head_sha, step.required_checks, checks_may_start=may_start):
            case ReadyToMerge(way):
                context.merge_way, context.head_sha = way, head_sha
                return ""
            case Refusal(message=message):
                raise StepFailed("failed", f"#{number} stays open: {message}")
            case waiting:
                words = waiting.text
                report(words)
    raise StepFailed("unknown", f"#{number} is still open: {words}")


async def wait_for_merge(
    step: WaitForMerge,
    repo: RepoAccess,
    context: StepContext,
    timeouts: Timeouts,
    now: Callable[[], datetime],
    report: ReportProgress,
) -> str:
    """Wait until the pull request is merged, and report its checks and review. Raises StepFailed."""
    number = step.number or context.number
    if number is None:
        raise StepFailed("failed", "there is no pull request to follow")
    context.number = number
    words = "not readable yet"
    pulls = Poller(timeouts, report).poll(
        lambda: repo.read_pull_request(step.repository, number), timeouts.follow_s, timeouts.github_poll_s
    )
    async for pull in pulls:
        context.url = pull.url
        match pull.state:
            case "merged":
                context.merge_oid, context.merged_at = pull.merge_oid, pull.merged_at or now()
                by = f" by {pull.merged_by}" if pull.merged_by else ""
                return f"#{number} merged as {shorten_revision(pull.merge_oid)}{by}"
            case "closed":
                raise StepFailed("failed", f"#{number} was closed without being merged")
        words = _waiting_text(pull)
        report(words)
    raise StepFailed("unknown", f"#{number} is still open: {words}")


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

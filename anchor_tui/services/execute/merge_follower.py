"""Waits until the pull request of a plan can be merged, and finds out how the repository merges it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from anchor_tui.domain.actions.merge_readiness import ReadyToMerge, judge_readiness
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.wait_steps import WaitForMergeable
from anchor_tui.services.execute.github_steps import GitHubSteps
from anchor_tui.services.execute.step_support import Poller, ReportProgress, StepContext, StepFailed, Timeouts


async def wait_until_mergeable(
    step: WaitForMergeable,
    github: GitHubSteps,
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
        lambda: github.read_pull_request(step.repository, number), timeouts.follow_s, timeouts.github_poll_s
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

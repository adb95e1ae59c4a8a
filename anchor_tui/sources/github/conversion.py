"""Converts GitHub's GraphQL responses to the domain's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from anchor_tui.domain.model import ChecksStatus, PullRequest, RateBudget
from anchor_tui.sources.github.schema import (
    ChangedFile,
    ChangedFiles,
    CheckContext,
    CheckRollup,
    PullRequestNode,
    RateLimit,
)


def to_budget(*limits: RateLimit | None) -> RateBudget | None:
    """Return the budget after the last of several queries, with the cost of all of them."""
    known = [limit for limit in limits if limit]
    if not known:
        return None
    last = known[-1]
    return RateBudget(last.limit, last.remaining, sum(limit.cost for limit in known), to_utc(last.reset_at))


def to_pull_request(pull: PullRequestNode, *, checks_denied: bool) -> PullRequest:
    """Return a pull request without the environments that it changes, which depend on its files."""
    labels = (pull.labels.nodes if pull.labels else None) or []
    return PullRequest(
        number=pull.number,
        title=pull.title,
        url=pull.url,
        draft=pull.is_draft,
        author=pull.author.login if pull.author else None,
        labels=tuple(sorted(label.name for label in labels if label)),
        head_sha=pull.head_ref_oid,
        checks=summarize_rollup(pull.status_check_rollup, denied=checks_denied),
        review=pull.review_decision.lower() if pull.review_decision else None,
        mergeable=pull.mergeable.lower() if pull.mergeable else None,
        created_at=to_utc(pull.created_at) if pull.created_at else None,
    )


def summarize_required_checks(rollup: CheckRollup | None, required: frozenset[str], *, denied: bool) -> ChecksStatus:
    """Return the combined state of the required checks of the branch's head."""
    if not required:
        return "none"
    if denied or (rollup is not None and rollup.contexts is None):
        return "unknown"
    contexts = (rollup.contexts.nodes if rollup and rollup.contexts else None) or []
    reported = {check.name or check.context for check in contexts if check}
    states = {check_state(check) for check in contexts if check and (check.name or check.context) in required}
    if required - reported:
        states.add("pending")
    for state in ("failure", "unknown", "pending"):
        if state in states:
            return state
    return "success"


_CHECKS_BY_STATE: Mapping[str, ChecksStatus] = {
    "SUCCESS": "success",
    "NEUTRAL": "success",
    "SKIPPED": "success",
    "PENDING": "pending",
    "EXPECTED": "pending",
    "FAILURE": "failure",
    "ERROR": "failure",
    "TIMED_OUT": "failure",
    "CANCELLED": "failure",
    "STARTUP_FAILURE": "failure",
    "ACTION_REQUIRED": "pending",
    "STALE": "unknown",
}


def check_state(context: CheckContext) -> ChecksStatus:
    """Return the state of one check."""
    if context.status and context.status != "COMPLETED":
        return "pending"
    return _CHECKS_BY_STATE.get(context.conclusion or context.state or "", "unknown")


def summarize_rollup(rollup: CheckRollup | None, *, denied: bool) -> ChecksStatus:
    """Return the combined state of all checks of a commit."""
    if rollup is None:
        return "unknown" if denied else "none"
    return _CHECKS_BY_STATE.get(rollup.state or "", "unknown")


def list_changed_paths(pull: PullRequestNode) -> frozenset[str] | None:
    """Return the files that a pull request changes; None if GitHub lists only some of them."""
    files = pull.files or ChangedFiles()
    listed: Sequence[ChangedFile | None] = files.nodes or []
    return frozenset(file.path for file in listed if file) if files.total_count <= len(listed) else None


def to_utc(moment: datetime) -> datetime:
    """Convert a time to UTC."""
    return moment.astimezone(UTC)

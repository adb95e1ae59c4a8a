"""Converts GitHub's GraphQL responses to the domain's values."""

from __future__ import annotations

from collections.abc import Sequence

from anchor_tui.domain.model import PullRequest, RateBudget
from anchor_tui.sources.github.check_results import summarize_rollup
from anchor_tui.sources.github.schema import (
    ChangedFile,
    ChangedFiles,
    PullRequestNode,
    RateLimit,
)
from anchor_tui.sources.json_body import to_utc


def to_budget(*limits: RateLimit | None) -> RateBudget | None:
    """Return the budget after the last of several queries, with the cost of all of them."""
    known = [limit for limit in limits if limit]
    if not known:
        return None
    last = known[-1]
    reset_at = to_utc(last.reset_at)
    return RateBudget(last.limit, last.remaining, sum(limit.cost for limit in known), reset_at) if reset_at else None


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
        checks=summarize_rollup(pull.status_check_rollup, denied=checks_denied).state,
        review=pull.review_decision.lower() if pull.review_decision else None,
        mergeable=pull.mergeable.lower() if pull.mergeable else None,
        created_at=to_utc(pull.created_at),
    )


def list_changed_paths(pull: PullRequestNode) -> frozenset[str] | None:
    """Return the files that a pull request changes; None if GitHub lists only some of them."""
    files = pull.files or ChangedFiles()
    listed: Sequence[ChangedFile | None] = files.nodes or []
    return frozenset(file.path for file in listed if file) if files.total_count <= len(listed) else None

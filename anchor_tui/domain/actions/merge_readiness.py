"""Decides when a plan merges the pull request that it opened. It never merges a head that is not the plan's commit."""

from __future__ import annotations

from typing import TypeAlias

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.repo_state import PullRequestState, describe_failed_checks
from anchor_tui.domain.actions.steps import MergeWay
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject

MERGEABLE_STATES = frozenset({"clean", "has_hooks", "unstable"})
"""The merge states in which GitHub merges immediately."""


class ReadyToMerge(ValueObject, frozen=True):
    """The pull request can be merged now."""

    way: MergeWay


class NotReadyYet(ValueObject, frozen=True):
    """The pull request can be merged later. `text` names what is missing."""

    text: str


MergeReadiness: TypeAlias = ReadyToMerge | NotReadyYet | Refusal


def judge_readiness(
    pull: PullRequestState, head_sha: str, required_checks: tuple[str, ...], *, checks_may_start: bool
) -> MergeReadiness:
    """Return whether an open pull request with the commit `head_sha` can be merged.

    Checks that are not required do not count, unless none is required. `checks_may_start` is True shortly after the
    pull request was opened: GitHub then may not have started any check.
    """
    if (refusal := _final_refusal(pull, head_sha, required_checks)) is not None:
        return refusal
    missing = _missing_parts(pull, required_checks, checks_may_start=checks_may_start)
    if pull.queue_position is not None:
        return NotReadyYet(f"in the merge queue at {pull.queue_position}")
    if missing:
        return NotReadyYet(", ".join(missing))
    if pull.queue_required:
        return ReadyToMerge("queue")
    if pull.merge_state in MERGEABLE_STATES:
        return ReadyToMerge("merge")
    return NotReadyYet("GitHub does not allow the merge yet: the branch's rules are not met (o opens it)")


def _final_refusal(pull: PullRequestState, head_sha: str, required_checks: tuple[str, ...]) -> Refusal | None:
    """Return why waiting does not help; None if it may."""
    subject, url = f"#{pull.number}", pull.url
    if not head_sha:
        return Refusal(subject, "head", "the commit of this plan is unknown: review it, then merge it (m)", url)
    if pull.from_fork:
        return Refusal(subject, "fork", "it comes from a fork: review and merge it on GitHub", url)
    if pull.head_sha != head_sha:
        message = (
            f"its head is {shorten_revision(pull.head_sha)}, not the commit {shorten_revision(head_sha)} of this plan: "
            "review it, then merge it (m)"
        )
        return Refusal(subject, "head", message, url)
    if pull.draft:
        return Refusal(subject, "draft", "it is a draft: mark it as ready on GitHub, then merge it (m)", url)
    if pull.mergeable == "conflicting" or pull.merge_state == "dirty":
        return Refusal(subject, "conflict", "it conflicts with the branch: close it and create it again", url)
    if pull.review == "changes_requested":
        return Refusal(subject, "review", "a reviewer requested changes: resolve that on GitHub (o)", url)
    if failed := _relevant_checks(pull.failed_checks, required_checks):
        return Refusal(
            subject, "checks", f"its checks failed ({describe_failed_checks(pull, failed)}): see GitHub (o)", url
        )
    if pull.merge_state == "behind":
        return Refusal(subject, "behind", "its branch is behind the base branch: update it on GitHub (o)", url)
    if not required_checks and pull.merge_state != "clean" and pull.checks in {"failure", "unknown"}:
        return Refusal(subject, "checks", f"its checks are {pull.checks}: see GitHub (o), then merge it (m)", url)
    return None


def _missing_parts(pull: PullRequestState, required_checks: tuple[str, ...], *, checks_may_start: bool) -> list[str]:
    parts = []
    if pending := _relevant_checks(pull.pending_checks, required_checks):
        parts.append(f"checks pending ({', '.join(pending)})")
    elif not required_checks and pull.checks == "pending":
        parts.append("checks pending")
    elif not required_checks and pull.checks == "none" and checks_may_start:
        parts.append("no check has started yet")
    if pull.review == "review_required":
        parts.append("a review is required: waiting for an approval on GitHub (o)")
    if pull.merge_state == "unknown":
        parts.append("GitHub is still checking whether it can be merged")
    return parts


def _relevant_checks(names: tuple[str, ...], required_checks: tuple[str, ...]) -> list[str]:
    return [name for name in names if not required_checks or name in required_checks]

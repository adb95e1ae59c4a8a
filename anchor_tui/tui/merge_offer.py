"""Offer of a merge: if the pull request of an action can be merged, and the reason given for it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.targets import MERGEABLE_KINDS

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

_PULL_REQUEST_URL = re.compile(r"/pull/(\d+)$")
_CHECKS_ALLOW_MERGE = frozenset({"success", "none"})


def find_pull_request_number(job: Job) -> int | None:
    """Return the number of the pull request that an action opened, as soon as it exists."""
    if job.outcome is not None:
        numbers = [result.number for result in job.outcome.results if result.number is not None]
        if numbers:
            return numbers[0]
    found = _PULL_REQUEST_URL.search(job.url)
    return int(found[1]) if found else None


def explain_unmergeable(number: int, snapshot: Snapshot | None) -> str:
    """Return why a pull request cannot be merged now, or an empty string."""
    github = snapshot.find_source("github") if snapshot is not None else None
    if snapshot is None or github is None or github.state != "fresh":
        return f"GitHub is {github.state if github is not None else 'not read yet'}: the state of #{number} is unknown"
    pull = next((pull for pull in snapshot.all_pull_requests if pull.number == number), None)
    if pull is None:
        return f"#{number} is not open, or not read yet"
    if pull.kind not in MERGEABLE_KINDS:
        return f"#{number} is not a promotion, rollback or fix: merge it on GitHub (o)"
    if pull.draft:
        return f"#{number} is a draft"
    if pull.mergeable == "conflicting":
        return f"#{number} conflicts with the branch"
    if pull.review in {"changes_requested", "review_required"}:
        return f"#{number} waits for its review: {pull.review.replace('_', ' ')}"
    if pull.checks not in _CHECKS_ALLOW_MERGE:
        return f"the checks of #{number}: {pull.checks}"
    return ""


def find_earlier_reason(number: int | None, jobs: Sequence[Job]) -> str:
    """Return the reason that was given in this session for a pull request; empty if there is none."""
    for job in reversed(jobs):
        if number is not None and job.plan.order.reason and find_pull_request_number(job) == number:
            return job.plan.order.reason
    return ""

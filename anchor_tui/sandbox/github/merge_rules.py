"""The ways in which pull requests are merged: by request, by auto-merge or by the merge queue."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.github.accounts import QUEUE_BOT
from anchor_tui.sandbox.github.pull_requests import (
    HostedAutoMerge,
    HostedCheckRun,
    HostedPullRequest,
    HostedQueueEntry,
    MergeMethod,
    RuleViolationError,
)
from anchor_tui.sandbox.github.repository import HostedRepository

NOT_MERGEABLE = "Pull Request is not mergeable"
HEAD_MODIFIED = "Head branch was modified. Review and try the merge again."
METHOD_NAMES: dict[MergeMethod, str] = {"MERGE": "Merge commits", "SQUASH": "Squash merges", "REBASE": "Rebase merges"}
READY_STATES = frozenset({"CLEAN", "UNSTABLE", "HAS_HOOKS"})
"""Merge states in which a merge is possible."""


def uses_merge_queue(hosted: HostedRepository, pull: HostedPullRequest) -> bool:
    """Report whether only the merge queue may merge a pull request."""
    return hosted.merge_queue and pull.base in hosted.protected_branches


def list_unmet_rules(hosted: HostedRepository, pull: HostedPullRequest, time: datetime) -> list[str]:
    """Return the unmet rules of the base branch, in GitHub's words."""
    if pull.base not in hosted.protected_branches:
        return []
    runs = [run for run in hosted.newest_check_runs(pull.head, time) if run.app == "github-actions"]
    by_name = {run.name: run for run in runs}
    problems = {name: _describe_missing_check(by_name.get(name)) for name in hosted.required_checks}
    unmet = [f'Required status check "{name}" is {problem}.' for name, problem in problems.items() if problem]
    if count := hosted.required_reviews:
        match hosted.review_decision(pull):
            case "CHANGES_REQUESTED":
                unmet.append("Changes have been requested by a reviewer with write access.")
            case "REVIEW_REQUIRED":
                noun = "approving review is" if count == 1 else "approving reviews are"
                unmet.append(f"At least {count} {noun} required by reviewers with write access.")
    return unmet


def _describe_missing_check(run: HostedCheckRun | None) -> str:
    if run is None:
        return "expected"
    if run.status != "COMPLETED":
        return "queued" if run.status == "QUEUED" else "in progress"
    return "" if run.is_passed else "failing"


def compute_merge_state(
    hosted: HostedRepository, pull: HostedPullRequest, time: datetime, *, settled: bool = False
) -> str:
    """Return GitHub's `mergeStateStatus`. `settled` computes it as if the mergeability were already known."""
    mergeable = hosted.mergeable(pull, time + hosted.timings.mergeability if settled else time)
    if mergeable == "UNKNOWN":
        return "UNKNOWN"
    if mergeable == "CONFLICTING":
        return "DIRTY"
    if pull.draft:
        return "DRAFT"
    if list_unmet_rules(hosted, pull, time):
        return "BLOCKED"
    if hosted.strict_checks and hosted.is_behind(pull):
        return "BEHIND"
    return "CLEAN" if all(run.is_passed for run in hosted.newest_check_runs(pull.head, time)) else "UNSTABLE"


def merge_pull_request(
    hosted: HostedRepository,
    pull: HostedPullRequest,
    *,
    by: str,
    time: datetime,
    method: MergeMethod,
    expected: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge a pull request if the rules allow it, and return the new commit id. Raises RuleViolationError."""
    if pull.state != "OPEN":
        raise RuleViolationError(NOT_MERGEABLE, status=405)
    if pull.draft:
        raise RuleViolationError("Pull Request is still a draft", status=405)
    _require_expected_head(pull, expected)
    if uses_merge_queue(hosted, pull):
        raise RuleViolationError("Changes must be made through the merge queue", status=405)
    if method not in hosted.merge_methods:
        raise RuleViolationError(f"{METHOD_NAMES[method]} are not allowed on this repository.", status=405)
    if hosted.refuse_next_merges:
        hosted.refuse_next_merges -= 1
        raise RuleViolationError("Base branch was modified. Review and try the merge again.", status=405)
    if _has_conflict(hosted, pull, time):
        raise RuleViolationError(NOT_MERGEABLE, status=405)
    if unmet := list_unmet_rules(hosted, pull, time):
        raise RuleViolationError(" ".join(unmet), status=405)
    if hosted.strict_checks and hosted.is_behind(pull):
        raise RuleViolationError("The head branch is not up to date with the base branch.", status=405)
    return hosted.merge_pull_request(pull.number, by=by, time=time, method=method, title=title, message=message)


def _require_expected_head(pull: HostedPullRequest, expected: str | None) -> None:
    if expected is not None and expected != pull.head:
        raise RuleViolationError(HEAD_MODIFIED, status=409)


def enable_auto_merge(
    hosted: HostedRepository, pull: HostedPullRequest, auto_merge: HostedAutoMerge, expected: str | None
) -> None:
    """Enable auto-merge. Refused if the pull request can be merged now, or never."""
    if not hosted.allow_auto_merge:
        raise RuleViolationError("Pull request Auto merge is not allowed for this repository")
    if pull.state != "OPEN":
        raise RuleViolationError(f"Pull request Pull request is {pull.state.lower()}")
    _require_expected_head(pull, expected)
    if auto_merge.method not in hosted.merge_methods and not uses_merge_queue(hosted, pull):
        raise RuleViolationError(
            f"Merge method {METHOD_NAMES[auto_merge.method].lower()} are not allowed on this repository"
        )
    state = compute_merge_state(hosted, pull, auto_merge.enabled_at, settled=True)
    if state in {*READY_STATES, "DRAFT", "DIRTY"}:
        raise RuleViolationError(f"Pull request Pull request is in {state.lower()} status")
    pull.auto_merge = auto_merge
    pull.updated_at = auto_merge.enabled_at


def enqueue_pull_request(
    hosted: HostedRepository, pull: HostedPullRequest, *, time: datetime, expected: str | None
) -> HostedQueueEntry:
    """Add a pull request to the end of the merge queue."""
    if not uses_merge_queue(hosted, pull):
        raise RuleViolationError("Merge queue is not enabled for the base branch")
    if pull.state != "OPEN" or pull.draft:
        raise RuleViolationError("Pull request is not in a mergeable state")
    _require_expected_head(pull, expected)
    if pull.queue_entry:
        raise RuleViolationError("Pull request is already in the queue")
    if _has_conflict(hosted, pull, time):
        raise RuleViolationError("Pull request has merge conflicts")
    if unmet := list_unmet_rules(hosted, pull, time):
        raise RuleViolationError(f"Pull request {' '.join(unmet)}")
    fails = bool(hosted.failing_checks.intersection(hosted.required_checks))
    entry = HostedQueueEntry(time, fails)
    pull.queue_entry, pull.auto_merge, pull.updated_at = entry, None, time
    return entry


def _has_conflict(hosted: HostedRepository, pull: HostedPullRequest, time: datetime) -> bool:
    """Report whether the merge has a conflict, as GitHub will report after a while."""
    return hosted.mergeable(pull, time + hosted.timings.mergeability) == "CONFLICTING"


def dequeue_pull_request(pull: HostedPullRequest, time: datetime) -> HostedQueueEntry:
    """Remove a pull request from the merge queue."""
    entry = pull.queue_entry
    if entry is None:
        raise RuleViolationError("Pull request is not in the queue")
    pull.queue_entry, pull.updated_at = None, time
    return entry


def list_queue(hosted: HostedRepository) -> list[HostedPullRequest]:
    """Return the pull requests in the merge queue, the next one first."""
    waiting = [
        (pull.queue_entry.enqueued_at, pull.number, pull) for pull in hosted.pull_requests.values() if pull.queue_entry
    ]
    return [pull for *_, pull in sorted(waiting, key=lambda entry: entry[:2])]


def compute_queue_state(hosted: HostedRepository, entry: HostedQueueEntry, time: datetime) -> str:
    """Return GitHub's state of an entry in the merge queue."""
    since = time - entry.enqueued_at
    if since < hosted.timings.queued:
        return "QUEUED"
    if since < hosted.timings.queued + hosted.timings.running:
        return "AWAITING_CHECKS"
    return "UNMERGEABLE" if entry.fails else "MERGEABLE"


def run_due_merges(hosted: HostedRepository, now: datetime) -> None:
    """Merge the pull requests that wait for auto-merge or in the queue and are ready."""
    for pull in list(hosted.pull_requests.values()):
        auto_merge = pull.auto_merge
        if auto_merge is None or compute_merge_state(hosted, pull, now) not in READY_STATES:
            continue
        if uses_merge_queue(hosted, pull):
            enqueue_pull_request(hosted, pull, time=now, expected=None)
        else:
            hosted.merge_pull_request(
                pull.number,
                by=auto_merge.by,
                time=now,
                method=auto_merge.method,
                title=auto_merge.headline,
                message=auto_merge.body,
            )
    for pull in list_queue(hosted):
        entry = pull.queue_entry
        assert entry is not None
        state = compute_queue_state(hosted, entry, now)
        if state in {"QUEUED", "AWAITING_CHECKS"}:
            break
        if state == "UNMERGEABLE" or _has_conflict(hosted, pull, now):
            dequeue_pull_request(pull, now)
            continue
        hosted.merge_pull_request(pull.number, by=QUEUE_BOT, time=now)

"""The merge state of a pull request in words: what it waits for, or why it cannot be merged."""

from __future__ import annotations

from typing import Literal

from anchor_tui.domain.inspection.pull_request_details import PullRequestDetails
from anchor_tui.domain.model import ValueObject
from anchor_tui.domain.status_marks import StatusMark

MergeLevel = Literal["ready", "waiting", "blocked", "merged", "closed", "unknown"]
MAX_NAMED_CHECKS = 5
_MARKS: dict[MergeLevel, StatusMark] = {
    "ready": StatusMark.OK,
    "waiting": StatusMark.PROGRESS,
    "blocked": StatusMark.ATTENTION,
    "merged": StatusMark.OK,
    "closed": StatusMark.NONE,
    "unknown": StatusMark.UNKNOWN,
}


class MergeState(ValueObject, frozen=True):
    """The level, and one sentence for each thing that prevents the merge."""

    level: MergeLevel
    reasons: tuple[str, ...]

    @property
    def mark(self) -> StatusMark:
        """The mark of the level."""
        return _MARKS[self.level]

    def __str__(self) -> str:
        return "; ".join(self.reasons)


def describe_merge_state(pull: PullRequestDetails) -> MergeState:
    """Return the merge state. GitHub does not report which checks are required, so all of them are named."""
    if pull.state == "merged":
        return MergeState("merged", (f"merged into {pull.base}" + (f" by {pull.merged_by}" if pull.merged_by else ""),))
    if pull.state != "open":
        return MergeState("closed", ("closed without a merge",))
    blocked = _list_obstacles(pull)
    waiting = _list_pending_parts(pull)
    if blocked:
        return MergeState("blocked", (*blocked, *waiting))
    if waiting:
        return MergeState("waiting", tuple(waiting))
    match pull.merge_state:
        case "clean" | "has_hooks":
            return MergeState("ready", ("can be merged",))
        case "unstable":
            return MergeState("ready", ("can be merged: the checks that did not pass are not required",))
        case "blocked":
            return MergeState("blocked", (f"blocked by the rules of {pull.base or 'the branch'}",))
        case _:
            return MergeState("unknown", ("GitHub is still checking whether it can be merged",))


def _list_obstacles(pull: PullRequestDetails) -> list[str]:
    """Return what an operator has to resolve."""
    base = pull.base or "the base branch"
    found = []
    if pull.draft or pull.merge_state == "draft":
        found.append("draft: mark it as ready on GitHub")
    if pull.mergeable == "conflicting" or pull.merge_state == "dirty":
        found.append(f"conflicts with {base}")
    if pull.merge_state == "behind":
        found.append(f"its branch is behind {base}: update it on GitHub")
    if pull.review == "changes_requested":
        found.append("a reviewer requested changes")
    failed = pull.list_checks("failure")
    if failed and pull.merge_state != "unstable":
        found.append(f"failed checks: {_join_checks(failed)}")
    return found


def _list_pending_parts(pull: PullRequestDetails) -> list[str]:
    """Return what resolves without a change of the pull request."""
    found = []
    if pull.queue_position is not None:
        found.append(f"in the merge queue at {pull.queue_position}")
    pending = pull.list_checks("pending")
    if pending and pull.merge_state != "unstable":
        found.append(f"pending checks: {_join_checks(pending)}")
    if pull.review == "review_required":
        found.append("a review is required")
    if found and pull.auto_merge:
        found.append("auto-merge is enabled: GitHub merges it when its checks pass")
    return found


def _join_checks(names: tuple[str, ...]) -> str:
    rest = len(names) - MAX_NAMED_CHECKS
    return ", ".join(names[:MAX_NAMED_CHECKS]) + (f" and {rest} more" if rest > 0 else "")

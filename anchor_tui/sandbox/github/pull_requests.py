"""A pull request and what belongs to it, as plain values. What happens to them is in `hosting` and `landing`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

CheckConclusion = Literal["SUCCESS", "FAILURE"]
Mergeable = Literal["MERGEABLE", "CONFLICTING", "UNKNOWN"]
MergeMethod = Literal["MERGE", "SQUASH", "REBASE"]


class RuleViolationError(Exception):
    """What GitHub refuses; the message is its own.

    `status` is REST's, `kind` GraphQL's `type`. With `errors`, REST says "Validation Failed" and lists them.
    `permission` is the one that the token lacks.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 422,
        kind: str = "UNPROCESSABLE",
        errors: tuple[dict[str, str], ...] = (),
        permission: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.errors, self.permission = status, kind, errors, permission


@dataclass(frozen=True, slots=True)
class CheckTimings:
    """How long things take on GitHub: checks, the runs of other workflows, and whether a branch merges."""

    queued: timedelta = timedelta(seconds=3)
    running: timedelta = timedelta(seconds=40)
    mergeability: timedelta = timedelta(0)
    """After a push, for so long nobody knows whether the branch merges."""
    run_queued: timedelta = timedelta(seconds=2)
    run_running: timedelta = timedelta(seconds=12)


FAST_CHECK_TIMINGS = CheckTimings(
    queued=timedelta(seconds=0.05),
    running=timedelta(seconds=0.2),
    run_queued=timedelta(seconds=0.05),
    run_running=timedelta(seconds=0.1),
)
"""A pace for those who wait by the wall clock."""


@dataclass(frozen=True, slots=True)
class HostedReview:
    """An opinion on a pull request."""

    author: str
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]
    submitted_at: datetime
    commit: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class HostedAutoMerge:
    """Who wants it merged as soon as it may be, and how."""

    by: str
    enabled_at: datetime
    method: MergeMethod
    headline: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class HostedQueueEntry:
    """Its place in the merge queue: whoever came earlier is merged earlier."""

    by: str
    enqueued_at: datetime
    head: str
    fails: bool = False
    """The checks of the queue will not pass."""


@dataclass(slots=True)
class HostedPullRequest:
    """A pull request. `head` is its newest commit, `base_sha` where its base branch stood when it was opened, or
    just before it was merged.
    """

    number: int
    title: str
    author: str
    branch: str
    head: str
    base: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    body: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviews: tuple[HostedReview, ...] = ()
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    closed_at: datetime | None = None
    pushed_at: datetime | None = None
    """When its head last moved."""
    auto_merge: HostedAutoMerge | None = None
    queue_entry: HostedQueueEntry | None = None
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @property
    def state(self) -> Literal["OPEN", "MERGED", "CLOSED"]:
        """GitHub's word for where it stands."""
        if self.merged_at:
            return "MERGED"
        return "CLOSED" if self.closed_at else "OPEN"


@dataclass(frozen=True, slots=True)
class HostedCheckRun:
    """One run of a check, as it stands at an instant."""

    id: int
    name: str
    workflow: str
    status: Literal["QUEUED", "IN_PROGRESS", "COMPLETED"]
    conclusion: CheckConclusion | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(slots=True)
class HostedActionSettings:
    """Variables and secrets for workflows, of a repository, an organisation or an environment."""

    variables: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

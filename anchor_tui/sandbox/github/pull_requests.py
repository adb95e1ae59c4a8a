"""Pull requests and their parts as plain values. `repository` and `merge_rules` change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

CheckConclusion = Literal[
    "ACTION_REQUIRED",
    "CANCELLED",
    "FAILURE",
    "NEUTRAL",
    "SKIPPED",
    "STALE",
    "STARTUP_FAILURE",
    "SUCCESS",
    "TIMED_OUT",
]
Mergeable = Literal["MERGEABLE", "CONFLICTING", "UNKNOWN"]
MergeMethod = Literal["MERGE", "SQUASH", "REBASE"]


class RuleViolationError(Exception):
    """A request that GitHub refuses, with its message.

    `status` is for REST, `kind` for GraphQL's `type`. With `errors`, REST reports "Validation Failed" and lists them.
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
    """Durations on GitHub: checks, workflow runs and the computation of mergeability."""

    queued: timedelta = timedelta(seconds=3)
    running: timedelta = timedelta(seconds=40)
    mergeability: timedelta = timedelta(0)
    """The time after a push during which the mergeability is unknown."""
    run_queued: timedelta = timedelta(seconds=2)
    run_running: timedelta = timedelta(seconds=12)


FAST_CHECK_TIMINGS = CheckTimings(
    queued=timedelta(seconds=0.05),
    running=timedelta(seconds=0.2),
    run_queued=timedelta(seconds=0.05),
    run_running=timedelta(seconds=0.1),
)
"""Short durations for tests on the wall clock."""


@dataclass(frozen=True, slots=True)
class HostedReview:
    """A review of a pull request."""

    author: str
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]
    submitted_at: datetime
    commit: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class HostedComment:
    """A comment of a review."""

    author: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HostedThread:
    """The comments on one line of a file. `line` is None if the line is not part of the diff any more."""

    path: str
    line: int | None
    original_line: int
    comments: tuple[HostedComment, ...]
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class HostedAutoMerge:
    """A request for auto-merge."""

    by: str
    enabled_at: datetime
    method: MergeMethod
    headline: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class HostedQueueEntry:
    """An entry of the merge queue; entries are merged in the order of `enqueued_at`."""

    enqueued_at: datetime
    fails: bool = False
    """The checks in the queue will fail."""


@dataclass(slots=True)
class HostedPullRequest:
    """A pull request.

    `head` is its newest commit. `base_sha` is the commit of its base branch when it was opened, or just before it was
    merged.
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
    threads: tuple[HostedThread, ...] = ()
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    closed_at: datetime | None = None
    pushed_at: datetime | None = None
    """The time of the last push to its branch."""
    auto_merge: HostedAutoMerge | None = None
    queue_entry: HostedQueueEntry | None = None
    reviewers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    fork_owner: str | None = None
    """The owner of the fork that contains its branch; None if this repository does."""

    @property
    def ref(self) -> str:
        """The name of its branch in the git repository: a branch of a fork is `owner:branch`."""
        return f"{self.fork_owner}:{self.branch}" if self.fork_owner else self.branch

    @property
    def state(self) -> Literal["OPEN", "MERGED", "CLOSED"]:
        """GitHub's state of the pull request."""
        if self.merged_at:
            return "MERGED"
        return "CLOSED" if self.closed_at else "OPEN"


@dataclass(frozen=True, slots=True)
class HostedCheckRun:
    """A check run at one time."""

    id: int
    name: str
    workflow: str
    status: Literal["QUEUED", "IN_PROGRESS", "COMPLETED"]
    conclusion: CheckConclusion | None
    started_at: datetime | None
    completed_at: datetime | None
    app: str = "github-actions"
    """The slug of the app that reported it."""

    @property
    def is_passed(self) -> bool:
        """Report whether it satisfies a required check."""
        return self.conclusion in {"SUCCESS", "NEUTRAL", "SKIPPED"}

    @property
    def is_failed(self) -> bool:
        """Report whether it ended without satisfying a required check."""
        return self.conclusion is not None and not self.is_passed


@dataclass(slots=True)
class HostedActionSettings:
    """Variables and secrets of a repository, an organisation or an environment."""

    variables: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

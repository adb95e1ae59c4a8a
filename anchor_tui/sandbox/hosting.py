"""What GitHub keeps around a git repository: accounts, pull requests, check runs, branch rules.

Methods take the time at which something happens, so that the past can be told as well as the present.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from anchor_tui.sandbox.merging import merge_texts
from anchor_tui.sandbox.repository import Entry, Person, Repository

Conclusion = Literal["SUCCESS", "FAILURE"]
Mergeable = Literal["MERGEABLE", "CONFLICTING", "UNKNOWN"]


class HostingError(Exception):
    """What GitHub refuses; the message is its own."""


ACCOUNTS: dict[str, Person] = {
    login: Person(name, f"{login}@anchor.example", login)
    for login, name in {
        "a.lee": "Ada Lee",
        "m.ito": "Mika Ito",
        "s.okafor": "Sade Okafor",
        "anchor-bot": "anchor-bot",
        "on-call": "On Call",
    }.items()
}
BOTS = frozenset({"anchor-bot"})
ORGANISATION = "anchor"

CODE_OWNERS: Mapping[str, str] = {
    "environments/prod/": "anchor/on-call",
    "infra/helm/platform/environments/prod/": "anchor/on-call",
    "infra/argocd/": "anchor/platform",
}
"""Who owns what, as .github/CODEOWNERS says."""


@dataclass(frozen=True, slots=True)
class ChecksPace:
    """How long checks take."""

    queued: timedelta = timedelta(seconds=3)
    running: timedelta = timedelta(seconds=40)
    mergeability: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Review:
    """An opinion on a pull request."""

    author: str
    state: Literal["APPROVED", "CHANGES_REQUESTED"]
    submitted_at: datetime
    commit: str


@dataclass(slots=True)
class PullRequest:
    """A pull request. `head` is its newest commit, `base_sha` where its base branch stood when it was opened."""

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
    reviews: tuple[Review, ...] = ()
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    closed_at: datetime | None = None

    @property
    def state(self) -> Literal["OPEN", "MERGED", "CLOSED"]:
        """GitHub's word for where it stands."""
        if self.merged_at:
            return "MERGED"
        return "CLOSED" if self.closed_at else "OPEN"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of the required check, as it stands at an instant."""

    id: int
    name: str
    workflow: str
    status: Literal["QUEUED", "IN_PROGRESS", "COMPLETED"]
    conclusion: Conclusion | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(slots=True)
class ActionSettings:
    """Variables and secrets for workflows, of a repository, an organisation or an environment."""

    variables: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


LABEL_COLOURS = {"promotion": "0e8a16", "rollback": "d93f0b", "bump": "1d76db", "documentation": "0075ca"}


@dataclass(slots=True)
class HostedRepository:
    """One repository on GitHub: git, and what surrounds it."""

    full_name: str
    id: int
    git: Repository = field(default_factory=Repository)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    former_names: tuple[str, ...] = ()
    pace: ChecksPace = field(default_factory=ChecksPace)
    required_check: str | None = "release-contract"
    required_approvals: int = 1
    conclusions: dict[str, Conclusion] = field(default_factory=dict)
    """What the checks of a commit come to, where it is not success."""
    pushed_at: dict[str, datetime] = field(default_factory=dict)
    merged: dict[str, int] = field(default_factory=dict)
    """Commit → number of the pull request that brought it."""

    settings: ActionSettings = field(default_factory=ActionSettings)
    shared: ActionSettings = field(default_factory=ActionSettings)
    """What the organisation shares with it."""
    environments: dict[str, ActionSettings] = field(default_factory=dict)
    set_at: datetime = datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)
    """When the settings were made."""

    def __post_init__(self) -> None:
        self.git.on_push.append(self._pushed)

    def _pushed(self, branch: str, sha: str, time: datetime) -> None:
        self.pushed_at[sha] = time
        for pull in self.pulls.values():
            if pull.branch == branch and pull.state == "OPEN":
                pull.head, pull.updated_at = sha, time

    @property
    def owner(self) -> str:
        """The organisation."""
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        """The name without its owner."""
        return self.full_name.split("/")[1]

    # --- pull requests ---------------------------------------------------------------------------

    def open_pull(
        self,
        title: str,
        *,
        branch: str,
        author: str,
        time: datetime,
        number: int | None = None,
        body: str = "",
        draft: bool = False,
        labels: tuple[str, ...] = (),
    ) -> PullRequest:
        """Open a pull request of a branch that exists, into the default branch."""
        head, base = self.git.branches.get(branch), self.git.default_branch
        if head is None:
            raise HostingError("Validation Failed")
        number = number or max(self.pulls, default=0) + 1
        pull = PullRequest(number, title, author, branch, head, base, self.git.head, time, time, body, draft, labels)
        self.pulls[number] = pull
        return pull

    def merge_pull(self, number: int, *, by: str, time: datetime) -> str:
        """Squash a pull request onto its base, delete its branch, and return the new commit's sha."""
        pull = self.pulls[number]
        if pull.state != "OPEN" or pull.draft:
            raise HostingError("Pull Request is not mergeable")
        files = self._merged_files(pull)
        if files is None:
            raise HostingError("Pull Request is not mergeable")
        sha = self.git.commit(
            files,
            f"{pull.title} (#{number})",
            author=ACCOUNTS[pull.author],
            time=time,
            branch=pull.base,
        )
        pull.merged_at = pull.closed_at = pull.updated_at = time
        pull.merged_by, pull.merge_commit = by, sha
        self.merged[sha] = number
        del self.git.branches[pull.branch]
        return sha

    def pull_changes(self, pull: PullRequest) -> dict[str, tuple[Entry | None, Entry | None]]:
        """What a pull request changes, against where it left its base."""
        start = self.git.merge_base(pull.base_sha, pull.head) or pull.base_sha
        return self.git.changes(start, pull.head)

    def mergeable(self, pull: PullRequest, time: datetime) -> Mergeable:
        """Whether it merges: not known at once, and not if its base changed the same lines since."""
        if time - pull.updated_at < self.pace.mergeability:
            return "UNKNOWN"
        return "CONFLICTING" if self._merged_files(pull) is None else "MERGEABLE"

    def _merged_files(self, pull: PullRequest) -> dict[str, bytes | None] | None:
        """What a merge would write: path → content, None where it deletes; None if it cannot be done."""
        start = self.git.merge_base(pull.base_sha, pull.head) or pull.base_sha
        moved = self.git.changes(start, self.git.branches[pull.base])
        files: dict[str, bytes | None] = {}
        for path, (before, ours) in self.git.changes(start, pull.head).items():
            theirs = moved[path][1] if path in moved else before
            if path not in moved or (theirs and theirs.sha) == (ours and ours.sha):
                files[path] = self.git.blob(ours.sha) if ours else None
                continue
            if before is None or ours is None or theirs is None:
                return None
            merged = merge_texts(*(self.git.text(entry.sha) for entry in (before, ours, theirs)))
            if merged is None:
                return None
            files[path] = merged.encode()
        return files

    def review_decision(self, pull: PullRequest) -> str | None:
        """GitHub's summary of the reviews."""
        if not self.required_approvals:
            return None
        states = {review.author: review.state for review in pull.reviews}
        if "CHANGES_REQUESTED" in states.values():
            return "CHANGES_REQUESTED"
        approved = sum(state == "APPROVED" for state in states.values())
        return "APPROVED" if approved >= self.required_approvals else "REVIEW_REQUIRED"

    def merge_state(self, pull: PullRequest, time: datetime) -> str:
        """GitHub's `mergeStateStatus`."""
        mergeable = self.mergeable(pull, time)
        if mergeable == "UNKNOWN":
            return "UNKNOWN"
        if mergeable == "CONFLICTING":
            return "DIRTY"
        if pull.draft:
            return "DRAFT"
        checks = self.rollup(pull.head, time)
        if self.review_decision(pull) in {"REVIEW_REQUIRED", "CHANGES_REQUESTED"}:
            return "BLOCKED"
        return "CLEAN" if checks in {"SUCCESS", None} else "BLOCKED"

    def code_owners(self, pull: PullRequest) -> Iterator[str]:
        """The teams that own what it changes and have not been heard yet."""
        if pull.draft or self.review_decision(pull) == "APPROVED":
            return
        paths = self.pull_changes(pull)
        owners = (team for start, team in CODE_OWNERS.items() if any(path.startswith(start) for path in paths))
        yield from dict.fromkeys(owners)

    # --- checks ----------------------------------------------------------------------------------

    def check_runs(self, sha: str, time: datetime) -> tuple[CheckRun, ...]:
        """The checks of a commit as they stand at an instant; a commit in the middle of a push has none."""
        pushed = self.pushed_at.get(sha)
        if pushed is None or self.required_check is None:
            return ()
        started = pushed + self.pace.queued
        completed = started + self.pace.running
        number = int(hashlib.sha256(sha.encode()).hexdigest()[:8], 16)
        if time < started:
            return (CheckRun(number, self.required_check, "sync", "QUEUED", None, None, None),)
        if time < completed:
            return (CheckRun(number, self.required_check, "sync", "IN_PROGRESS", None, started, None),)
        conclusion = self.conclusions.get(sha, "SUCCESS")
        return (CheckRun(number, self.required_check, "sync", "COMPLETED", conclusion, started, completed),)

    def rollup(self, sha: str, time: datetime) -> str | None:
        """The state of all checks of a commit together; None where there are none."""
        runs = self.check_runs(sha, time)
        if not runs:
            return None
        if any(run.conclusion == "FAILURE" for run in runs):
            return "FAILURE"
        return "SUCCESS" if all(run.conclusion == "SUCCESS" for run in runs) else "PENDING"

"""A repository on GitHub: pull requests, check runs and branch rules around a git repository.

Methods take the time of the event, so that they serve the history and the present. They do not check permissions:
`writes` and `merge_rules` do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from anchor_tui.sandbox.git.objects import TreeChanges
from anchor_tui.sandbox.git.repository import MemoryRepository
from anchor_tui.sandbox.github.accounts import ACCOUNTS, CODE_OWNERS
from anchor_tui.sandbox.github.pull_requests import (
    CheckConclusion,
    CheckTimings,
    HostedActionSettings,
    HostedCheckRun,
    HostedPullRequest,
    Mergeable,
    MergeMethod,
    RuleViolationError,
)
from anchor_tui.sandbox.github.workflow_runs import HostedWorkflowRun

FIRST_RUN_ID = 8_000_000_000
WorkflowJob = Callable[["HostedRepository", HostedWorkflowRun, datetime], None]


@dataclass(slots=True)
class HostedRepository:
    """A repository on GitHub. Every attribute that is not history is a switch for tests."""

    full_name: str
    id: int
    git: MemoryRepository = field(default_factory=MemoryRepository)
    pull_requests: dict[int, HostedPullRequest] = field(default_factory=dict)
    former_names: tuple[str, ...] = ()
    timings: CheckTimings = field(default_factory=CheckTimings)

    checks: tuple[str, ...] = ("release-contract",)
    """The checks of a pull request and of each commit of the default branch."""
    required_checks: tuple[str, ...] = ("release-contract",)
    strict_checks: bool = False
    """A branch must contain the newest commit of its base."""
    required_reviews: int = 0
    """The number of approvals that a merge needs."""
    protected_branches: set[str] = field(default_factory=lambda: {"main"})
    """Branches that change only by pull requests."""
    merge_queue: bool = False
    """Protected branches are merged into by a merge queue."""
    merge_methods: set[MergeMethod] = field(default_factory=lambda: {"SQUASH"})
    allow_auto_merge: bool = True
    delete_branch_on_merge: bool = True
    can_write: bool = True
    """The viewer's role includes write access."""
    token_lacks: set[str] = field(default_factory=set)
    """Permissions that the role has but the token lacks: contents, pull_requests, actions, ..."""
    is_archived: bool = False
    failing_checks: set[str] = field(default_factory=set)
    """Names of checks that fail for commits whose checks start from now on."""
    failing_workflows: set[str] = field(default_factory=set)
    """File names of workflows whose runs, dispatched from now on, fail."""
    refuse_next_merges: int = 0
    """The number of merges to refuse with "Base branch was modified"."""

    check_conclusions: dict[str, CheckConclusion] = field(default_factory=dict)
    """Commit → conclusion of its checks, if it is not SUCCESS."""
    checks_requested_at: dict[str, datetime] = field(default_factory=dict)
    """Commit → the time at which its checks were requested."""
    failed_checks: dict[str, frozenset[str]] = field(default_factory=dict)
    reported_check_runs: dict[str, list[HostedCheckRun]] = field(default_factory=dict)
    """Commit → further check runs: superseded ones, re-runs, and those of other apps."""
    pull_request_by_commit: dict[str, int] = field(default_factory=dict)
    """Commit → number of the pull request that it merged."""
    signed_commits: set[str] = field(default_factory=set)
    """Commits created and signed by GitHub."""
    workflow_jobs: dict[str, WorkflowJob] = field(default_factory=dict)
    """File name of a workflow → the work of its runs."""
    workflow_runs: list[HostedWorkflowRun] = field(default_factory=list)
    """Dispatched workflow runs, the oldest first."""

    repository_settings: HostedActionSettings = field(default_factory=HostedActionSettings)
    organisation_settings: HostedActionSettings = field(default_factory=HostedActionSettings)
    """The settings that the organisation shares with the repository."""
    environments: dict[str, HostedActionSettings] = field(default_factory=dict)
    settings_changed_at: datetime = datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)
    """The time at which the settings were changed last."""

    def __post_init__(self) -> None:
        self.git.on_push.append(self._on_push)

    def _on_push(self, branch: str, sha: str, time: datetime) -> None:
        if branch == self.git.default_branch:
            self.start_checks(sha, time)
        for pull in self.pull_requests.values():
            if pull.ref == branch and pull.state == "OPEN" and pull.head != sha:
                pull.head, pull.updated_at, pull.pushed_at, pull.queue_entry = sha, time, time, None
                pull.reviews = tuple(
                    replace(review, state="DISMISSED") if review.state == "APPROVED" else review
                    for review in pull.reviews
                )
                self.start_checks(sha, time)

    @property
    def owner(self) -> str:
        """The name of the organisation."""
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self.full_name.split("/")[1]

    # --- pull requests ---------------------------------------------------------------------------

    def open_pull_request(
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
        by_workflow: bool = False,
        fork_owner: str | None = None,
    ) -> HostedPullRequest:
        """Open a pull request of an existing branch into the default branch.

        One that a workflow opens with its own token starts no checks. With `fork_owner` the branch is one of a fork.
        In the git repository its name is `fork_owner:branch`, which no branch of this repository can have.
        """
        head = self.git.branches.get(f"{fork_owner}:{branch}" if fork_owner else branch)
        base = self.git.default_branch
        if head is None:
            raise RuleViolationError("Validation Failed")
        number = number or max(self.pull_requests, default=0) + 1
        pull = HostedPullRequest(
            number, title, author, branch, head, base, self.git.head, time, time, body, draft, labels
        )
        pull.pushed_at, pull.fork_owner = time, fork_owner
        self.pull_requests[number] = pull
        if not by_workflow:
            self.start_checks(head, time)
        return pull

    def merge_pull_request(
        self,
        number: int,
        *,
        by: str,
        time: datetime,
        method: MergeMethod = "SQUASH",
        title: str | None = None,
        message: str | None = None,
    ) -> str:
        """Merge a pull request without checking the rules, and return the new commit id."""
        pull = self.pull_requests[number]
        base = self.git.branches[pull.base]
        tree = self._merge_tree(pull)
        if pull.state != "OPEN" or pull.draft or tree is None:
            raise RuleViolationError("Pull Request is not mergeable", status=405)
        if method == "REBASE":
            sha = self._rebase(pull, time)
        else:
            squash = method == "SQUASH"
            usual = f"Merge pull request #{number} from {pull.fork_owner or self.owner}/{pull.branch}\n\n{pull.title}"
            usual = f"{pull.title} (#{number})" if squash else usual
            first, _, rest = usual.partition("\n\n")
            sha = self.git.commit_tree(
                tree,
                f"{title or first}\n\n{rest if message is None else message}".rstrip("\n"),
                author=ACCOUNTS[pull.author if squash else by],
                time=time,
                branch=pull.base,
                parents=(base,) if squash else (base, pull.head),
            )
        self.pull_request_by_commit[sha] = number
        pull.base_sha, pull.merged_by, pull.merge_commit = base, by, sha
        pull.merged_at = pull.closed_at = pull.updated_at = time
        pull.auto_merge = pull.queue_entry = None
        if self.delete_branch_on_merge and not pull.fork_owner and self.git.branches.get(pull.branch) == pull.head:
            del self.git.branches[pull.branch]
        return sha

    def _rebase(self, pull: HostedPullRequest, time: datetime) -> str:
        """Apply the commits of a pull request one by one to its base."""
        for commit in reversed(self.git.list_history(pull.head, exclude=self.merge_base(pull))):
            base = self.git.branches[pull.base]
            tree = self.git.merge_commits(commit.parents[0], base, commit.sha)
            if tree is None:
                raise RuleViolationError("Pull Request is not mergeable", status=405)
            self.git.commit_tree(
                tree, commit.message, author=commit.author, time=time, branch=pull.base, parents=(base,)
            )
        return self.git.branches[pull.base]

    def changed_files(self, pull: HostedPullRequest) -> TreeChanges:
        """Return the changes of a pull request since its merge base."""
        return self.git.diff_commits(self.merge_base(pull), pull.head)

    def merge_base(self, pull: HostedPullRequest) -> str:
        """Return the merge base of a pull request."""
        base = self.git.branches.get(pull.base, pull.base_sha) if pull.state == "OPEN" else pull.base_sha
        return self.git.find_merge_base(base, pull.head) or pull.base_sha

    def _merge_tree(self, pull: HostedPullRequest) -> str | None:
        """Return the tree that a merge results in; None if there is a conflict."""
        return self.git.merge_commits(self.merge_base(pull), self.git.branches[pull.base], pull.head)

    def mergeable(self, pull: HostedPullRequest, time: datetime) -> Mergeable:
        """Return whether a pull request can be merged: UNKNOWN for a while after a push, CONFLICTING, or MERGEABLE."""
        if time - (pull.pushed_at or pull.created_at) < self.timings.mergeability:
            return "UNKNOWN"
        return "CONFLICTING" if self._merge_tree(pull) is None else "MERGEABLE"

    def is_behind(self, pull: HostedPullRequest) -> bool:
        """Report whether the base branch has commits that the pull request does not contain."""
        return self.merge_base(pull) != self.git.branches[pull.base]

    def review_decision(self, pull: HostedPullRequest) -> str | None:
        """Return GitHub's summary of the reviews; None if none is required or given."""
        states = {review.author: review.state for review in pull.reviews if review.state != "COMMENTED"}
        if "CHANGES_REQUESTED" in states.values():
            return "CHANGES_REQUESTED"
        approved = sum(state == "APPROVED" for state in states.values())
        if approved >= max(1, self.required_reviews):
            return "APPROVED"
        return "REVIEW_REQUIRED" if self.required_reviews else None

    def code_owners(self, pull: HostedPullRequest) -> Iterator[str]:
        """Yield the teams that own changed files, until the pull request is approved."""
        if pull.draft or self.review_decision(pull) == "APPROVED":
            return
        paths = self.changed_files(pull)
        owners = (team for start, team in CODE_OWNERS.items() if any(path.startswith(start) for path in paths))
        yield from dict.fromkeys(owners)

    # --- checks ----------------------------------------------------------------------------------

    def start_checks(self, sha: str, time: datetime) -> None:
        """Request the checks of a commit, unless they were requested before."""
        if sha not in self.checks_requested_at:
            self.checks_requested_at[sha] = time
            if self.failing_checks:
                self.failed_checks[sha] = frozenset(self.failing_checks)

    def check_runs(self, sha: str, time: datetime) -> tuple[HostedCheckRun, ...]:
        """Return the check runs of a commit at a time, superseded ones included; none if no checks were requested."""
        reported = tuple(self.reported_check_runs.get(sha, ()))
        requested_at = self.checks_requested_at.get(sha)
        if requested_at is None:
            return reported
        started = requested_at + self.timings.queued
        completed = started + self.timings.running
        first = int(hashlib.sha256(sha.encode()).hexdigest()[:8], 16)
        runs = []
        for number, name in enumerate(self.checks, start=first):
            if time < started:
                runs.append(HostedCheckRun(number, name, "sync", "QUEUED", None, None, None))
            elif time < completed:
                runs.append(HostedCheckRun(number, name, "sync", "IN_PROGRESS", None, started, None))
            else:
                failed = name in self.failed_checks.get(sha, ())
                conclusion = "FAILURE" if failed else self.check_conclusions.get(sha, "SUCCESS")
                runs.append(HostedCheckRun(number, name, "sync", "COMPLETED", conclusion, started, completed))
        return (*runs, *reported)

    def report_check_run(
        self,
        sha: str,
        name: str,
        *,
        conclusion: CheckConclusion | None,
        started_at: datetime,
        completed_at: datetime | None = None,
        app: str = "github-actions",
    ) -> HostedCheckRun:
        """Add a check run to those of a commit. Without a conclusion it is in progress."""
        number = len(self.reported_check_runs.get(sha, ())) + 1
        ended_at = (completed_at or started_at) if conclusion else None
        status: Literal["IN_PROGRESS", "COMPLETED"] = "COMPLETED" if conclusion else "IN_PROGRESS"
        run = HostedCheckRun(FIRST_RUN_ID + number, name, app, status, conclusion, started_at, ended_at, app)
        self.reported_check_runs.setdefault(sha, []).append(run)
        return run

    def newest_check_runs(self, sha: str, time: datetime) -> tuple[HostedCheckRun, ...]:
        """Return the newest check run of each name and app: the ones that decide about a merge."""
        newest: dict[tuple[str, str], HostedCheckRun] = {}
        for run in sorted(self.check_runs(sha, time), key=lambda run: run.started_at or time):
            newest[run.app, run.name] = run
        return tuple(newest.values())

    def checks_rollup(self, sha: str, time: datetime) -> str | None:
        """Return the combined state of all check runs of a commit, superseded ones included.

        It is None without check runs.
        """
        runs = self.check_runs(sha, time)
        if not runs:
            return None
        if any(run.is_failed for run in runs):
            return "FAILURE"
        return "SUCCESS" if all(run.is_passed for run in runs) else "PENDING"

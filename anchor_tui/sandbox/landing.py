"""How pull requests come to be merged: by hand, by themselves once they may, or by the queue."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.accounts import ACCOUNTS, QUEUE_BOT
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.merging import merge_trees
from anchor_tui.sandbox.pulls import AutoMerge, CheckRun, HostingError, MergeMethod, PullRequest, QueueEntry

NOT_MERGEABLE = "Pull Request is not mergeable"
HEAD_MODIFIED = "Head branch was modified. Review and try the merge again."
METHODS: dict[MergeMethod, str] = {"MERGE": "Merge commits", "SQUASH": "Squash merges", "REBASE": "Rebase merges"}
READY = frozenset({"CLEAN", "UNSTABLE", "HAS_HOOKS"})
"""Whoever may merge at all may merge now."""


def queues(hosted: HostedRepository, pull: PullRequest) -> bool:
    """Whether only the queue may merge it."""
    return hosted.merge_queue and pull.base in hosted.protected_branches


def unmet(hosted: HostedRepository, pull: PullRequest, time: datetime) -> list[str]:
    """What the rules of its base still ask for, in GitHub's words."""
    if pull.base not in hosted.protected_branches:
        return []
    runs = {run.name: run for run in hosted.check_runs(pull.head, time)}
    words = {name: _lacking(runs.get(name)) for name in hosted.required_checks}
    found = [f'Required status check "{name}" is {word}.' for name, word in words.items() if word]
    if count := hosted.required_reviews:
        match hosted.review_decision(pull):
            case "CHANGES_REQUESTED":
                found.append("Changes have been requested by a reviewer with write access.")
            case "REVIEW_REQUIRED":
                many = "approving review is" if count == 1 else "approving reviews are"
                found.append(f"At least {count} {many} required by reviewers with write access.")
    return found


def _lacking(run: CheckRun | None) -> str:
    if run is None:
        return "expected"
    if run.status != "COMPLETED":
        return "queued" if run.status == "QUEUED" else "in progress"
    return "" if run.conclusion == "SUCCESS" else "failing"


def merge_state(hosted: HostedRepository, pull: PullRequest, time: datetime, *, settled: bool = False) -> str:
    """GitHub's `mergeStateStatus`; `settled` as if it were known already whether it merges."""
    mergeable = hosted.mergeable(pull, time + hosted.pace.mergeability if settled else time)
    if mergeable == "UNKNOWN":
        return "UNKNOWN"
    if mergeable == "CONFLICTING":
        return "DIRTY"
    if pull.draft:
        return "DRAFT"
    if unmet(hosted, pull, time):
        return "BLOCKED"
    if hosted.strict_checks and hosted.is_behind(pull):
        return "BEHIND"
    return "CLEAN" if hosted.rollup(pull.head, time) in {"SUCCESS", None} else "UNSTABLE"


def merge(
    hosted: HostedRepository,
    pull: PullRequest,
    *,
    by: str,
    time: datetime,
    method: MergeMethod,
    expected: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge by hand, if the rules let one; returns the new commit's sha."""
    if pull.state != "OPEN":
        raise HostingError(NOT_MERGEABLE, status=405)
    if pull.draft:
        raise HostingError("Pull Request is still a draft", status=405)
    _ensure_expected(pull, expected)
    if queues(hosted, pull):
        raise HostingError("Changes must be made through the merge queue", status=405)
    if method not in hosted.merge_methods:
        raise HostingError(f"{METHODS[method]} are not allowed on this repository.", status=405)
    if hosted.base_moves:
        hosted.base_moves -= 1
        raise HostingError("Base branch was modified. Review and try the merge again.", status=405)
    if _conflicts(hosted, pull, time):
        raise HostingError(NOT_MERGEABLE, status=405)
    if words := unmet(hosted, pull, time):
        raise HostingError(" ".join(words), status=405)
    if hosted.strict_checks and hosted.is_behind(pull):
        raise HostingError("The head branch is not up to date with the base branch.", status=405)
    return hosted.merge_pull(pull.number, by=by, time=time, method=method, title=title, message=message)


def _ensure_expected(pull: PullRequest, expected: str | None) -> None:
    if expected is not None and expected != pull.head:
        raise HostingError(HEAD_MODIFIED, status=409)


def enable_auto_merge(hosted: HostedRepository, pull: PullRequest, wanted: AutoMerge, expected: str | None) -> None:
    """Have it merged as soon as it may be; what may be merged at once, or never, is refused."""
    if not hosted.allow_auto_merge:
        raise HostingError("Pull request Auto merge is not allowed for this repository")
    if pull.state != "OPEN":
        raise HostingError(f"Pull request Pull request is {pull.state.lower()}")
    _ensure_expected(pull, expected)
    if wanted.method not in hosted.merge_methods and not queues(hosted, pull):
        raise HostingError(f"Merge method {METHODS[wanted.method].lower()} are not allowed on this repository")
    state = merge_state(hosted, pull, wanted.enabled_at, settled=True)
    if state in {*READY, "DRAFT", "DIRTY"}:
        raise HostingError(f"Pull request Pull request is in {state.lower()} status")
    pull.auto_merge = wanted
    pull.updated_at = wanted.enabled_at


def disable_auto_merge(pull: PullRequest, time: datetime) -> None:
    """Have it merged no longer."""
    if pull.auto_merge is None:
        raise HostingError("Pull request Can't disable auto-merge for this pull request")
    pull.auto_merge, pull.updated_at = None, time


def enqueue(
    hosted: HostedRepository, pull: PullRequest, *, by: str, time: datetime, expected: str | None
) -> QueueEntry:
    """Put it at the end of the queue."""
    if not queues(hosted, pull):
        raise HostingError("Merge queue is not enabled for the base branch")
    if pull.state != "OPEN" or pull.draft:
        raise HostingError("Pull request is not in a mergeable state")
    _ensure_expected(pull, expected)
    if pull.queued:
        raise HostingError("Pull request is already in the queue")
    if _conflicts(hosted, pull, time):
        raise HostingError("Pull request has merge conflicts")
    if words := unmet(hosted, pull, time):
        raise HostingError(f"Pull request {' '.join(words)}")
    fails = bool(hosted.failing_checks.intersection(hosted.required_checks))
    entry = QueueEntry(by, time, pull.head, fails)
    pull.queued, pull.auto_merge, pull.updated_at = entry, None, time
    return entry


def _conflicts(hosted: HostedRepository, pull: PullRequest, time: datetime) -> bool:
    """Whether it cannot be merged, as will be known in a while."""
    return hosted.mergeable(pull, time + hosted.pace.mergeability) == "CONFLICTING"


def dequeue(pull: PullRequest, time: datetime) -> QueueEntry:
    """Take it out of the queue."""
    entry = pull.queued
    if entry is None:
        raise HostingError("Pull request is not in the queue")
    pull.queued, pull.updated_at = None, time
    return entry


def queue_of(hosted: HostedRepository) -> list[PullRequest]:
    """Those in the queue, the next one first."""
    waiting = [(pull.queued.enqueued_at, pull.number, pull) for pull in hosted.pulls.values() if pull.queued]
    return [pull for *_, pull in sorted(waiting, key=lambda each: each[:2])]


def queue_state(hosted: HostedRepository, entry: QueueEntry, time: datetime) -> str:
    """GitHub's word for where an entry of the queue stands."""
    since = time - entry.enqueued_at
    if since < hosted.pace.queued:
        return "QUEUED"
    if since < hosted.pace.queued + hosted.pace.running:
        return "AWAITING_CHECKS"
    return "UNMERGEABLE" if entry.fails else "MERGEABLE"


def update_from_base(hosted: HostedRepository, pull: PullRequest, *, by: str, time: datetime) -> str:
    """Merge the base into the branch, as the button "Update branch" does; returns the new head."""
    if pull.state != "OPEN":
        raise HostingError("Pull request is closed")
    base = hosted.git.branches[pull.base]
    if not hosted.is_behind(pull):
        raise HostingError("There are no new commits on the base branch.")
    files = merge_trees(hosted.git, hosted.parting(pull), base, pull.head)
    if files is None:
        raise HostingError("merge conflict between base and head")
    return hosted.git.commit(
        files,
        f"Merge branch '{pull.base}' into {pull.branch}",
        author=ACCOUNTS[by],
        time=time,
        branch=pull.branch,
        merged=base,
    )


def step(hosted: HostedRepository, now: datetime) -> None:
    """Merge what wants to be merged and may be by now."""
    for pull in list(hosted.pulls.values()):
        wanted = pull.auto_merge
        if wanted is None or merge_state(hosted, pull, now) not in READY:
            continue
        if queues(hosted, pull):
            enqueue(hosted, pull, by=wanted.by, time=now, expected=None)
        else:
            hosted.merge_pull(
                pull.number, by=wanted.by, time=now, method=wanted.method, title=wanted.headline, message=wanted.body
            )
    for pull in queue_of(hosted):
        entry = pull.queued
        assert entry is not None
        state = queue_state(hosted, entry, now)
        if state in {"QUEUED", "AWAITING_CHECKS"}:
            break
        if state == "UNMERGEABLE" or _conflicts(hosted, pull, now):
            dequeue(pull, now)
            continue
        hosted.merge_pull(pull.number, by=QUEUE_BOT, time=now)

"""Replay of the ops repo's history: commits, pull requests, reviews and merges at their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.pull_requests import HostedComment, HostedReview, HostedThread
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.scenarios.release_files import build_first_files, edit_files
from anchor_tui.sandbox.scenarios.seed_history import DEV, FIRST_COMMIT, SeedPullRequest, SeedRelease


def commit_first_files(hosted: HostedRepository, now: datetime) -> None:
    """Create the first commit."""
    hosted.git.commit(
        build_first_files(),
        "Bring in the platform chart and the environments",
        author=ACCOUNTS["a-lee"],
        time=now - FIRST_COMMIT,
    )


def replay_history(
    hosted: HostedRepository, changes: Iterable[SeedPullRequest], now: datetime, until: Callable[[datetime], None]
) -> None:
    """Replay pull requests, oldest first.

    `until` is called before each with its time, so that other events can happen first.
    """
    for change in sorted(changes, key=lambda change: change.ago, reverse=True):
        time = now - change.ago
        until(time)
        replay_pull_request(hosted, change, time)


def replay_pull_request(hosted: HostedRepository, change: SeedPullRequest, time: datetime) -> None:
    """Create the branch and the pull request, and merge it if it is merged at `time`."""
    opened = time - change.open_for if change.merged else time
    content = change.content
    title, branch, labels = change.title, change.branch, change.labels
    if isinstance(content, SeedRelease):
        verb = "Update" if content.environment == DEV else "Promote"
        title = title or f"{verb} {content.environment} to {content.version}"
        branch = (
            branch or f"{'bump' if content.environment == DEV else 'promote'}/{content.environment}-{content.version}"
        )
        labels = labels or ("bump" if content.environment == DEV else "promotion",)
    head = hosted.git.commit(
        edit_files(content, lambda path: hosted.git.read_file(path)),
        title,
        author=ACCOUNTS[change.author],
        time=opened,
        branch=branch,
        start=hosted.git.head,
    )
    if change.checks != "SUCCESS":
        hosted.check_conclusions[head] = change.checks
    pull = hosted.open_pull_request(
        title,
        branch=branch,
        author=change.author,
        time=opened,
        number=change.number,
        draft=change.draft,
        labels=labels,
        body=change.body,
    )
    approver = change.approved_by or (change.merged_by if change.merged else None)
    if approver and approver != change.author:
        pull.reviews = (HostedReview(approver, "APPROVED", opened + change.open_for * 0.8, head),)
    if change.changes_requested_by:
        reviewed_at = opened + change.open_for * 0.5
        pull.reviews += (HostedReview(change.changes_requested_by, "CHANGES_REQUESTED", reviewed_at, head),)
    pull.threads = tuple(
        HostedThread(
            thread.path,
            thread.line,
            thread.original_line,
            tuple(
                HostedComment(author, body, opened + change.open_for * (0.5 + place / 20))
                for place, (author, body) in enumerate(thread.comments)
            ),
            thread.is_resolved,
        )
        for thread in change.threads
    )
    if change.merged:
        hosted.merge_pull_request(change.number, by=change.merged_by, time=time)

"""The parts of a pull request in words, for the screen and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from anchor_tui.domain.formatting import format_age, format_count, format_duration, get_first_line
from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    PullRequestDetails,
    ReviewThread,
    VersionMove,
)

_UNCHANGED_STATUSES = frozenset({"modified", "changed"})


def describe_origin(pull: PullRequestDetails, now: datetime) -> str:
    """Return base and branch, author, age and size."""
    author = f" by {pull.author}" if pull.author else ""
    fork = " of a fork" if pull.from_fork else ""
    age = f"opened{author} {format_age(pull.created_at, now)} ago"
    size = f"{format_count(pull.file_count, 'file')} +{pull.additions:,} -{pull.deletions:,}"
    return f"{pull.base} ← {pull.branch}{fork} · {age}{_describe_end(pull, now)} · {size}"


def _describe_end(pull: PullRequestDetails, now: datetime) -> str:
    if pull.state == "merged":
        return f", merged {format_age(pull.merged_at, now)} ago"
    if pull.state == "closed":
        return f", closed {format_age(pull.closed_at, now)} ago"
    return ""


def describe_moves(moves: Iterable[VersionMove]) -> str:
    """Return the releases by environment: "staging 1.43.2 → 1.44.0"."""
    return ", ".join(f"{move.environment} {move.before or 'none'} → {move.after or 'none'}" for move in moves)


def describe_check(check: CheckDetail, now: datetime) -> str:
    """Return outcome, duration, age and app of a check."""
    parts = [check.outcome]
    if check.started_at and check.completed_at:
        parts[0] += f" after {format_duration(check.completed_at - check.started_at)}"
        parts.append(f"{format_age(check.completed_at, now)} ago")
    elif check.started_at:
        verb = "for" if check.state == "pending" else "since"
        parts.append(f"{verb} {format_age(check.started_at, now)}")
    parts += [text for text in (check.app, check.description) if text]
    return " · ".join(parts)


def describe_thread(thread: ReviewThread) -> str:
    """Return place, state and the first line of a thread."""
    text = get_first_line(thread.comments[0].body) if thread.comments else ""
    replies = format_count(thread.comment_count - 1, "reply", "replies") if thread.comment_count > 1 else ""
    return " · ".join(filter(None, (thread.place, thread.state, replies, text)))


def describe_omitted_threads(pull: PullRequestDetails) -> str:
    """Return how many comments on the code were not read; empty if all were."""
    rest = pull.thread_count - len(pull.threads)
    return f"{format_count(rest, 'earlier thread')} of comments: see GitHub" if rest > 0 else ""


def describe_file(file: FilePatch) -> str:
    """Return path, change and number of lines of a file."""
    moved = f" (from {file.previous_path})" if file.previous_path else ""
    status = "" if file.status in _UNCHANGED_STATUSES else f" {file.status}"
    return f"{file.path}{moved}{status} +{file.additions:,} -{file.deletions:,}"


def describe_missing_patch(file: FilePatch) -> str:
    """Return why a file does not have a diff."""
    if file.status == "renamed" and not file.additions and not file.deletions:
        return "it is only renamed"
    return "GitHub shows no diff: the file is binary or too large"

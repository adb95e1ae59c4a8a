"""The rows of the lists of the pull request screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.formatting import format_age, format_duration, shorten_revision
from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    PullRequestCommit,
    PullRequestDetails,
    PullRequestReview,
    ReviewThread,
)
from anchor_tui.domain.inspection.pull_request_texts import describe_check, describe_omitted_threads, describe_thread
from anchor_tui.domain.status_marks import get_check_state_mark, get_review_mark, get_thread_mark
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListRow


def build_file_row(file: FilePatch) -> ListRow:
    """Return the row of a changed file. Its key is the path."""
    moved = f" (from {file.previous_path})" if file.previous_path else ""
    cells = (
        safe_text(f"{file.path}{moved}"),
        safe_text(f"+{file.additions:,}", "$text-success"),
        safe_text(f"-{file.deletions:,}", "$text-error"),
    )
    return ListRow(file.path, lambda _: cells, lambda _: Content(""), clipboard_text=file.path)


def build_check_row(key: str, check: CheckDetail) -> ListRow:
    """Return the row of a check: its result, its duration and its age."""

    def draw(now: datetime) -> tuple[Content, ...]:
        ended = check.completed_at or (None if check.state == "pending" else check.started_at)
        took = (check.completed_at or now) - check.started_at if check.started_at else None
        return (
            safe_text(check.name),
            marked_text(get_check_state_mark(check.state), check.outcome),
            safe_text(format_duration(took) if took and (check.completed_at or check.state == "pending") else ""),
            safe_text(format_age(ended, now) if ended else ""),
            muted_text(check.app),
        )

    return ListRow(key, draw, lambda now: safe_text(describe_check(check, now)), url=check.url)


def build_review_rows(pull: PullRequestDetails) -> list[ListRow]:
    """Return the rows of the reviews, of those that are requested, and of the commits."""
    given = {review.author for review in pull.reviews}
    keys = number_keys(f"review {review.author} {review.submitted_at}" for review in pull.reviews)
    rows = [_build_review_row(key, review) for key, review in reversed(list(zip(keys, pull.reviews, strict=True)))]
    rows += [
        _build_row(f"request {name}", "review", name, muted_text("requested"), None)
        for name in pull.requested_reviewers
        if name not in given
    ]
    rows += [_build_thread_row(key, thread) for key, thread in key_threads(pull.threads).items()]
    if omitted := describe_omitted_threads(pull):
        rows.append(_build_row("threads", "comment", "", muted_text(omitted), None))
    rows += [_build_commit_row(commit) for commit in pull.commits]
    if (rest := pull.commit_count - len(pull.commits)) > 0:
        rows.append(_build_row("rest", "commit", "", muted_text(f"{rest:,} earlier commits"), None))
    return rows


def number_keys(names: Iterable[str]) -> list[str]:
    """Return a key for each name: the same while others appear, vanish or move. Equal names are numbered."""
    counts: Counter[str] = Counter()
    keys = []
    for name in names:
        counts[name] += 1
        keys.append(f"{name} {counts[name]}")
    return keys


def key_checks(checks: Sequence[CheckDetail]) -> dict[str, CheckDetail]:
    """Return the checks by the keys of their rows."""
    return dict(zip(number_keys(f"{check.app} {check.name}" for check in checks), checks, strict=True))


def key_threads(threads: Sequence[ReviewThread]) -> dict[str, ReviewThread]:
    """Return the threads by the keys of their rows: the address of the first comment, or the place."""
    names = (thread.comments[0].url if thread.comments else thread.place for thread in threads)
    return dict(zip(number_keys(f"thread {name}" for name in names), threads, strict=True))


def _build_review_row(key: str, review: PullRequestReview) -> ListRow:
    state = marked_text(get_review_mark(review.state), review.state.replace("_", " "))
    return _build_row(key, "review", review.author, state, review.submitted_at)


def _build_thread_row(key: str, thread: ReviewThread) -> ListRow:
    last, text, mark = thread.last_comment, describe_thread(thread), get_thread_mark(is_resolved=thread.is_resolved)
    row = _build_row(
        key,
        "comment",
        last.author if last else "",
        muted_text(f"{mark.glyph()} {text}") if thread.is_resolved else marked_text(mark) + safe_text(f" {text}"),
        last.created_at if last else None,
        thread.place,
    )
    return replace(row, url=last.url if last else None)


def _build_commit_row(commit: PullRequestCommit) -> ListRow:
    subject = safe_text(f"{shorten_revision(commit.sha)} {commit.subject}")
    return _build_row(commit.sha, "commit", commit.author, subject, commit.committed_at, commit.sha)


def _build_row(key: str, kind: str, who: str, what: Content, at: datetime | None, clipboard_text: str = "") -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        return (muted_text(kind), safe_text(who), what, safe_text(format_age(at, now) if at else ""))

    return ListRow(key, draw, lambda _: what, clipboard_text=clipboard_text)

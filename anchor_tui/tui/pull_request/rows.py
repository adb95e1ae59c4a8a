"""The rows of the lists of the pull request screen."""

from __future__ import annotations

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
from anchor_tui.domain.status_marks import StatusMark, get_check_state_mark, get_review_mark
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
    rows = [_build_review_row(number, review) for number, review in enumerate(reversed(pull.reviews))]
    rows += [
        _build_row(f"request {name}", "review", name, muted_text("requested"), None)
        for name in pull.requested_reviewers
        if name not in given
    ]
    rows += [_build_thread_row(number, thread) for number, thread in enumerate(pull.threads)]
    if omitted := describe_omitted_threads(pull):
        rows.append(_build_row("threads", "comment", "", muted_text(omitted), None))
    rows += [_build_commit_row(commit) for commit in pull.commits]
    if (rest := pull.commit_count - len(pull.commits)) > 0:
        rows.append(_build_row("rest", "commit", "", muted_text(f"{rest:,} earlier commits"), None))
    return rows


def _build_review_row(number: int, review: PullRequestReview) -> ListRow:
    state = marked_text(get_review_mark(review.state), review.state.replace("_", " "))
    return _build_row(f"review {number}", "review", review.author, state, review.submitted_at)


def find_thread(pull: PullRequestDetails, key: str) -> ReviewThread | None:
    """Return the thread of a row."""
    return next((thread for number, thread in enumerate(pull.threads) if _thread_key(number) == key), None)


def _thread_key(number: int) -> str:
    return f"thread {number}"


def _build_thread_row(number: int, thread: ReviewThread) -> ListRow:
    first, last = (thread.comments[0], thread.comments[-1]) if thread.comments else (None, None)
    text = describe_thread(thread)
    mark = StatusMark.OK if thread.is_resolved else StatusMark.ATTENTION
    row = _build_row(
        _thread_key(number),
        "comment",
        first.author if first else "",
        muted_text(f"{mark.glyph()} {text}") if thread.is_resolved else marked_text(mark) + safe_text(f" {text}"),
        thread.last_comment_at,
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

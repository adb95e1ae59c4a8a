"""One pull request as text for the operator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from anchor_tui.cli.output.escaping import format_line
from anchor_tui.cli.output.pull_request.parts import PullRequestParts
from anchor_tui.domain.formatting import format_age, format_count, shorten_revision
from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.domain.inspection.pull_request_details import FilePatch, JobLogTail, PullRequestDetails
from anchor_tui.domain.inspection.pull_request_texts import (
    describe_check,
    describe_file,
    describe_missing_patch,
    describe_moves,
    describe_omitted_threads,
    describe_origin,
    describe_thread,
)
from anchor_tui.domain.status_marks import get_check_state_mark, get_review_mark, get_thread_mark
from anchor_tui.domain.text_lines import split_lines


def render(parts: PullRequestParts, now: datetime, *, with_patches: bool) -> str:
    """Render the overview, checks, reviews, commits and files."""
    lines: list[str] = [
        *_render_overview(parts, now),
        *_render_checks(parts.details, parts.logs, now),
        *_render_reviews(parts.details, now),
        *_render_files(parts, with_patches=with_patches),
    ]
    return "".join(f"{format_line(line.expandtabs(8)).rstrip()}\n" for line in lines)


def _render_overview(parts: PullRequestParts, now: datetime) -> Iterator[str]:
    pull, merge = parts.details, describe_merge_state(parts.details)
    yield f"#{pull.number} {pull.title}  {pull.state_word.upper()}"
    yield describe_origin(pull, now)
    if parts.patches and parts.patches.moves:
        yield describe_moves(parts.patches.moves)
    yield f"{merge.mark.glyph()} {merge.reasons[0]}"
    yield from (f"  {reason}" for reason in merge.reasons[1:])
    if pull.labels:
        yield f"labels: {', '.join(pull.labels)}"
    yield pull.url
    if pull.body.strip():
        yield ""
        yield from (f"  {line}" for line in split_lines(pull.body.strip()))


def _render_checks(pull: PullRequestDetails, logs: tuple[JobLogTail, ...], now: datetime) -> Iterator[str]:
    yield ""
    if not pull.checks:
        yield "no checks"
    else:
        yield format_count(len(pull.checks), "check")
    by_job = {log.job_id: log for log in logs}
    for check in pull.checks:
        link = f"  {check.url}" if check.url and check.state != "success" else ""
        yield f"{get_check_state_mark(check.state).glyph()} {check.name}  {describe_check(check, now)}{link}"
        if check.job_id in by_job:
            yield from (f"    {line}" for line in by_job[check.job_id].lines)
    if pull.checks_omitted:
        yield f"{format_count(pull.checks_omitted, 'more run')} were not read"


def _render_reviews(pull: PullRequestDetails, now: datetime) -> Iterator[str]:
    yield ""
    for review in pull.reviews:
        mark, word = get_review_mark(review.state).glyph(), review.state.replace("_", " ")
        yield f"{mark} {review.author} {word} {format_age(review.submitted_at, now)} ago"
    if pull.requested_reviewers:
        yield f"waiting for {', '.join(pull.requested_reviewers)}"
    if not pull.reviews and not pull.requested_reviewers:
        yield "no review"
    for thread in pull.threads:
        last = thread.last_comment
        who = f"{last.author}, {format_age(last.created_at, now)} ago" if last else ""
        yield f"{get_thread_mark(is_resolved=thread.is_resolved).glyph()} {describe_thread(thread)}  {who}"
    if omitted := describe_omitted_threads(pull):
        yield f"and {omitted}"
    for commit in pull.commits:
        age = format_age(commit.committed_at, now)
        yield f"{shorten_revision(commit.sha)} {commit.subject}  {commit.author}, {age} ago"
    if (rest := pull.commit_count - len(pull.commits)) > 0:
        yield f"and {format_count(rest, 'earlier commit')}"


def _render_files(parts: PullRequestParts, *, with_patches: bool) -> Iterator[str]:
    yield ""
    if parts.patches is None:
        yield "files: not read"
        return
    for file in parts.patches.files:
        yield describe_file(file)
        if with_patches:
            yield from _render_patch(file)
    if not parts.patches.is_complete:
        yield f"only {len(parts.patches.files)} of {parts.details.file_count} files were read"


def _render_patch(file: FilePatch) -> Iterator[str]:
    if file.patch is None:
        yield f"  {describe_missing_patch(file)}"
        return
    yield from (f"  {line}" for line in split_lines(file.patch))
    if file.is_cut:
        yield "  the diff is longer: see GitHub"

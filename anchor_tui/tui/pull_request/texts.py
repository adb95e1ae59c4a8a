"""The texts of the pull request screen: diffs, logs and facts as coloured lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from textual.content import Content

from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.domain.inspection.pull_request_details import (
    ERROR_MARK,
    FilePatch,
    JobLogTail,
    PullRequestDetails,
    PullRequestPatches,
    ReviewThread,
)
from anchor_tui.domain.inspection.pull_request_texts import describe_missing_patch, describe_moves
from anchor_tui.domain.model import ChecksStatus
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.status_marks import StatusMark, get_check_state_mark, get_review_mark, get_thread_mark
from anchor_tui.domain.text_lines import split_lines
from anchor_tui.tui.style import MUTED, join_parts, marked_text, muted_text, safe_text

_CODE_LANGUAGES = {"yaml": "yaml", "yml": "yaml", "json": "json", "toml": "toml", "py": "python", "md": "markdown"}
MAX_HIGHLIGHTED_LENGTH = 20_000
"""Characters of a patch whose code is coloured by language; a longer one is coloured by change only."""
_LOG_STYLES = {
    ERROR_MARK: "bold $text-error",
    "##[warning]": "$text-warning",
    "##[group]": "bold",
    "##[command]": "bold",
}


def render_patch(file: FilePatch) -> list[Content]:
    """Return the lines of a diff: added and removed lines have a mark and a background, code has its own colours."""
    if file.patch is None:
        return [muted_text(describe_missing_patch(file))]
    lines = [line.expandtabs(4) for line in split_lines(file.patch)]
    code = _highlight_code(file, [line[1:] for line in lines])
    rendered = []
    for line, coloured in zip(lines, code, strict=True):
        match line[:1]:
            case "+":
                rendered.append((safe_text("+", "bold $text-success") + coloured).stylize_before("on $success 15%"))
            case "-":
                rendered.append((safe_text("-", "bold $text-error") + coloured).stylize_before("on $error 15%"))
            case "@":
                rendered.append(safe_text(line, "$text-accent"))
            case "\\":
                rendered.append(muted_text(line))
            case _:
                rendered.append(Content(" ") + coloured)
    if file.is_cut:
        rendered.append(muted_text("the diff is longer: o opens the pull request on GitHub"))
    return rendered


def _highlight_code(file: FilePatch, lines: list[str]) -> list[Content]:
    """Return lines of code in the colours of their language, as far as that is known and cheap."""
    safe = [safe_text(line) for line in lines]
    language = _CODE_LANGUAGES.get(file.path.rpartition(".")[2].lower())
    if language is None or sum(map(len, lines)) > MAX_HIGHLIGHTED_LENGTH:
        return safe
    from textual.highlight import highlight  # imports pygments

    coloured = highlight("\n".join(line.plain for line in safe), language=language).split("\n", allow_blank=True)
    return list(coloured) if len(coloured) == len(safe) else safe


def render_log(log: JobLogTail) -> list[Content]:
    """Return the lines of a job's log, with errors marked."""
    lines = []
    if log.is_cut:
        lines.append(muted_text("earlier lines are left out: o opens the job on GitHub"))
    for line in log.lines:
        mark = next((mark for mark in _LOG_STYLES if line.startswith(mark)), None)
        text = line.expandtabs(8)
        lines.append(safe_text(text.removeprefix(mark), _LOG_STYLES[mark]) if mark else _render_log_line(text))
    if log.is_unfinished:
        lines.append(marked_text(StatusMark.ATTENTION, "the log is so long that its end was not read"))
    if not log.lines:
        lines.append(muted_text("the log is empty"))
    return lines


def _render_log_line(text: str) -> Content:
    return muted_text(text) if text.startswith("##[") else safe_text(text)


def render_facts(pull: PullRequestDetails, patches: Reading[PullRequestPatches] | None) -> Iterator[Content]:
    """Yield the merge state, releases, checks, review and labels, one line each."""
    merge = describe_merge_state(pull)
    yield join_parts(_title("merge"), marked_text(merge.mark, merge.reasons[0]))
    yield from (join_parts(_title(""), safe_text(f"  {reason}")) for reason in merge.reasons[1:])
    read = patches.value if isinstance(patches, Fresh) else patches.last_good if isinstance(patches, Stale) else None
    if read is not None and read.moves:
        yield join_parts(_title("release"), safe_text(describe_moves(read.moves), "bold"))
    yield join_parts(_title("checks"), _summarize_checks(pull))
    yield join_parts(_title("review"), _summarize_reviews(pull))
    if pull.labels:
        yield join_parts(_title("labels"), safe_text(", ".join(pull.labels)))


def _title(text: str) -> Content:
    return safe_text(f"{text:<8}", MUTED)


def _summarize_checks(pull: PullRequestDetails) -> Content:
    if not pull.checks:
        return muted_text("none have reported")
    states: tuple[ChecksStatus, ...] = ("failure", "unknown", "pending", "success")
    counts = [(state, len(pull.list_checks(state))) for state in states]
    words = {"failure": "failed", "success": "passed"}
    return join_parts(
        *(
            marked_text(get_check_state_mark(state), f"{count} {words.get(state, state)}")
            for state, count in counts
            if count
        )
    )


def _summarize_reviews(pull: PullRequestDetails) -> Content:
    latest = {review.author: review for review in pull.reviews if review.state != "commented"}
    parts = [
        marked_text(get_review_mark(review.state), f"{review.author} {review.state.replace('_', ' ')}")
        for review in latest.values()
    ]
    waiting = [name for name in pull.requested_reviewers if name not in latest]
    if waiting:
        parts.append(muted_text(f"waiting for {', '.join(waiting)}"))
    return join_parts(*parts) if parts else muted_text("none requested or given")


def render_thread(thread: ReviewThread, now: datetime) -> list[Content]:
    """Return the lines of a thread: its place and state, then each comment with its author and age."""
    lines = [
        join_parts(
            safe_text(thread.place, "bold"), marked_text(get_thread_mark(is_resolved=thread.is_resolved), thread.state)
        )
    ]
    for comment in thread.comments:
        age = f"{format_age(comment.created_at, now)} ago" if comment.created_at else ""
        lines += [Content(""), join_parts(safe_text(comment.author, "bold"), muted_text(age))]
        lines += [safe_text(line.expandtabs(4)) for line in split_lines(comment.body.strip())]
    if (rest := thread.comment_count - len(thread.comments)) > 0:
        lines += [Content(""), muted_text(f"{format_count(rest, 'more comment')}: o opens the thread on GitHub")]
    return lines


def explain_reading(reading: Reading[Any] | None, subject: str) -> list[Content]:
    """Return why a part is not shown: it is being read, or the reason why it could not be read."""
    if isinstance(reading, Unavailable):
        return [
            marked_text(StatusMark.FAILING, f"{subject} could not be read: {reading.error.message}"),
            muted_text("it is read again automatically; g reads it now"),
        ]
    return [muted_text(f"reading {subject} from GitHub…")]


def explain_stale(reading: Reading[Any] | None) -> list[Content]:
    """Return why a part that is shown could not be read again; nothing if it is current."""
    if not isinstance(reading, Stale):
        return []
    return [marked_text(StatusMark.FAILING, f"as of {reading.taken_at:%H:%M}Z: {reading.error.message}")]


def describe_reading(reading: Reading[Any] | None, now: datetime) -> str:
    """Return the age of a part for the line of tabs."""
    match reading:
        case Fresh(taken_at=taken_at):
            return f"read {format_age(taken_at, now)} ago"
        case Stale(taken_at=taken_at, error=error):
            return f"stale: as of {taken_at:%H:%M}Z, {format_age(taken_at, now)} ago: {error.message}"
        case Unavailable():
            return "unavailable"
        case _:
            return "reading…"


def count_files(pull: PullRequestDetails, patches: PullRequestPatches | None) -> str:
    """Return a note if not every file was read."""
    if patches is None or patches.is_complete:
        return ""
    return f"only {len(patches.files)} of {format_count(pull.file_count, 'file')} were read"


def join_sections(*sections: Sequence[Content]) -> list[Content]:
    """Return sections with an empty line between them."""
    joined: list[Content] = []
    for section in sections:
        if joined and section:
            joined.append(Content(""))
        joined += section
    return joined

"""The activity pane: the actions of this session, then the recorded changes of the estate, both newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from textual.content import Content

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.formatting import format_age, format_count, format_timestamp, get_first_line
from anchor_tui.domain.history.gaps import ObservationGap, describe_gap
from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
from anchor_tui.domain.history.timeline import TimelineEntry, TimelineLine, expand_entry
from anchor_tui.domain.identity_cache import ElementCache
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.tui.plan_view import render_job
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row

COLUMNS = (
    ListColumn("WHEN (UTC)"),
    ListColumn("ENV", is_optional=True),
    ListColumn("WHAT"),
    ListColumn("CHANGE", is_flexible=True),
)
FILTER_FIELDS = ("env", "kind", "app", "pr", "origin")
_MAX_SUBJECT_LENGTH = 28
_NO_CHANGE = "no action was started in this session, and no change is recorded yet"
_DAY = timedelta(days=1)


class ActivityRows:
    """Builds the pane. A row is built once for each line; `toggle` shows the members of a flood, or hides them."""

    def __init__(self) -> None:
        self._rows = ElementCache[TimelineLine, ListRow]()
        self._members = ElementCache[TimelineEntry, tuple[ListRow, ...]]()
        self._expanded: set[str] = set()
        self._day: tuple[int, int] = (0, 0)

    def toggle(self, key: str) -> None:
        """Show the members of a flood below it, or hide them."""
        self._expanded ^= {key}

    def build(self, jobs: Sequence[Job], timeline: LoadedTimeline | None, now: datetime) -> PaneContent:
        """Return a row for each action of this session, then for each line. `timeline` is None before it was read."""
        rows = [_build_job_row(job) for job in reversed(jobs)]
        if timeline is None:
            return PaneContent(COLUMNS, rows, "reading the recorded changes…", filter_fields=FILTER_FIELDS)
        day = now.timetuple()[:3]
        lines = self._rows.get(("lines", day), timeline.lines, partial(_build_line_row, today=now))
        own = {job.id for job in jobs}
        for line, row in zip(timeline.lines, lines, strict=True):
            if isinstance(line, TimelineEntry) and line.change.facts.get("plan") in own:
                continue  # it is above, with its steps
            rows.append(row)
            if line.key in self._expanded and isinstance(line, TimelineEntry):
                rows += self._list_members(line, timeline, now)
        if timeline.has_older:
            rows.append(_build_note(f"older {len(lines)}", "older changes are read when the cursor is here"))
        elif timeline.page.next_position is not None:
            rows.append(_build_note("end", "print older changes with `anchor-tui history --until TIME`"))
        if timeline.problem:
            rows.insert(len(jobs), _build_note("problem", timeline.problem, StatusMark.FAILING))
        return PaneContent(COLUMNS, tuple(rows), _NO_CHANGE, filter_fields=FILTER_FIELDS)

    def _list_members(self, line: TimelineEntry, timeline: LoadedTimeline, now: datetime) -> tuple[ListRow, ...]:
        def build(entry: TimelineEntry) -> tuple[ListRow, ...]:
            members = expand_entry(entry, (*timeline.page.changes, *timeline.page.evidence))
            return tuple(_build_line_row(member, today=now, indent="  ") for member in members)

        return self._members.get(line.key, (line,), build)[0]


def format_moment(at: datetime, now: datetime) -> str:
    """Return a time in UTC, always of the same width: with seconds if it is of the same day, else with the date."""
    if at.date() == now.date():
        return f"{at:%H:%M:%S}    "
    return f"{at:%a %d %H:%M}" if now - at < 6 * _DAY else f"{at:%d %b %H:%M}"


def _build_note(key: str, text: str, mark: StatusMark | None = None) -> ListRow:
    content = marked_text(mark, text) if mark is not None else muted_text(text)
    return static_row(f"note {key}", (Content(""), Content(""), Content(""), content), content)


# --- the actions of this session ---------------------------------------------------------------------


def _build_job_row(job: Job) -> ListRow:
    environments = " ".join(job.plan.order.environments)
    return ListRow(
        key=job.id,
        draw_cells=partial(_draw_job, job),
        draw_detail=lambda now: render_job(job, now),
        search_text=f"{job.plan.title} {job.progress_text()} {job.outcome.kind if job.outcome else 'running'}",
        url=job.url or None,
        clipboard_text=job.plan.command,
        field_values=lambda field: {"env": environments.split(), "kind": ["action"]}.get(field, ()),
    )


def _draw_job(job: Job, now: datetime) -> tuple[Content, ...]:
    if job.outcome is None:
        state = marked_text(StatusMark.PROGRESS, "running")
        message = job.progress_text().removeprefix(f"{job.plan.title}: ")
    else:
        state = marked_text(get_state_mark(job.outcome.kind), job.outcome.kind)
        message = get_first_line(job.outcome.message)
    started = safe_text(f"{format_age(job.began_at, now)} ago")
    environments = safe_text(" ".join(job.plan.order.environments))
    return started, environments, safe_text(job.plan.title, "bold"), join_parts(state, safe_text(message))


# --- the recorded changes ----------------------------------------------------------------------------


def _build_line_row(line: TimelineLine, *, today: datetime, indent: str = "") -> ListRow:
    if isinstance(line, ObservationGap):
        text = muted_text(describe_gap(line))
        moment = safe_text(format_moment(line.until, today)) if line.until is not None else safe_text("now")
        return static_row(line.key, (moment, Content(""), muted_text("gap"), text), text)
    change = line.change
    row_pulls = {cause.pull_request for cause in line.causes if cause.pull_request is not None}
    cells = (
        safe_text(format_moment(line.at, today)),
        safe_text(change.environment or StatusMark.NONE.glyph()),
        safe_text(f"{indent}{_shorten(line.subject)}", "bold"),
        _draw_change(line),
    )
    return ListRow(
        key=line.key,
        draw_cells=lambda _now: cells,
        draw_detail=partial(_describe_entry, line),
        search_text=f"{change.environment} {line.subject} {line.full_sentence} {line.cause_text} {change.origin}",
        url=_find_url(line),
        clipboard_text=f"{format_timestamp(line.at)} {change.environment} {line.subject} {line.full_sentence}".strip(),
        subject=line,
        pull_request=change.pull_request,
        other_pull_requests=frozenset(row_pulls),
        mark=line.mark,
        field_values=partial(_get_field_values, line),
        is_static=True,
    )


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SUBJECT_LENGTH else f"{text[: _MAX_SUBJECT_LENGTH - 1]}…"


def _draw_change(line: TimelineEntry) -> Content:
    """Draw what became of the subject, then its causes. The text from outside may be long, so that it is the last."""
    origin = line.change.origin
    return join_parts(
        marked_text(line.mark, line.sentence),
        muted_text(f"({origin})") if origin != "observed" else None,
        muted_text(line.cause_text) if line.causes else None,
        safe_text(line.detail) if line.detail else None,
    )


def _find_url(line: TimelineEntry) -> str | None:
    url = line.change.facts.get("url", "")
    return url if url.startswith("https://") else None


def _get_field_values(line: TimelineEntry, field: str) -> Sequence[str]:
    changes = line.changes
    match field:
        case "env":
            return (line.change.environment,)
        case "kind":
            return (line.change.kind,)
        case "app":
            return [change.application.name for change in changes if change.application is not None]
        case "pr":
            return [str(change.pull_request) for change in changes if change.pull_request is not None]
        case "origin":
            return (line.change.origin,)
        case _:
            return ()


def _describe_entry(line: TimelineEntry, now: datetime) -> Content:
    """Return everything about a line, with the members of a flood."""
    return Content("\n").join(_list_details(line, now))


def _list_details(line: TimelineEntry, now: datetime) -> Iterator[Content]:
    change = line.change
    title = join_parts(safe_text(line.subject, "bold"), marked_text(line.mark, line.full_sentence))
    yield title
    yield join_parts(
        safe_text(f"{change.at:%Y-%m-%d %H:%M:%S}Z, {format_age(change.at, now)} ago"),
        muted_text(change.environment) if change.environment else None,
        muted_text(str(change.application)) if change.application is not None and len(line.changes) == 1 else None,
    )
    if change.origin == "observed":
        seen = f"observed {change.observed_at:%Y-%m-%d %H:%M:%S}Z"
        clock = ", the time is the server's" if change.server_at is not None else ""
        first = ", seen for the first time: it may have begun earlier" if change.is_first_observation else ""
        yield muted_text(f"{seen}{clock}{first}")
    elif change.origin == "imported":
        yield muted_text("imported: git or Argo CD reported it, anchor-tui did not observe it")
    if line.causes:
        yield safe_text(line.cause_text)
    if len(line.changes) > 1:
        yield muted_text(f"{format_count(len(line.changes), 'change')}; enter shows or hides them")
        return
    for name, value in _list_facts(line):
        yield safe_text(f"{name} {value}")


def _list_facts(line: TimelineEntry) -> Iterator[tuple[str, str]]:
    change = line.change
    facts: Collection[tuple[str, str]] = (
        ("commit", change.commit),
        ("by", change.actor),
        ("at", change.place),
        *change.facts.items(),
    )
    yield from ((name, value) for name, value in facts if value)

"""Incidents and the hand-over of one as text for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.history.incidents import (
    IMPACT_LEVELS,
    EntryKind,
    Incident,
    IncidentAction,
    IncidentPullRequest,
    IncidentReport,
    MarkName,
    OpenItem,
    TimelineEntry,
    describe_impact,
)
from anchor_tui.domain.status_marks import StatusMark

NO_TITLE = "without a title"
_KIND_WORDS: dict[EntryKind, str] = {"note": "note: ", "action": "action: "}


def render_list(incidents: Sequence[Incident], now: datetime) -> str:
    """Render one line for each incident, the newest first."""
    return format_lines(describe_incident(incident, now) for incident in incidents)


def render(report: IncidentReport) -> str:
    """Render the hand-over."""
    return format_lines(_render_lines(report))


def describe_incident(incident: Incident, now: datetime) -> str:
    """Return number, start, duration, state and title."""
    duration = format_duration(incident.measure_duration(now))
    state = "running" if incident.is_running else "ended"
    title = incident.title or NO_TITLE
    return f"{incident.number:>4}  {incident.started_at:%Y-%m-%d %H:%M} UTC  {duration:>6}  {state:7}  {title}"


def describe_times(report: IncidentReport) -> str:
    """Return start, end and the operators, and the machine whose history this is."""
    incident = report.incident
    ended = (
        f"ended {incident.ended_at:%Y-%m-%d %H:%M:%S} UTC by {incident.ended_by}" if incident.ended_at else "running"
    )
    started = f"Started {incident.started_at:%Y-%m-%d %H:%M:%S} UTC by {incident.started_by}"
    return f"{started}; {ended}; recorded on {report.machine}"


def describe_worst(report: IncidentReport) -> str:
    """Return the worst level of each environment, the worst first."""
    ordered = sorted(report.facts.impact, key=lambda impact: IMPACT_LEVELS.index(impact.worst))
    return ", ".join(f"{impact.environment} {impact.worst}" for impact in ordered) or "no environment"


def describe_entry(entry: TimelineEntry) -> str:
    """Return a line of the timeline without its time, its environment and its link."""
    glyph = f"{get_glyph(entry.mark)} " if entry.mark != "none" else ""
    origin = " (imported)" if entry.is_imported else ""
    until = f" (until {entry.until:%H:%M:%S})" if entry.until and entry.until != entry.at else ""
    detail = f"{', ' if entry.kind == 'action' else ': '}{entry.detail}" if entry.detail else ""
    actor = f", by {entry.actor}" if entry.actor else ""
    return f"{_KIND_WORDS.get(entry.kind, '')}{glyph}{entry.text}{until}{origin}{detail}{actor}"


def describe_action(action: IncidentAction) -> str:
    """Return an action without its time and its link."""
    subject = " ".join(part for part in (action.environment, action.subject) if part)
    reason = f", reason: {action.reason}" if action.reason else ""
    message = f" ({action.message})" if action.message else ""
    actor = f", by {action.actor}" if action.actor else ""
    return f"{action.action} {subject}: {action.outcome}{message}{reason}{actor}"


def describe_pull_request(pull: IncidentPullRequest) -> str:
    """Return a pull request without its number and its link."""
    state = {"absent": "closed or merged"}.get(pull.state, pull.state)
    opened = f", opened {pull.opened_at:%Y-%m-%d %H:%M} UTC" if pull.opened_at else ""
    merged = f", merged {pull.merged_at:%Y-%m-%d %H:%M} UTC" if pull.merged_at else ""
    checks = f", checks {pull.checks}" if pull.checks not in {"", "unknown"} else ""
    return f"{state}{checks}{opened}{merged}: {pull.title}"


def format_moment(at: datetime, report: IncidentReport) -> str:
    """Return the time of day, with the date if it is another day than that of the start."""
    is_same_day = at.date() == report.incident.started_at.date()
    return f"{at:%H:%M:%S}" if is_same_day else f"{at:%Y-%m-%d %H:%M:%S}"


def get_glyph(mark: MarkName) -> str:
    """Return the glyph of a mark."""
    return StatusMark[mark.upper()].glyph()


def get_open_items_title(report: IncidentReport) -> str:
    """Return the title of the open items: they are those of the end, or of now."""
    return "open items now" if report.incident.is_running else "open items at the end"


def _render_lines(report: IncidentReport) -> Iterator[str]:
    incident, facts = report.incident, report.facts
    yield f"incident {incident.number}: {incident.title or NO_TITLE}"
    yield f"{report.engine}: {incident.describe_state(facts.until)}; worst: {describe_worst(report)}"
    yield describe_times(report)
    yield ""
    yield "impact"
    width = max((len(impact.environment) for impact in facts.impact), default=0)
    yield from (f"  {impact.environment:{width}}  {describe_impact(impact)}" for impact in facts.impact)
    yield ""
    timeline = report.list_timeline()
    yield f"timeline, {format_count(len(timeline), 'line')}, UTC"
    yield from (f"  {format_moment(entry.at, report)}  {_describe_line(entry)}" for entry in timeline)
    actions = [
        f"{format_moment(action.at, report)}  {describe_action(action)}{_link(action.url)}" for action in facts.actions
    ]
    yield from _render_section("actions", actions)
    pulls = [f"#{pull.number} {describe_pull_request(pull)}{_link(pull.url)}" for pull in facts.pull_requests]
    yield from _render_section("pull requests", pulls)
    items = [f"{_describe_item(item)}{_link(item.url)}" for item in facts.open_items]
    yield from _render_section(get_open_items_title(report), items)


def _render_section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from (f"  {line}" for line in lines)
    if not lines:
        yield "  none"


def _describe_line(entry: TimelineEntry) -> str:
    place = f"{entry.environment}  " if entry.environment else ""
    return f"{place}{describe_entry(entry)}{_link(entry.url)}"


def _describe_item(item: OpenItem) -> str:
    return f"{item.environment}: {item.text}" if item.environment else item.text


def _link(url: str) -> str:
    return f"  {url}" if url else ""

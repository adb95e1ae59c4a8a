"""Incidents and the hand-over of one as text for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.history.incident_words import (
    describe_action,
    describe_impact,
    describe_open_item,
    describe_pull_request,
    describe_times,
    describe_worst,
    mark_entry,
)
from anchor_tui.domain.history.incidents import Incident, IncidentEntry, IncidentReport


def render_list(incidents: Sequence[Incident], now: datetime) -> str:
    """Render one line for each incident, the newest first."""
    return format_lines(describe_incident(incident, now) for incident in incidents)


def render(report: IncidentReport) -> str:
    """Render the hand-over."""
    return format_lines(_render_lines(report))


def describe_incident(incident: Incident, now: datetime) -> str:
    """Return number, start, duration, state and title."""
    duration = format_duration(incident.measure_duration(now))
    title = incident.known_title
    return f"{incident.number:>4}  {incident.started_at:%Y-%m-%d %H:%M} UTC  {duration:>6}  {incident.state:7}  {title}"


def format_moment(at: datetime, report: IncidentReport) -> str:
    """Return the time of day, with the date if it is another day than that of the start."""
    is_same_day = at.date() == report.incident.started_at.date()
    return f"{at:%H:%M:%S}" if is_same_day else f"{at:%Y-%m-%d %H:%M:%S}"


def get_open_items_title(report: IncidentReport) -> str:
    """Return the title of the open items: they are those of the end, or of now."""
    return "open items now" if report.incident.is_running else "open items at the end"


def _render_lines(report: IncidentReport) -> Iterator[str]:
    incident, facts = report.incident, report.facts
    yield f"incident {incident.number}: {incident.known_title}"
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
    items = [f"{describe_open_item(item)}{_link(item.url)}" for item in facts.open_items]
    yield from _render_section(get_open_items_title(report), items)


def _render_section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from (f"  {line}" for line in lines)
    if not lines:
        yield "  none"


def _describe_line(entry: IncidentEntry) -> str:
    place = f"{entry.environment}  " if entry.environment else ""
    return f"{place}{mark_entry(entry)}{_link(entry.url)}"


def _link(url: str) -> str:
    return f"  {url}" if url else ""

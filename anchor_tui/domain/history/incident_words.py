"""The words of a hand-over, the same on the screen and in every format."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.history.incidents import (
    IMPACT_LEVELS,
    EntryKind,
    EnvironmentImpact,
    IncidentAction,
    IncidentEntry,
    IncidentPullRequest,
    IncidentReport,
    MarkName,
    OpenItem,
)
from anchor_tui.domain.status_marks import StatusMark

_KIND_WORDS: dict[EntryKind, str] = {"note": "note: ", "action": "action: "}


def format_minutes(span: timedelta) -> str:
    """Return a time in minutes: "0 min", "< 1 min", "82 min"."""
    minutes = int(span.total_seconds()) // 60
    return "< 1 min" if span and not minutes else f"{minutes:,} min"


def describe_impact(impact: EnvironmentImpact) -> str:
    """Return the times of every level that occurred: "failing 14 min, ok 3 min"."""
    found = [(level, impact.get_span(level)) for level in IMPACT_LEVELS]
    return ", ".join(f"{level} {format_minutes(span)}" for level, span in found if span) or "no time has passed"


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


def describe_entry(entry: IncidentEntry) -> str:
    """Return a line of the timeline without its time, its environment, its mark and its link."""
    origin = " (imported)" if entry.is_imported else ""
    until = f" (until {entry.until:%H:%M:%S})" if entry.until and entry.until != entry.at else ""
    detail = f"{', ' if entry.kind == 'action' else ': '}{entry.detail}" if entry.detail else ""
    actor = f", by {entry.actor}" if entry.actor else ""
    return f"{_KIND_WORDS.get(entry.kind, '')}{entry.text}{until}{origin}{detail}{actor}"


def describe_action(action: IncidentAction) -> str:
    """Return an action without its time and its link."""
    reason = f", reason: {action.reason}" if action.reason else ""
    message = f" ({action.message})" if action.message else ""
    actor = f", by {action.actor}" if action.actor else ""
    return f"{action.describe_order()}: {action.outcome}{message}{reason}{actor}"


def describe_pull_request(pull: IncidentPullRequest) -> str:
    """Return a pull request without its number and its link."""
    state = {"absent": "closed or merged"}.get(pull.state, pull.state)
    opened = f", opened {pull.opened_at:%Y-%m-%d %H:%M} UTC" if pull.opened_at else ""
    merged = f", merged {pull.merged_at:%Y-%m-%d %H:%M} UTC" if pull.merged_at else ""
    checks = f", checks {pull.checks}" if pull.checks not in {"", "unknown"} else ""
    return f"{state}{checks}{opened}{merged}: {pull.title}"


def describe_open_item(item: OpenItem) -> str:
    """Return an open item with its environment."""
    return f"{item.environment}: {item.text}" if item.environment else item.text


def mark_entry(entry: IncidentEntry) -> str:
    """Return a line of the timeline with its mark."""
    text = describe_entry(entry)
    return text if entry.mark == "none" else f"{get_entry_mark(entry.mark).glyph()} {text}"


def get_entry_mark(mark: MarkName) -> StatusMark:
    """Return a mark by its name."""
    return StatusMark[mark.upper()]

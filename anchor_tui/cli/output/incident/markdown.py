"""Incidents and the hand-over of one as GitHub's Markdown. Foreign text is escaped: it never becomes markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from anchor_tui.cli.output.incident.text import format_moment, get_open_items_title
from anchor_tui.cli.output.snapshot.markdown import escape_markdown, format_link
from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.history.incident_words import (
    describe_action,
    describe_pull_request,
    describe_times,
    describe_worst,
    format_minutes,
    mark_entry,
)
from anchor_tui.domain.history.incidents import (
    IMPACT_LEVELS,
    EnvironmentImpact,
    Incident,
    IncidentEntry,
    IncidentReport,
)


def render_list(incidents: Sequence[Incident], now: datetime) -> str:
    """Render a table of the incidents, the newest first."""
    lines = ["| incident | start (UTC) | duration | state | title |", "|---|---|---|---|---|"]
    for incident in incidents:
        cells = (
            str(incident.number),
            f"{incident.started_at:%Y-%m-%d %H:%M}",
            format_duration(incident.measure_duration(now)),
            incident.state,
            escape_markdown(incident.known_title),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def render(report: IncidentReport) -> str:
    """Render the hand-over."""
    return "\n".join(_render_lines(report)) + "\n"


def _render_lines(report: IncidentReport) -> Iterator[str]:
    incident, facts = report.incident, report.facts
    yield f"# Incident {incident.number}: {escape_markdown(incident.known_title)}"
    yield ""
    state, worst = incident.describe_state(facts.until), escape_markdown(describe_worst(report))
    yield f"**{escape_markdown(report.engine)}** {state}. Worst: {worst}."
    yield ""
    yield f"{escape_markdown(describe_times(report))}."
    yield ""
    yield "## Impact in minutes"
    yield ""
    yield f"| environment | worst | {' | '.join(IMPACT_LEVELS)} |"
    yield "|---|---|" + "---:|" * len(IMPACT_LEVELS)
    yield from map(_render_impact, facts.impact)
    yield from _render_section("Timeline (UTC)", [_render_entry(entry, report) for entry in report.list_timeline()])
    actions = [
        f"{format_moment(action.at, report)} {escape_markdown(describe_action(action))}{_render_link(action.url)}"
        for action in facts.actions
    ]
    yield from _render_section("Actions", actions)
    pulls = [
        f"{format_link(f'#{pull.number}', pull.url)} {escape_markdown(describe_pull_request(pull))}"
        for pull in facts.pull_requests
    ]
    yield from _render_section("Pull requests", pulls)
    items = [
        f"{_render_environment(item.environment)}{escape_markdown(item.text)}{_render_link(item.url)}"
        for item in facts.open_items
    ]
    yield from _render_section(get_open_items_title(report).capitalize(), items)


def _render_section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from (f"- {line}" for line in lines)
    if not lines:
        yield "none"


def _render_impact(impact: EnvironmentImpact) -> str:
    spans = (format_minutes(impact.get_span(level)).removesuffix(" min") for level in IMPACT_LEVELS)
    return f"| {escape_markdown(impact.environment)} | {impact.worst} | {' | '.join(map(escape_markdown, spans))} |"


def _render_entry(entry: IncidentEntry, report: IncidentReport) -> str:
    place = f"{format_moment(entry.at, report)} {_render_environment(entry.environment)}"
    return f"{place}{escape_markdown(mark_entry(entry))}{_render_link(entry.url)}"


def _render_environment(name: str) -> str:
    return f"**{escape_markdown(name)}** " if name else ""


def _render_link(url: str) -> str:
    return f" ({format_link('link', url)})" if url else ""

"""The hand-over of an incident as a document: `anchor-tui/incident/v1`. Times without a unit are in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anchor_tui.domain.history.incidents import (
    EnvironmentImpact,
    ImpactLevel,
    Incident,
    IncidentAction,
    IncidentEntry,
    IncidentPullRequest,
    IncidentReport,
    OpenItem,
)
from anchor_tui.domain.model import AwareDatetime, ValueObject
from anchor_tui.services.document_schema import build_document_schema
from anchor_tui.services.json_text import format_json

SCHEMA = "anchor-tui/incident/v1"
LIST_SCHEMA = "anchor-tui/incident-list/v1"


class ImpactDocument(ValueObject, frozen=True):
    """The minutes of one environment in each level. They add up to the duration of the incident."""

    environment: str
    worst: ImpactLevel
    failing_minutes: float
    violation_minutes: float
    unknown_minutes: float
    attention_minutes: float
    ok_minutes: float
    not_observed_minutes: float


class NoteDocument(ValueObject, frozen=True):
    """One note. `author` is account and machine."""

    at: AwareDatetime
    author: str
    text: str


class IncidentDocument(ValueObject, frozen=True):
    """The hand-over of one incident. `until` is its end, or the time of the document while it is running.

    `recorded_on` is the machine whose history it is made from: another machine has a history of its own.
    """

    number: int
    title: str
    state: str
    started_at: AwareDatetime
    started_by: str
    ended_at: AwareDatetime | None
    ended_by: str
    until: AwareDatetime
    duration_minutes: float
    engine_id: str
    recorded_on: str
    impact: tuple[ImpactDocument, ...]
    timeline: tuple[IncidentEntry, ...]
    notes: tuple[NoteDocument, ...]
    actions: tuple[IncidentAction, ...]
    pull_requests: tuple[IncidentPullRequest, ...]
    open_items: tuple[OpenItem, ...]


def render(report: IncidentReport) -> str:
    """Return the hand-over as JSON."""
    return format_json({"schema": SCHEMA, **msgspec.to_builtins(build_document(report))})


def render_list(incidents: Sequence[Incident], now: datetime) -> str:
    """Return the incidents as JSON, the newest first."""
    return format_json({"schema": LIST_SCHEMA, "incidents": [_build_item(incident, now) for incident in incidents]})


def incident_schema() -> dict[str, Any]:
    """Return the JSON Schema of the hand-over."""
    return build_document_schema(IncidentDocument, SCHEMA, {})


def build_document(report: IncidentReport) -> IncidentDocument:
    """Return the hand-over as plain values."""
    incident, facts = report.incident, report.facts
    return IncidentDocument(
        incident.number,
        incident.title,
        incident.state,
        incident.started_at,
        incident.started_by,
        incident.ended_at,
        incident.ended_by,
        facts.until,
        _to_minutes(incident.measure_duration(facts.until)),
        report.engine,
        report.machine,
        tuple(map(_build_impact, facts.impact)),
        report.list_timeline(),
        tuple(NoteDocument(note.at, note.author, note.text) for note in report.notes),
        facts.actions,
        facts.pull_requests,
        facts.open_items,
    )


def _build_impact(impact: EnvironmentImpact) -> ImpactDocument:
    spans = (impact.failing, impact.violation, impact.unknown, impact.attention, impact.ok, impact.not_observed)
    return ImpactDocument(impact.environment, impact.worst, *map(_to_minutes, spans))


def _build_item(incident: Incident, now: datetime) -> dict[str, Any]:
    item: dict[str, Any] = msgspec.to_builtins(incident)
    duration = _to_minutes(incident.measure_duration(now))
    return {**item, "state": incident.state, "duration_minutes": duration}


def _to_minutes(span: timedelta) -> float:
    return round(span.total_seconds() / 60, 3)

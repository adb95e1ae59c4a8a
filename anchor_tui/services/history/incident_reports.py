"""Makes the hand-over of an incident from a history file. Facts are stored when an incident ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.changes import PULL_REQUEST_KINDS
from anchor_tui.domain.history.gaps import join_sessions
from anchor_tui.domain.history.incident_report import (
    LEAD_TIME,
    IncidentEvidence,
    IncidentLinks,
    build_incident_facts,
)
from anchor_tui.domain.history.incidents import Incident, IncidentFacts, IncidentReport
from anchor_tui.domain.history.records import HistoryFilter, RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.model import AppId
from anchor_tui.domain.urls import build_repository_url
from anchor_tui.services.history.database import open_for_reading
from anchor_tui.services.history.incident_queries import IncidentQueries
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.process_identity import machine_name

_KINDS_WITH_DETAIL = ("verdict", "source", "pull-request", "checks")
"""The kinds whose last changes before the start are read. They are few: the search in a long history takes time."""
_KINDS_BEFORE = frozenset({*_KINDS_WITH_DETAIL, "health"})
"""The kinds whose values at the start are part of the facts."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)


def list_incidents(path: Path) -> tuple[Incident, ...]:
    """Return the incidents of a history, the newest first; none if the file does not exist. Raises HistoryError."""
    if not path.exists():
        return ()
    connection = open_for_reading(path)
    try:
        return IncidentQueries(connection, path).list_incidents()
    finally:
        connection.close()


def read_report(path: Path, incident: Incident, config: Config, now: datetime) -> IncidentReport:
    """Return the hand-over of an incident, until now if it is running. Raises HistoryError."""
    connection = open_for_reading(path)
    try:
        queries = IncidentQueries(connection, path)
        facts = None if incident.is_running else queries.read_facts(incident.number)
        notes = queries.read_notes(incident.number)
    finally:
        connection.close()
    facts = facts or collect_facts(path, incident, config, incident.ended_at or now)
    return IncidentReport(incident, notes, facts, config.engine_id, machine_name())


def collect_facts(path: Path, incident: Incident, config: Config, until: datetime) -> IncidentFacts:
    """Return what the history contains about an incident until a time. Raises HistoryError."""
    start = incident.started_at
    with HistoryReader(path) as reader:
        changes = reader.read_changes(HistoryFilter(since=start - LEAD_TIME))
        sessions = reader.read_sessions(start)
        before = reader.read_latest_before(start, HistoryFilter(kinds=_KINDS_WITH_DETAIL))
        before = _complete_values(before, changes, reader.read_states(), start)
    return build_incident_facts(
        IncidentEvidence(
            start,
            until,
            tuple(change for change in changes if change.at <= until),
            before,
            join_sessions(sessions, until),
            {environment.name: environment.server for environment in config.environments},
            _find_links(config),
        )
    )


def _complete_values(
    before: tuple[RecordedChange, ...],
    changes: tuple[RecordedChange, ...],
    states: dict[SubjectKey, RecordedState],
    start: datetime,
) -> tuple[RecordedChange, ...]:
    """Add the values whose last change was not read, or is older than the history keeps.

    Later changes and the states contain them.
    """
    known = {change.key: change for change in before}
    for change in changes:
        if change.at >= start and change.kind in _KINDS_BEFORE and change.before is not None:
            earlier = replace(
                change, before=None, after=change.before, observed_at=_LONG_AGO, server_at=None, detail=""
            )
            known.setdefault(change.key, earlier)
    for key, state in states.items():
        if key.kind in _KINDS_BEFORE and key not in known and state.at < start:
            known[key] = _to_change(key, state)
    return tuple(known.values())


def _to_change(key: SubjectKey, state: RecordedState) -> RecordedChange:
    application = AppId(key.server, key.namespace, key.application) if key.application else None
    number = int(key.subject) if key.kind in PULL_REQUEST_KINDS and key.subject.isdecimal() else None
    return RecordedChange(
        key.kind,
        state.value,
        state.observed_at,
        environment=key.environment,
        application=application,
        subject=key.subject,
        server_at=state.server_at,
        pull_request=number,
    )


def _find_links(config: Config) -> IncidentLinks:
    servers = {server.name: f"{server.server}{server.root_path}" for server in config.servers_in_use if server.server}
    return IncidentLinks(build_repository_url(config.github.api_url, config.github.ops_repo), servers)

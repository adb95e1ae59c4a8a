"""Reads from the history file what the delivery metrics are measured from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.history.application_states import STATE_KINDS, StateChange
from anchor_tui.domain.history.records import APP_COMMIT, HistoryFilter, RecordedChange
from anchor_tui.domain.model import AppId
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.rows import to_microseconds, to_time

_KIND_MARKS = ", ".join("?" * len(STATE_KINDS))
_STATE_CHANGES = f"""
SELECT environment, observed_at, at, id, kind, server, namespace, application, before, after, server_at IS NOT NULL
FROM changes WHERE id > ? AND kind IN ({_KIND_MARKS}) AND origin = 'observed' AND at >= ? AND application <> ''
"""
_PRESENT_STATES = f"""
SELECT server, namespace, application, kind, value FROM states
WHERE kind IN ({_KIND_MARKS}) AND environment = ? AND application <> ''
"""
_SYNCS = "SELECT environment, at FROM changes WHERE id > ? AND kind = 'revision' AND after IS NOT NULL AND at >= ?"


class DeliveryChanges(NamedTuple):
    """The changes written after the one with an id, by environment. `last_id` is the newest id of it."""

    last_id: int
    states: Mapping[str, list[StateChange]]
    syncs: Mapping[str, list[datetime]]
    releases: Mapping[str, list[RecordedChange]]
    sources: tuple[RecordedChange, ...]
    """The changes of sources, which belong to no environment."""
    committed_at: Mapping[str, datetime]
    """The times of commits in the app repo."""


class DeliveryReader(HistoryReader):
    """A reader with the queries of the delivery metrics. Its rows are smaller: there can be a hundred thousand."""

    def read_last_id(self) -> int:
        """Return the id of the change that was written last; 0 without one. Raises HistoryError."""
        return int(self._select("SELECT coalesce(max(id), 0) FROM changes")[0][0])

    def read_delivery_changes(self, after_id: int, since: datetime) -> DeliveryChanges:
        """Return the changes after an id. States and syncs that are older than `since` are left out.

        Raises HistoryError.
        """
        last_id = self.read_last_id()
        limit = to_microseconds(since)
        states: dict[str, list[StateChange]] = {}
        applications: dict[tuple[str, str, str], AppId] = {}
        for row in self._select(_STATE_CHANGES, (after_id, *STATE_KINDS, limit)):
            environment, observed_at, at, id_, kind, server, namespace, name, before, after, has_server_time = row
            application = applications.setdefault((server, namespace, name), AppId(server, namespace, name))
            seen = to_time(observed_at)
            change_at = seen if at == observed_at else to_time(at)
            states.setdefault(environment, []).append(
                StateChange(seen, change_at, id_, kind, application, before, after, bool(has_server_time))
            )
        syncs: dict[str, list[datetime]] = {}
        for environment, at in self._select(_SYNCS, (after_id, limit)):
            syncs.setdefault(environment, []).append(to_time(at))
        releases: dict[str, list[RecordedChange]] = {}
        others = [
            change
            for change in self.read_changes(HistoryFilter(kinds=("release", "source", APP_COMMIT)))
            if after_id < change.id <= last_id
        ]
        for change in others:
            if change.kind == "release":
                releases.setdefault(change.environment, []).append(change)
        sources = tuple(change for change in others if change.kind == "source")
        committed_at = {change.subject: change.at for change in others if change.kind == APP_COMMIT}
        return DeliveryChanges(last_id, states, syncs, releases, sources, committed_at)

    def read_present_values(self, environment: str) -> dict[tuple[AppId, str], str | None]:
        """Return the last value of every state of an environment's applications. Raises HistoryError."""
        rows = self._select(_PRESENT_STATES, (*STATE_KINDS, environment))
        return {(AppId(server, namespace, name), kind): value for server, namespace, name, kind, value in rows}

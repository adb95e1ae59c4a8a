"""Reads the incidents of a history. A history without the tables of incidents contains none."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from anchor_tui.domain.history.incidents import Incident, IncidentFacts, IncidentNote
from anchor_tui.services.history.database import HistoryError, explain_errors
from anchor_tui.services.history.rows import to_time

_COLUMNS = "number, title, started_at, started_by, ended_at, ended_by"


class NoSuchIncidentError(HistoryError):
    """The history does not contain the incident that was asked for."""


class IncidentQueries:
    """The incidents that a connection can read. Every method raises HistoryError."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def list_incidents(self) -> tuple[Incident, ...]:
        """Return all incidents, the newest first."""
        return self._read("ORDER BY number DESC")

    def find_incident(self, number: int) -> Incident | None:
        """Return an incident; None if there is no such number."""
        return next(iter(self._read("WHERE number = ?", (number,))), None)

    def get_incident(self, number: int) -> Incident:
        """Return an incident. Raises NoSuchIncidentError."""
        found = self.find_incident(number)
        if found is None:
            raise NoSuchIncidentError(f"the history {self._path} does not contain an incident {number}")
        return found

    def find_running(self) -> Incident | None:
        """Return the incident that has not ended."""
        return next(iter(self._read("WHERE ended_at IS NULL")), None)

    def read_notes(self, number: int) -> tuple[IncidentNote, ...]:
        """Return the notes of an incident, oldest first."""
        rows = self._select(
            "SELECT at, author, text, id FROM incident_notes WHERE incident = ? ORDER BY at, id", (number,)
        )
        return tuple(IncidentNote(to_time(at), author, text, id_) for at, author, text, id_ in rows)

    def read_facts(self, number: int) -> IncidentFacts | None:
        """Return the facts that were stored when an incident ended; None if they are not readable."""
        rows = self._select("SELECT facts FROM incidents WHERE number = ?", (number,))
        try:
            return msgspec.json.decode(rows[0][0], type=IncidentFacts) if rows and rows[0][0] else None
        except msgspec.MsgspecError:
            return None

    def read_version(self) -> int:
        """Return a number that differs when another connection has written since."""
        with explain_errors(self._path, "read"):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _read(self, condition: str, values: Sequence[Any] = ()) -> tuple[Incident, ...]:
        return tuple(map(_to_incident, self._select(f"SELECT {_COLUMNS} FROM incidents {condition}", values)))

    def _select(self, query: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        with explain_errors(self._path, "read"):
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # an older file, which this process has not opened for writing
                    return []
                raise


def _to_incident(row: Sequence[Any]) -> Incident:
    number, title, started_at, started_by, ended_at, ended_by = row
    ended = None if ended_at is None else to_time(ended_at)
    return Incident(number, title, to_time(started_at), started_by, ended, ended_by)

"""Writes incidents and notes. A number is given in a transaction, so that it is unique for all processes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.history.incidents import (
    MAX_NOTE_LENGTH,
    MAX_TITLE_LENGTH,
    Incident,
    IncidentFacts,
    IncidentNote,
)
from anchor_tui.services.history.database import open_for_writing, open_transaction
from anchor_tui.services.history.incident_queries import IncidentQueries
from anchor_tui.services.history.rows import to_microseconds, to_time

WRITE_TIMEOUT_MS = 5_000
"""The wait for the transaction of another process. Incidents have a thread of their own: it delays no snapshot."""


class IncidentStore:
    """The incidents of one history, open for writing by one thread at a time. Methods raise HistoryError."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open the file, and create it if it does not exist."""
        self.path = path
        self._connection = open_for_writing(path, now).connection
        self._connection.execute(f"PRAGMA busy_timeout = {WRITE_TIMEOUT_MS}")
        self.queries = IncidentQueries(self._connection, path)

    def __enter__(self) -> IncidentStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def start(self, title: str, at: datetime, by: str) -> tuple[Incident, bool]:
        """Start an incident. Return it, and if it is new: another process may have started one that is running."""
        with open_transaction(self._connection, self.path):
            running = self.queries.find_running()
            if running is not None:
                return running, False
            clean = _clean_line(title, MAX_TITLE_LENGTH)
            started = self._connection.execute(_START, (clean, to_microseconds(at), _clean_line(by)))
            return self.get_incident(started.lastrowid or 0), True

    def end(self, number: int, at: datetime, by: str, facts: IncidentFacts) -> Incident:
        """End an incident and store its facts. An incident that has ended stays as it is. Return it."""
        with open_transaction(self._connection, self.path):
            text = msgspec.json.encode(facts).decode()
            self._connection.execute(_END, (to_microseconds(at), _clean_line(by), text, number))
        return self.get_incident(number)

    def add_note(self, number: int, text: str, at: datetime, author: str) -> IncidentNote:
        """Add a note to an incident, also after its end. Return it as it is stored."""
        self.get_incident(number)
        clean, name = _clean_line(text, MAX_NOTE_LENGTH), _clean_line(author)
        with open_transaction(self._connection, self.path):
            added = self._connection.execute(_NOTE, (number, to_microseconds(at), name, clean))
        return IncidentNote(to_time(to_microseconds(at)), name, clean, added.lastrowid or 0)

    def get_incident(self, number: int) -> Incident:
        """Return an incident. Raises NoSuchIncidentError."""
        return self.queries.get_incident(number)


def _clean_line(text: str, limit: int = MAX_TITLE_LENGTH) -> str:
    """Return a text of the operator on one line: printable, without tokens, and not longer than the limit."""
    clean = sanitize_text(text).strip()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


_START = "INSERT INTO incidents (title, started_at, started_by, ended_by, facts) VALUES (?, ?, ?, '', '')"
_END = """
UPDATE incidents SET ended_at = max(started_at, ?), ended_by = ?, facts = ? WHERE number = ? AND ended_at IS NULL
"""
_NOTE = "INSERT INTO incident_notes (incident, at, author, text) VALUES (?, ?, ?, ?)"

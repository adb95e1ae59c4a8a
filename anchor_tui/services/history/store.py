"""Writes the history: one transaction for each batch, the same file for several processes.

The store remembers the last value of every subject in the file. A change to the value that the file already has is not
written, so that a change that two processes see is recorded once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from anchor_tui.domain.history.records import GoodRelease, RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.model import ValueObject
from anchor_tui.services.history.database import explain_errors, open_for_writing, open_transaction
from anchor_tui.services.history.rows import (
    GOOD_COLUMNS,
    INSERT_CHANGE,
    STATE_COLUMNS,
    STATE_KEY_COLUMNS,
    clean_change,
    to_change_row,
    to_good_release,
    to_good_row,
    to_key,
    to_microseconds,
    to_state,
)
from anchor_tui.services.process_identity import is_same_process_alive, read_process_start, this_process_id

PRUNE_ROWS = 5_000
"""The rows that one transaction deletes at most, so that other processes never wait for long."""


class HistoryBatch(ValueObject, frozen=True):
    """Everything that one transaction writes. An empty batch writes nothing."""

    at: datetime
    changes: tuple[RecordedChange, ...] = ()
    forced: tuple[RecordedChange, ...] = ()
    """Changes that are written even if another process has recorded a later observation of their subject."""
    good_releases: tuple[GoodRelease, ...] = ()
    imported: tuple[str, ...] = ()
    """The subjects whose past is in `changes`, so that it is imported once."""

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to write."""
        return not (self.changes or self.forced or self.good_releases or self.imported)


class HistoryStore:
    """One history, open for writing. It belongs to one thread at a time."""

    def __init__(self, path: Path, now: datetime, process: str = "") -> None:
        """Open the file. Raises HistoryError."""
        self.path = path
        opened = open_for_writing(path, now)
        self.message = opened.message
        """A sentence about the file that was set aside at the start; empty if none was."""
        self._connection = opened.connection
        self._process = process or this_process_id()
        self._session_id: int | None = None
        self._states: dict[SubjectKey, RecordedState] = {}
        self._foreign: set[SubjectKey] = set()
        """The subjects whose last change this process did not write."""
        self._unreported: dict[SubjectKey, RecordedState | None] | None = None
        """The states before those that other processes have written, until `refresh` returns them."""
        self._sequence = 0
        """The number of the last transaction that this process has seen or made."""
        self._data_version = -1
        with explain_errors(path, "read"):
            self._take_over_states()
            self.imported = frozenset(row[0] for row in self._connection.execute("SELECT subject FROM imports"))
            """The subjects whose past was imported before this process started."""
        self._unreported = None

    @property
    def states(self) -> Mapping[SubjectKey, RecordedState]:
        """The last value of every subject, as far as this process has read the file."""
        return self._states

    def write(self, batch: HistoryBatch) -> tuple[RecordedChange, ...]:
        """Write a batch and return the changes that are new to the file, with their ids. Raises HistoryError.

        Of the first observation of a value that is as it should be, only the state is written.
        """
        if batch.is_empty:
            return ()
        with self._transaction():
            self._take_over_states()
            new = tuple(self._list_new(batch))
            if not (new or batch.good_releases or batch.imported):
                return ()
            sequence = self._sequence + 1
            for change in new:
                self._put_state(change, sequence)
            stored = tuple(self._insert_change(change) for change in new if not change.is_unremarkable)
            for good in batch.good_releases:
                self._connection.execute(_UPSERT_GOOD, to_good_row(good))
            for subject in batch.imported:
                self._connection.execute(
                    "INSERT OR IGNORE INTO imports VALUES (?, ?)", (subject, to_microseconds(batch.at))
                )
            self._touch_session(batch.at)
        self._sequence = sequence
        for change in new:
            self._remember(change)
        return stored

    def refresh(self) -> Mapping[SubjectKey, RecordedState | None] | None:
        """Read what other processes have written since the last call; None if they have written nothing.

        Return the subjects that they changed, with the states before that. Raises HistoryError.
        """
        with explain_errors(self.path, "read"):
            self._take_over_states()
        taken, self._unreported = self._unreported, None
        return taken

    def start_session(self, at: datetime) -> None:
        """Record that this process is watching. End the sessions of processes that were killed. Raises HistoryError."""
        with self._transaction():
            abandoned = [
                (id_,)
                for id_, process, start in self._connection.execute(_OPEN_SESSIONS)
                if process == self._process or not is_same_process_alive(process, start)
            ]
            self._connection.executemany("UPDATE sessions SET ended_at = last_written_at WHERE id = ?", abandoned)
            inserted = self._connection.execute(
                "INSERT INTO sessions (process, process_start, started_at, last_written_at) VALUES (?, ?, ?, ?)",
                (self._process, read_process_start(self._process), to_microseconds(at), to_microseconds(at)),
            )
            session_id = inserted.lastrowid
        self._session_id = session_id

    def end_session(self, at: datetime) -> None:
        """Record that this process stopped watching. Raises HistoryError."""
        if self._session_id is None:
            return
        with self._transaction():
            self._connection.execute(
                "UPDATE sessions SET ended_at = max(started_at, ?) WHERE id = ?",
                (to_microseconds(at), self._session_id),
            )
        self._session_id = None

    def read_good_releases(self) -> tuple[GoodRelease, ...]:
        """Return every release that was healthy for the soak time. Raises HistoryError."""
        with explain_errors(self.path, "read"):
            return tuple(map(to_good_release, self._connection.execute(f"SELECT {GOOD_COLUMNS} FROM good_releases")))

    def prune(self, before: datetime) -> int:
        """Delete up to PRUNE_ROWS changes, and sessions, that ended before a time. Return the number of changes.

        The last value of a subject stays, so that its next change has a `before`. Raises HistoryError.
        """
        limit = to_microseconds(before)
        with explain_errors(self.path, "read"):
            oldest = self._connection.execute(_OLDEST, (limit, limit, limit)).fetchone()
        if oldest is None:
            return 0
        with self._transaction():
            self._connection.execute("DELETE FROM sessions WHERE ended_at < ?", (limit,))
            self._connection.execute("DELETE FROM states WHERE observed_at < ? AND value IS NULL", (limit,))
            return self._connection.execute(_PRUNE, (limit, PRUNE_ROWS)).rowcount

    def check(self) -> None:
        """Search the whole file for damage. Raises DamagedHistoryError."""
        with explain_errors(self.path, "read"):
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                error = sqlite3.DatabaseError(found)
                error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # --- inside a transaction ------------------------------------------------------------------------

    def _transaction(self) -> AbstractContextManager[None]:
        return open_transaction(self._connection, self.path)

    def _take_over_states(self) -> None:
        """Read the states that another process has written since the last call."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._data_version:
            return
        taken = {}
        for row in self._connection.execute(_STATES, (self._sequence,)).fetchall():
            taken[to_key(row[:7])] = to_state(row[7:11])
            self._sequence = max(self._sequence, row[11])
        self._data_version = version
        self._unreported = {key: self._states.get(key) for key in taken} | (self._unreported or {})
        self._states.update(taken)
        self._foreign.update(taken)

    def _list_new(self, batch: HistoryBatch) -> Iterator[RecordedChange]:
        """Yield the changes to values that their subjects do not have, with the `before` of the file.

        A server's time before the last change of the same subject is left out: the timeline would be out of order.
        """
        latest: dict[SubjectKey, RecordedChange] = {}
        forced = {change.key for change in batch.forced}
        for change in map(clean_change, (*batch.changes, *batch.forced)):
            if change.origin != "observed":
                yield change
                continue
            key, known = change.key, latest.get(change.key) or self._states.get(change.key)
            if known is not None:
                if known.compared_value == change.compared_value:
                    continue
                if key not in latest and key not in forced and self._is_outdated(change, known):
                    continue
                before = known.after if isinstance(known, RecordedChange) else known.value
                is_ordered = change.server_at is None or change.server_at >= known.at
                change = replace(change, before=before, server_at=change.server_at if is_ordered else None)
            latest[key] = change
            yield change

    def _is_outdated(self, change: RecordedChange, known: RecordedChange | RecordedState) -> bool:
        """Return True if another process has recorded a later observation of the same subject."""
        if change.key not in self._foreign:
            return False
        is_older = change.server_at is not None and known.server_at is not None and change.server_at < known.server_at
        return is_older or change.observed_at < known.observed_at

    def _insert_change(self, change: RecordedChange) -> RecordedChange:
        id_ = self._connection.execute(INSERT_CHANGE, to_change_row(change, self._session_id)).lastrowid
        assert id_ is not None
        return replace(change, id=id_)

    def _put_state(self, change: RecordedChange, sequence: int) -> None:
        if change.origin == "observed":
            server_at = to_microseconds(change.server_at) if change.server_at else None
            times = (to_microseconds(change.observed_at), server_at)
            values = (*change.key, change.after, change.compared_value, *times, sequence)
            self._connection.execute(_PUT_STATE, values)

    def _touch_session(self, at: datetime) -> None:
        if self._session_id is not None:
            values = (to_microseconds(at), self._session_id)
            self._connection.execute("UPDATE sessions SET last_written_at = ? WHERE id = ?", values)

    def _remember(self, change: RecordedChange) -> None:
        if change.origin == "observed":
            self._foreign.discard(change.key)
            self._states[change.key] = RecordedState(
                change.after, change.compared_value, change.observed_at, change.server_at
            )


_OPEN_SESSIONS = "SELECT id, process, process_start FROM sessions WHERE ended_at IS NULL"
_STATES = f"SELECT {STATE_KEY_COLUMNS}, {STATE_COLUMNS}, sequence FROM states WHERE sequence > ?"
_PUT_STATE = f"INSERT OR REPLACE INTO states VALUES ({', '.join('?' * 12)})"
_UPSERT_GOOD = f"""
INSERT INTO good_releases ({GOOD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (environment, content) DO UPDATE SET
  version = excluded.version,
  commit_id = excluded.commit_id,
  pull_request = excluded.pull_request,
  healthy_since = CASE WHEN excluded.healthy_since > qualified_at THEN excluded.healthy_since ELSE healthy_since END,
  qualified_at = CASE WHEN excluded.healthy_since > qualified_at THEN excluded.qualified_at ELSE qualified_at END,
  last_seen_at = max(last_seen_at, excluded.last_seen_at)
"""
_OLDEST = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM changes WHERE at < ?) OR EXISTS (SELECT 1 FROM sessions WHERE ended_at < ?)
  OR EXISTS (SELECT 1 FROM states WHERE observed_at < ? AND value IS NULL)
"""
_PRUNE = "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at < ? ORDER BY at LIMIT ?)"

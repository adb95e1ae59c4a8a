"""Reads the history for the screen and for commands: pages of changes, states, good releases and sessions.

A reader has a connection of its own, never changes the file, and may be used on any thread, one call at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from anchor_tui.domain.history.records import (
    PAST_SYNCS,
    GoodRelease,
    HistoryFilter,
    HistoryPage,
    HistoryPosition,
    RecordedChange,
    RecordedState,
    SubjectKey,
    WatchSession,
)
from anchor_tui.services.history.database import explain_errors, open_for_reading
from anchor_tui.services.history.rows import (
    CHANGE_COLUMNS,
    GOOD_COLUMNS,
    STATE_COLUMNS,
    STATE_KEY_COLUMNS,
    to_change,
    to_good_release,
    to_key,
    to_microseconds,
    to_state,
    to_time,
)
from anchor_tui.services.process_identity import is_same_process_alive

PAGE_LENGTH = 100
MAX_PARTS = 64
"""A filter of more combinations of kinds and environments is searched by time."""
NO_FILTER = HistoryFilter()


class HistoryReader:
    """One history, open for reading. Raises HistoryError, also if the file does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_for_reading(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def has_past_syncs(self) -> bool:
        """Return True if the past syncs of an application were imported. Raises HistoryError."""
        return bool(self._select("SELECT 1 FROM imports WHERE subject GLOB ? LIMIT 1", (f"{PAST_SYNCS} *",)))

    def read_page(
        self, wanted: HistoryFilter = NO_FILTER, after: HistoryPosition | None = None, length: int = PAGE_LENGTH
    ) -> HistoryPage:
        """Return the changes after a position, newest first. Raises HistoryError."""
        values: list[Any] = []
        parts = []
        for part in _split_filter(wanted):
            conditions, own = make_conditions(part)
            if after is not None:
                conditions.append("(at, id) < (?, ?)")
                own += [to_microseconds(after.at), after.id]
            values += [*own, length + 1]
            where = join_conditions(conditions)
            parts.append(f"SELECT * FROM (SELECT * FROM changes {where} ORDER BY at DESC, id DESC LIMIT ?)")
        union = " UNION ALL ".join(parts)
        rows = self._select(
            f"SELECT {CHANGE_COLUMNS} FROM ({union}) ORDER BY at DESC, id DESC LIMIT ?", (*values, length + 1)
        )
        changes = tuple(map(to_change, rows[:length]))
        last = HistoryPosition(changes[-1].at, changes[-1].id) if len(rows) > length else None
        return HistoryPage(changes, last)

    def read_changes(self, wanted: HistoryFilter = NO_FILTER) -> tuple[RecordedChange, ...]:
        """Return all changes that a filter selects, oldest first. Raises HistoryError."""
        conditions, values = make_conditions(wanted)
        rows = self._select(
            f"SELECT {CHANGE_COLUMNS} FROM changes {join_conditions(conditions)} ORDER BY at, id", values
        )
        return tuple(map(to_change, rows))

    def read_changes_after(self, id_: int) -> tuple[RecordedChange, ...]:
        """Return the changes that were written after the one with this id, in the order of writing."""
        return tuple(
            map(to_change, self._select(f"SELECT {CHANGE_COLUMNS} FROM changes WHERE id > ? ORDER BY id", (id_,)))
        )

    def read_latest_before(self, at: datetime, wanted: HistoryFilter = NO_FILTER) -> tuple[RecordedChange, ...]:
        """Return the last change of each subject before a time: the values that it had then. Raises HistoryError.

        Every selected change is read: limit the kinds. The first observation of a value that is as it should be is
        not a change; `before` of the first change later is its value.
        """
        conditions, values = make_conditions(wanted)
        conditions += ["at < ?", "origin <> 'local'"]
        rows = self._select(
            f"""
            SELECT {CHANGE_COLUMNS} FROM (
              SELECT *, row_number() OVER (PARTITION BY {STATE_KEY_COLUMNS} ORDER BY at DESC, id DESC) AS place_in_key
              FROM changes {join_conditions(conditions)}
            ) WHERE place_in_key = 1 ORDER BY at DESC, id DESC
            """,
            (*values, to_microseconds(at)),
        )
        return tuple(map(to_change, rows))

    def read_states(self) -> dict[SubjectKey, RecordedState]:
        """Return the last observed value of every subject. Raises HistoryError."""
        rows = self._select(f"SELECT {STATE_KEY_COLUMNS}, {STATE_COLUMNS} FROM states")
        return {to_key(row[:7]): to_state(row[7:]) for row in rows}

    def read_good_releases(self, environment: str = "") -> tuple[GoodRelease, ...]:
        """Return the releases that were healthy for the soak time, the last one first. Raises HistoryError."""
        rows = self._select(
            f"SELECT {GOOD_COLUMNS} FROM good_releases WHERE ? IN ('', environment) ORDER BY qualified_at DESC",
            (environment,),
        )
        return tuple(map(to_good_release, rows))

    def read_sessions(self, since: datetime | None = None) -> tuple[WatchSession, ...]:
        """Return the times in which a process was watching, oldest first. Raises HistoryError."""
        rows = self._select(
            "SELECT process, process_start, started_at, ended_at, last_written_at FROM sessions ORDER BY started_at, id"
        )
        sessions = tuple(map(_to_session, rows))
        return tuple(item for item in sessions if since is None or item.ended_at is None or item.ended_at >= since)

    def _select(self, query: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        with explain_errors(self.path, "read"):
            return self._connection.execute(query, values).fetchall()


def _to_session(row: Sequence[Any]) -> WatchSession:
    process, process_start, started_at, ended_at, last_written_at = row
    if ended_at is None and not is_same_process_alive(process, process_start):
        ended_at = last_written_at  # it was killed
    return WatchSession(to_time(started_at), None if ended_at is None else to_time(ended_at), process)


def _split_filter(wanted: HistoryFilter) -> Sequence[HistoryFilter]:
    """Return filters of one kind and one environment each: an index finds the newest changes of those at once."""
    kinds, environments = wanted.kinds or ("",), wanted.environments or ("",)
    if wanted.application is not None or wanted.pull_request is not None or len(kinds) * len(environments) > MAX_PARTS:
        return (wanted,)
    return [
        replace(wanted, kinds=(kind,) if kind else (), environments=(environment,) if environment else ())
        for kind in dict.fromkeys(kinds)
        for environment in dict.fromkeys(environments)
    ]


def make_conditions(wanted: HistoryFilter) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter, and the values of their placeholders."""
    conditions: list[str] = []
    values: list[Any] = []
    for column, choices in (
        ("environment", wanted.environments),
        ("kind", wanted.kinds),
        ("origin", wanted.origins),
    ):
        if choices:
            conditions.append(f"{column} IN ({', '.join('?' * len(choices))})")
            values += choices
    if wanted.application is not None:
        conditions.append("server = ? AND namespace = ? AND application = ?")
        values += wanted.application
    if wanted.subject:
        conditions.append("subject = ?")
        values.append(wanted.subject)
    if wanted.pull_request is not None:
        conditions.append("pull_request = ?")
        values.append(wanted.pull_request)
    if wanted.since is not None:
        conditions.append("at >= ?")
        values.append(to_microseconds(wanted.since))
    if wanted.until is not None:
        conditions.append("at < ?")
        values.append(to_microseconds(wanted.until))
    return conditions, values


def join_conditions(conditions: Sequence[str]) -> str:
    """Return the WHERE clause of conditions; empty if there are none."""
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""

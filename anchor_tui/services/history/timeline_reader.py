"""Reads the timeline: pages of lines with their causes, and the times in which no process was watching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from anchor_tui.domain.history.causes import BAD_HEALTH, CAUSE_WINDOW, CLOCK_TOLERANCE
from anchor_tui.domain.history.change_words import TIMELINE_KINDS
from anchor_tui.domain.history.floods import GROUP_WINDOW
from anchor_tui.domain.history.gaps import list_gaps
from anchor_tui.domain.history.loaded_timeline import TimelinePage
from anchor_tui.domain.history.records import HistoryFilter, HistoryPosition, RecordedChange
from anchor_tui.domain.history.timeline import find_line_start
from anchor_tui.domain.model import AppId
from anchor_tui.services.history.queries import NO_FILTER, PAGE_LENGTH, HistoryReader, join_conditions, make_conditions
from anchor_tui.services.history.rows import CHANGE_COLUMNS, to_change, to_microseconds

MAX_CHANGES = 20_000
"""The changes that one page contains at most: a flood of them is one line."""
_SELECTION_LENGTH = 500
_MAX_NAMES = 400
"""The applications of one query at most; SQLite limits its placeholders."""


class TimelineReader(HistoryReader):
    """One history, open for reading lines of the timeline. Raises HistoryError."""

    def read_timeline(
        self,
        now: datetime,
        wanted: HistoryFilter = NO_FILTER,
        after: HistoryPosition | None = None,
        length: int = PAGE_LENGTH,
        *,
        is_grouped: bool = True,
    ) -> TimelinePage:
        """Return the changes of `length` lines and some more, so that the flood in the last of these is complete.

        First observations of good values are left out: they are not changes. Unless `is_grouped`,
        each change is a line.
        """
        changes: list[RecordedChange] = []
        position = after
        most = MAX_CHANGES if is_grouped else length + 1
        while len(changes) < most:
            selection = self._read_changes(wanted, position)
            changes += selection
            if len(selection) < _SELECTION_LENGTH:
                position = None
                break
            position = HistoryPosition(changes[-1].at, changes[-1].id)
            line_start = find_line_start(changes, length) if is_grouped else None
            if line_start is not None and changes[-1].at < line_start - GROUP_WINDOW:
                break
        return self._complete_page(now, wanted, changes, after.at if after else wanted.until, position)

    def read_newer(
        self, now: datetime, wanted: HistoryFilter, last_id: int, oldest: HistoryPosition | None = None
    ) -> TimelinePage:
        """Return the changes that were written after the one with `last_id`, and the gaps since `oldest`."""
        conditions, values = self._make_conditions(wanted)
        changes = self._find(" AND ".join([*conditions, "id > ?"]), (*values, last_id))
        changes.sort(key=lambda change: (change.at, change.id), reverse=True)
        return self._complete_page(now, wanted, changes, wanted.until, oldest)

    def _complete_page(
        self,
        now: datetime,
        wanted: HistoryFilter,
        changes: Sequence[RecordedChange],
        newest: datetime | None,
        end: HistoryPosition | None,
    ) -> TimelinePage:
        """Return the page of changes, with the gaps between `newest` and `end` and what may be causes."""
        oldest = end.at if end is not None else wanted.since
        gaps = list_gaps(self.read_sessions(), now, oldest, newest) if _shows_gaps(wanted) else ()
        return TimelinePage(tuple(changes), tuple(self._read_evidence(changes)), gaps, end)

    def read_last_id(self) -> int:
        """Return the id of the change that was written last; 0 if there is none."""
        return int(self._select("SELECT coalesce(max(id), 0) FROM changes")[0][0])

    def read_data_version(self) -> int:
        """Return a number that changes when another connection has written. It takes microseconds."""
        return int(self._select("PRAGMA data_version")[0][0])

    def list_environments(self) -> tuple[str, ...]:
        """Return the environments that the history contains."""
        rows = self._select("SELECT DISTINCT environment FROM states WHERE environment <> '' ORDER BY environment")
        return tuple(row[0] for row in rows)

    def find_applications(self, text: str) -> tuple[AppId, ...]:
        """Return the applications with a name, `namespace/name` or `server:namespace/name`."""
        name = text.rpartition("/")[2]
        rows = self._select(
            "SELECT DISTINCT server, namespace, application FROM changes WHERE application = ? ORDER BY 1, 2", (name,)
        )
        found = (AppId(*row) for row in rows)
        return tuple(id_ for id_ in found if text in {id_.name, str(id_), f"{id_.server}:{id_}"})

    def _read_changes(self, wanted: HistoryFilter, after: HistoryPosition | None) -> list[RecordedChange]:
        conditions, values = self._make_conditions(wanted)
        if after is not None:
            conditions.append("(at, id) < (?, ?)")
            values += [to_microseconds(after.at), after.id]
        rows = self._select(
            f"SELECT {CHANGE_COLUMNS} FROM changes {join_conditions(conditions)} ORDER BY at DESC, id DESC LIMIT ?",
            (*values, _SELECTION_LENGTH),
        )
        return [to_change(row) for row in rows]

    @staticmethod
    def _make_conditions(wanted: HistoryFilter) -> tuple[list[str], list[Any]]:
        conditions, values = make_conditions(replace(wanted, kinds=wanted.kinds or TIMELINE_KINDS))
        return [*conditions, _IS_CHANGE], values

    def _read_evidence(self, changes: Sequence[RecordedChange]) -> Iterator[RecordedChange]:
        """Yield the syncs, releases and pull requests that may be causes of changes."""
        if not changes:
            return
        failures = [change for change in changes if change.kind == "diagnosis" or change.after in BAD_HEALTH]
        names = sorted({change.application.name for change in failures if change.application is not None})
        syncs: list[RecordedChange] = []
        if names and len(names) <= _MAX_NAMES:
            condition = f"kind = 'revision' AND application IN ({', '.join('?' * len(names))}) AND at BETWEEN ? AND ?"
            syncs = self._find(condition, (*names, *_widen(failures)))
            yield from syncs
        deployed = [*syncs, *(change for change in changes if change.kind == "revision")]
        releases: list[RecordedChange] = []
        if deployed:
            environments = sorted({change.environment for change in deployed})
            condition = f"environment IN ({', '.join('?' * len(environments))}) AND kind = 'release'"
            releases = self._find(f"{condition} AND at BETWEEN ? AND ?", (*environments, *_widen(deployed)))
            yield from releases
        numbers = {change.pull_request for change in (*changes, *releases) if change.pull_request is not None}
        chosen = sorted(numbers, reverse=True)[:_MAX_NAMES]
        if chosen:
            condition = f"pull_request IN ({', '.join('?' * len(chosen))}) AND kind = 'pull-request'"
            yield from self._find(condition, chosen)

    def _find(self, condition: str, values: Sequence[Any]) -> list[RecordedChange]:
        rows = self._select(f"SELECT {CHANGE_COLUMNS} FROM changes WHERE {condition} ORDER BY at, id", values)
        return [to_change(row) for row in rows]


_IS_CHANGE = """
(before IS NOT NULL OR origin <> 'observed'
 OR (kind, after) NOT IN (VALUES ('verdict', 'ok'), ('source', 'fresh'), ('checks', 'pending'), ('checks', 'none')))
"""
"""False for the first observation of a value that needs no attention: it is not known when it began.

Of many such values the file contains no change at all (`RecordedChange.is_unremarkable`).
"""


def _widen(effects: Sequence[RecordedChange]) -> tuple[int, int]:
    """Return the first and the last time at which causes of these changes may be, in microseconds."""
    times = [change.at for change in effects]
    return to_microseconds(min(times) - CAUSE_WINDOW), to_microseconds(max(times) + CLOCK_TOLERANCE)


def _shows_gaps(wanted: HistoryFilter) -> bool:
    return "local" not in wanted.origins

"""The part of the timeline that was read so far: newer changes are added at the top, older ones page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.records import HistoryPosition, RecordedChange
from anchor_tui.domain.history.timeline import TimelineLine, build_timeline
from anchor_tui.domain.model import ValueObject

MAX_LINES = 5_000
"""The lines that are read at most. Older changes need the command, which selects times."""


class HistoryVersion(NamedTuple):
    """The state of the file that was read: the number of the connection, and SQLite's number of foreign writes."""

    connection: int
    data: int


class TimelinePage(ValueObject, frozen=True):
    """Some changes, newest first, with those that may have caused them, and the gaps between them.

    `next_position` is where the next page begins; None if there is no further one.
    """

    changes: tuple[RecordedChange, ...] = ()
    evidence: tuple[RecordedChange, ...] = ()
    gaps: tuple[ObservationGap, ...] = ()
    next_position: HistoryPosition | None = None


class LoadedTimeline(ValueObject, frozen=True):
    """The lines, newest first, and what they were made from. A line that has not changed stays the same object."""

    lines: tuple[TimelineLine, ...] = ()
    page: TimelinePage = TimelinePage()
    last_id: int = 0
    """The last change of the file when it was read."""
    version: HistoryVersion | None = None
    problem: str = ""
    """The reason why the file cannot be read at present."""

    @property
    def has_older(self) -> bool:
        """True if older changes can be read."""
        return self.page.next_position is not None and len(self.lines) < MAX_LINES


def start_timeline(before: LoadedTimeline, page: TimelinePage, last_id: int, version: HistoryVersion) -> LoadedTimeline:
    """Return the timeline that begins with a first page. Lines of before that are equal are kept."""
    return _build(before, page, last_id, version)


def add_newer(loaded: LoadedTimeline, newer: TimelinePage, last_id: int, version: HistoryVersion) -> LoadedTimeline:
    """Return the timeline with changes that were written since. Those older than its end are read with their page."""
    end = loaded.page.next_position
    known = loaded.page.changes
    added = [change for change in newer.changes if end is None or (change.at, change.id) > end]
    changes = sorted((*known, *added), key=lambda change: (change.at, change.id), reverse=True) if added else known
    page = TimelinePage(tuple(changes), (*newer.evidence, *loaded.page.evidence), newer.gaps, end)
    return _build(loaded, page, last_id, version)


def add_older(loaded: LoadedTimeline, older: TimelinePage) -> LoadedTimeline:
    """Return the timeline with a further page."""
    gaps = {gap.since: gap for gap in (*older.gaps, *loaded.page.gaps)}
    page = TimelinePage(
        (*loaded.page.changes, *older.changes),
        (*loaded.page.evidence, *older.evidence),
        tuple(sorted(gaps.values(), key=lambda gap: gap.since, reverse=True)),
        older.next_position,
    )
    return _build(loaded, page, loaded.last_id, loaded.version)


def _build(before: LoadedTimeline, page: TimelinePage, last_id: int, version: HistoryVersion | None) -> LoadedTimeline:
    lines = build_timeline(page.changes, page.gaps, page.evidence)
    return LoadedTimeline(_keep_same(before.lines, lines), page, last_id, version)


def _keep_same(before: Sequence[TimelineLine], after: Sequence[TimelineLine]) -> tuple[TimelineLine, ...]:
    """Return the lines, with those of before that are equal."""
    known = {line.key: line for line in before}
    return tuple(old if (old := known.get(line.key)) == line and old is not None else line for line in after)


def with_problem(loaded: LoadedTimeline, problem: str) -> LoadedTimeline:
    """Return the timeline as it was read last, with the reason why it is not read now."""
    return loaded if loaded.problem == problem else replace(loaded, problem=problem, version=None)

"""Times in which no process was watching. Nothing is known of them: they are never shown as quiet or healthy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from anchor_tui.domain.history.records import WatchSession
from anchor_tui.domain.history.time_spans import TimeSpan, join_spans
from anchor_tui.domain.model import AwareDatetime, ValueObject

MIN_GAP = timedelta(minutes=1)
"""A shorter gap is a restart of the screen."""
_FUTURE = datetime.max.replace(tzinfo=UTC)


class ObservationGap(ValueObject, frozen=True):
    """A time between two sessions. `until` is None if no process is watching now."""

    since: AwareDatetime
    until: AwareDatetime | None

    @property
    def place(self) -> datetime:
        """The place in the timeline: its end."""
        return self.until or _FUTURE

    @property
    def key(self) -> str:
        """The identity of the line."""
        return f"gap {self.since.isoformat()}"


def join_sessions(sessions: Iterable[WatchSession], now: datetime) -> tuple[TimeSpan, ...]:
    """Return the times in which any process was watching, without overlaps, in their order."""
    return join_spans(TimeSpan(session.started_at, session.ended_at or now) for session in sessions)


def list_gaps(
    sessions: Sequence[WatchSession],
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[ObservationGap, ...]:
    """Return the gaps that end after `since` and begin before `until`, newest first. Before the first session is none.

    An end of a session that is open is `now`.
    """
    gaps: list[ObservationGap] = []
    watched_until: datetime | None = None
    for start, end in join_sessions(sessions, now):
        if watched_until is not None and start - watched_until >= MIN_GAP:
            gaps.append(ObservationGap(watched_until, start))
        watched_until = end
    if watched_until is not None and now - watched_until >= MIN_GAP:
        gaps.append(ObservationGap(watched_until, None))
    return tuple(
        gap
        for gap in reversed(gaps)
        if (since is None or gap.until is None or gap.until > since) and (until is None or gap.since < until)
    )


def describe_gap(gap: ObservationGap) -> str:
    """Return "not observed 02:10–06:55", with the date of the start if it is another day; times in UTC."""
    if gap.until is None:
        return f"not observed since {gap.since:%Y-%m-%d %H:%M}Z"
    start = f"{gap.since:%H:%M}" if gap.since.date() == gap.until.date() else f"{gap.since:%Y-%m-%d %H:%M}"
    return f"not observed {start}–{gap.until:%H:%M}Z"

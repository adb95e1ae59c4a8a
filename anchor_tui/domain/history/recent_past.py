"""The recent past that the snapshot contains: since when something is wrong, and the verdicts of the last 24 hours.

It is followed from snapshot to snapshot, in proportion to what has changed. What did not change stays the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.domain.first_seen import RecentPast, SeenKey, SeenValue
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import FirstSeen, Snapshot, VerdictSpan, VerdictWord

RECENT = timedelta(hours=24)
MAX_SPANS = 500
"""The verdicts of one environment at most. Of one that changes every minute, the oldest are left out."""
WRONG_VALUES: Mapping[str, frozenset[str]] = {
    "sync": frozenset({"OutOfSync"}),
    "health": frozenset({"Degraded", "Missing", "Progressing", "Suspended"}),
    "finding": frozenset({"fail"}),
}
"""The values whose first time is kept, by kind."""


class RecentPastFollower:
    """Follows the snapshots of one process. `past` is the same object until something changes."""

    def __init__(self) -> None:
        self.past = RecentPast()
        self._has_begun = False

    def begin(self, past: RecentPast) -> None:
        """Begin with what the file contains. After the first snapshot, memory knows more than the file."""
        if not self._has_begun:
            self.past = past

    def interrupt(self, at: datetime) -> None:
        """End all spans after a time without snapshots. `at` is the time of the last one."""
        seen = {
            name: {key: replace(value, first=replace(value.first, continuous=False)) for key, value in values.items()}
            for name, values in self.past.seen.items()
        }
        verdicts = {name: end_spans(spans, at) for name, spans in self.past.verdicts.items()}
        self.past = RecentPast(seen, verdicts)

    def update(self, snapshot: Snapshot, changes: Iterable[RecordedChange]) -> None:
        """Take over a snapshot, and what has changed in it."""
        self._has_begun = True
        seen = self._update_seen(tuple(changes))
        verdicts = self._update_verdicts(snapshot)
        if seen is not self.past.seen or verdicts is not self.past.verdicts:
            self.past = RecentPast(seen, verdicts)

    def _update_seen(self, changes: tuple[RecordedChange, ...]) -> Mapping[str, Mapping[SeenKey, SeenValue]]:
        releases = find_released_pull_requests(changes)
        updated: dict[str, dict[SeenKey, SeenValue]] = {}
        for change in changes:
            if change.kind not in WRONG_VALUES:
                continue
            name = change.environment
            values = updated.get(name) or dict(self.past.seen.get(name, {}))
            value = make_seen_value(change, releases.get((name, change.observed_at)))
            if value is not None:
                values[change.key] = value
            elif values.pop(change.key, None) is None:
                continue
            updated[name] = values
        return {**self.past.seen, **updated} if updated else self.past.seen

    def _update_verdicts(self, snapshot: Snapshot) -> Mapping[str, tuple[VerdictSpan, ...]]:
        updated = {}
        for environment in snapshot.environments:
            known = self.past.verdicts.get(environment.name, ())
            spans = extend_spans(known, environment.verdict.word, snapshot.taken_at)
            if spans is not known:
                updated[environment.name] = spans
        return {**self.past.verdicts, **updated} if updated else self.past.verdicts


def find_released_pull_requests(changes: Iterable[RecordedChange]) -> dict[tuple[str, datetime], int]:
    """Return the pull requests of new releases, by environment and time of observation."""
    return {
        (change.environment, change.observed_at): change.pull_request
        for change in changes
        if change.kind == "release" and change.before is not None and change.pull_request is not None
    }


def make_seen_value(change: RecordedChange, pull_request: int | None) -> SeenValue | None:
    """Return the value that a change led to; None if nothing is wrong with it."""
    if change.after is None or change.after not in WRONG_VALUES.get(change.kind, ()):
        return None
    first = FirstSeen(change.observed_at, observed_start=change.before is not None, continuous=True)
    is_new_finding = change.kind == "finding" and first.observed_start
    return SeenValue(change.after, first, pull_request if is_new_finding else None)


def extend_spans(spans: tuple[VerdictSpan, ...], verdict: VerdictWord, at: datetime) -> tuple[VerdictSpan, ...]:
    """Return the spans with the verdict of a time after them; the same object if it is that of the last span."""
    last = spans[-1] if spans else None
    if last is not None and last.until is None and last.verdict == verdict and not _is_over(spans[0], at):
        return spans
    if last is None or last.until is not None or last.verdict != verdict:
        spans = (*end_spans(spans, at), VerdictSpan(verdict, at))
    return tuple(span for span in spans if not _is_over(span, at))[-MAX_SPANS:]


def end_spans(spans: tuple[VerdictSpan, ...], at: datetime) -> tuple[VerdictSpan, ...]:
    """End the last span at a time. A span without a length is left out."""
    if not spans or spans[-1].until is not None:
        return spans
    last = spans[-1]
    return (*spans[:-1], replace(last, until=at)) if at > last.since else spans[:-1]


def _is_over(span: VerdictSpan, at: datetime) -> bool:
    return span.until is not None and at - span.until >= RECENT

"""The runs of the releases of an environment: their length, and the healthy share of the observed time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from anchor_tui.domain.history.gaps import join_sessions
from anchor_tui.domain.history.last_known_good import identify_content
from anchor_tui.domain.history.records import GoodRelease, RecordedChange, WatchSession
from anchor_tui.domain.model import Release, ValueObject

CONDITION = "condition"
"""The kind of the changes that record a condition. Their `identity` is made by `identify_condition`."""
_ZERO = timedelta()


class ReleaseRun(ValueObject, frozen=True):
    """All runs of one release content in one environment, added up.

    `ran` is by the times of git, None if the start is not recorded. `observed` is the part of it in which the condition
    was known and the environment was not asleep, `good` the part of that in which it was Synced and Healthy.
    """

    content: str
    ran: timedelta | None = None
    observed: timedelta = _ZERO
    good: timedelta = _ZERO

    @property
    def good_share(self) -> float | None:
        """The share of the observed time in which it was good, from 0 to 1; None if nothing was observed."""
        return self.good / self.observed if self.observed else None


class ReleaseRecord(ValueObject, frozen=True):
    """Everything that the history knows about the releases of one environment."""

    runs: Mapping[str, ReleaseRun] = {}
    """By content."""
    good_releases: tuple[GoodRelease, ...] = ()
    """Those that were healthy for the soak time, the last one first."""

    def find_run(self, release: Release) -> ReleaseRun | None:
        """Return how a release ran, None if nothing is recorded."""
        return self.runs.get(identify_content(release))

    def is_known_good(self, release: Release) -> bool:
        """Return True if a release was Synced and Healthy for the soak time."""
        content = identify_content(release)
        return any(good.content == content for good in self.good_releases)

    def find_last_known_good(self, releases: Sequence[Release]) -> Release | None:
        """Return the one of several releases that was known good last; None if no one was."""
        by_content = {identify_content(release): release for release in releases}
        return next((by_content[good.content] for good in self.good_releases if good.content in by_content), None)


def identify_condition(condition: str, content: str) -> str:
    """Return the identity of a condition: it is another one if the release is another one."""
    return f"{condition} {content}"


def measure_release_runs(
    releases: Sequence[RecordedChange],
    conditions: Sequence[RecordedChange],
    sessions: Sequence[WatchSession],
    now: datetime,
) -> Mapping[str, ReleaseRun]:
    """Return the runs of an environment by content. The changes are those of kind `release` and `condition`.

    A time outside of every session is not observed, whatever the last condition before it was.
    """
    runs: dict[str, ReleaseRun] = {}
    for change, end in _with_ends(releases, now):
        if change.identity:
            run = runs.get(change.identity, ReleaseRun(change.identity, _ZERO))
            runs[change.identity] = _add(run, ran=max(_ZERO, end - change.at))
    watched = join_sessions(sessions, now)
    for change, end in _with_ends(conditions, now):
        condition, _, content = change.identity.partition(" ")
        if condition in {"good", "bad"} and content:
            span = sum((_overlap(change.observed_at, end, *session) for session in watched), _ZERO)
            run = runs.get(content, ReleaseRun(content))
            runs[content] = _add(run, observed=span, good=span if condition == "good" else _ZERO)
    return runs


def _with_ends(changes: Sequence[RecordedChange], now: datetime) -> Iterator[tuple[RecordedChange, datetime]]:
    """Yield each change, oldest first, with the time of the next one."""
    ordered = sorted(changes, key=lambda item: (item.at, item.id))
    for index, change in enumerate(ordered):
        yield change, ordered[index + 1].at if index + 1 < len(ordered) else now


def _overlap(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> timedelta:
    return max(_ZERO, min(end, other_end) - max(start, other_start))


def _add(
    run: ReleaseRun, *, ran: timedelta = _ZERO, observed: timedelta = _ZERO, good: timedelta = _ZERO
) -> ReleaseRun:
    total = None if run.ran is None else run.ran + ran
    return ReleaseRun(run.content, total, run.observed + observed, run.good + good)

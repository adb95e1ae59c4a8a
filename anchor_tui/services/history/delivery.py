"""The delivery metrics of every environment, measured from the history file.

The first reading replays all changes of the longest window. After it, only new changes are read, at most once in
CHECK_EVERY, and only environments that they are about are measured again. All of them are in REFRESH_EVERY, because
windows move with the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.history.application_states import StateReplay
from anchor_tui.domain.history.delivery_metrics import WINDOW_DAYS, DeliveryRecord, measure_delivery
from anchor_tui.domain.history.gaps import join_sessions
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.time_spans import TimeSpan, subtract_spans
from anchor_tui.domain.model import DeliveryWindow
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.delivery_reader import DeliveryChanges, DeliveryReader

CHECK_EVERY = timedelta(minutes=1)
REFRESH_EVERY = timedelta(minutes=15)
FIRST_AFTER = timedelta(seconds=5)
_LONGEST = timedelta(days=max(WINDOW_DAYS))
_LOST = frozenset({"stale", "missing"})

DeliveryByEnvironment = Mapping[str, tuple[DeliveryWindow, ...]]


def read_delivery(path: Path, environments: Sequence[EnvironmentConfig], now: datetime) -> DeliveryByEnvironment:
    """Return the windows of each environment, the shortest first. Raises HistoryError."""
    with closing(DeliveryReader(path)) as reader:
        return DeliveryMeter(environments).measure(reader, now)


class DeliveryMeter:
    """Everything read of the history so far, and the metrics of each environment as they were measured last."""

    def __init__(self, environments: Sequence[EnvironmentConfig]) -> None:
        self._environments = tuple(environments)
        self._last_id = 0
        self._measured: DeliveryByEnvironment = {}
        self._measured_at: datetime | None = None
        self._replays: dict[str, StateReplay] = {}
        self._syncs: dict[str, list[datetime]] = {}
        self._releases: dict[str, list[RecordedChange]] = {}
        self._sources: list[RecordedChange] = []
        self._committed_at: dict[str, datetime] = {}

    def measure(self, reader: DeliveryReader, now: datetime) -> DeliveryByEnvironment:
        """Return the windows of each environment; the same object if nothing was measured. Raises HistoryError."""
        last_id = reader.read_last_id()
        if self._measured_at is None or last_id < self._last_id:  # at the start, or after the file was replaced
            self._begin(reader, now)
        elif last_id > self._last_id:
            changed = self._add(reader.read_delivery_changes(self._last_id, now - _LONGEST), reader)
            self._measure([item for item in self._environments if item.name in changed], reader, now)
        if not timedelta() <= now - (self._measured_at or now) < REFRESH_EVERY:
            self._measured_at = now
            self._measure(self._environments, reader, now)
        return self._measured

    def _begin(self, reader: DeliveryReader, now: datetime) -> None:
        since = now - _LONGEST
        self._replays = {
            environment.name: StateReplay(since, is_on_demand=environment.tier == "on-demand")
            for environment in self._environments
        }
        self._syncs, self._releases, self._sources, self._committed_at = {}, {}, [], {}
        changes = reader.read_delivery_changes(0, since)
        for name, replay in self._replays.items():
            replay.extend(changes.states.get(name, ()), reader.read_present_values(name))
        self._add(changes._replace(states={}), reader)
        self._measured_at = now
        self._measure(self._environments, reader, now)

    def _add(self, changes: DeliveryChanges, reader: DeliveryReader) -> set[str]:
        """Take over new changes. Return the environments that they are about."""
        self._last_id = changes.last_id
        for name, states in changes.states.items():
            replay = self._replays.get(name)
            if replay is not None:
                replay.extend(states, None if replay.knows(states) else reader.read_present_values(name))
        for name, syncs in changes.syncs.items():
            self._syncs.setdefault(name, []).extend(syncs)
        for name, releases in changes.releases.items():
            self._releases.setdefault(name, []).extend(releases)
        self._sources += changes.sources
        self._committed_at.update(changes.committed_at)
        return {*changes.states, *changes.syncs, *changes.releases}

    def _measure(self, environments: Sequence[EnvironmentConfig], reader: DeliveryReader, now: datetime) -> None:
        if not environments:
            return
        since = now - _LONGEST
        sessions = join_sessions(reader.read_sessions(since), now)
        measured = dict(self._measured)
        for environment in environments:
            replay = self._replays[environment.name]
            lost = _list_lost_times(self._sources, (environment.server, GITHUB_SOURCE_ID), since, now)
            record = DeliveryRecord(
                releases=self._releases.get(environment.name, ()),
                syncs=self._syncs.get(environment.name, ()),
                steps=replay.steps,
                outages=replay.outages,
                watched=subtract_spans(sessions, lost),
                committed_at=self._committed_at,
            )
            measured[environment.name] = measure_delivery(record, now)
        self._measured = measured


def _list_lost_times(
    changes: Sequence[RecordedChange], source_ids: Collection[str], since: datetime, now: datetime
) -> Iterator[TimeSpan]:
    """Yield the times in which one of the sources was not fresh. `changes` are those of kind `source`, oldest first."""
    for source_id in source_ids:
        ordered = [change for change in changes if change.subject == source_id]
        lost_since = since if ordered and ordered[0].before in _LOST else None
        for change in ordered:
            if change.after in _LOST:
                lost_since = lost_since or change.observed_at
            elif lost_since is not None:
                yield TimeSpan(lost_since, change.observed_at)
                lost_since = None
        if lost_since is not None:
            yield TimeSpan(lost_since, now)


class DeliveryCache:
    """The delivery metrics for the snapshots of one process. One thread calls `update`.

    `first_after` is the time from the first call until the file is read: a start has more urgent work.
    """

    def __init__(
        self, path: Path, environments: Sequence[EnvironmentConfig], first_after: timedelta = FIRST_AFTER
    ) -> None:
        self._path = path
        self._environments = environments
        self._meter = DeliveryMeter(environments)
        self._measured: DeliveryByEnvironment = {}
        self._first_after = first_after
        self._next_check: datetime | None = None

    def update(self, now: datetime) -> DeliveryByEnvironment:
        """Return the windows of each environment; the same object until they are measured again.

        Without a file that can be read, it is empty: old values are not shown as present ones.
        """
        if self._next_check is None:
            self._next_check = now + self._first_after
        if timedelta() < self._next_check - now <= CHECK_EVERY:
            return self._measured
        self._next_check = now + CHECK_EVERY
        if not self._path.exists():
            return self._measured
        try:
            with closing(DeliveryReader(self._path)) as reader:
                self._measured = self._meter.measure(reader, now)
        except HistoryError:  # the recorder reports it
            self._measured, self._meter = {}, DeliveryMeter(self._environments)
        return self._measured

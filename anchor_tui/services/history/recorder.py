"""Records what changes between the snapshots of this process, and knows the last known good releases.

It runs in the thread that builds the snapshots. A file that cannot be written is a warning in the snapshot: the changes
wait in memory, and the file is tried again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.history.last_known_good import select_last_known_good
from anchor_tui.domain.history.observed_changes import ObservedChanges, ObservedConditions
from anchor_tui.domain.history.recent_past import RecentPastFollower
from anchor_tui.domain.history.records import RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.model import AppId, DeliveryWindow, LastKnownGood, Problem, Snapshot
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.services.history.delivery import DeliveryCache
from anchor_tui.services.history.importer import Past, PastImporter
from anchor_tui.services.history.recent_past import read_recent_past
from anchor_tui.services.history.writer import HistoryWriter

GAP = timedelta(seconds=60)
"""Without a snapshot for so long, this process was not watching: the machine slept."""
CORRECTION_AFTER = timedelta(minutes=2)
"""A value that another process wrote, and that differs from this one's for so long, is corrected."""
_NOT_KNOWN = frozenset({"unknown", "stale", "missing"})
"""Values that only mean that this process does not know. They never correct those of another process."""


class HistoryRecorder:
    """The recorder of one process. One thread calls its methods.

    `local_changes` are the actions of this operator. Other threads append to it.
    """

    def __init__(self, path: Path, config: Config, local_changes: deque[RecordedChange] | None = None) -> None:
        self._last_known_good: Mapping[str, LastKnownGood] = {}
        self._measured: Mapping[str, tuple[DeliveryWindow, ...]] = {}
        self._delivery = DeliveryCache(path, config.environments)
        self._config = config
        self._recent = RecentPastFollower()
        self._writer = HistoryWriter(path, config.history)
        self._changes = ObservedChanges({})
        self._conditions = ObservedConditions(config)
        self._importer: PastImporter | None = None
        self._local_changes = local_changes if local_changes is not None else deque[RecordedChange]()
        self._mismatches: dict[SubjectKey, tuple[datetime, RecordedState]] = {}
        self._last_at: datetime | None = None
        self._is_in_session = False

    @property
    def facts(self) -> HistoryFacts:
        """The facts about the environments."""
        return HistoryFacts(self._last_known_good, self._measured, self._recent.past)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The warning about the file, if there is one."""
        problem = self._writer.problem
        return () if problem is None else (problem,)

    def record(self, snapshot: Snapshot, readings: SourceReadings) -> None:
        """Write what has changed since the last snapshot."""
        at = snapshot.taken_at
        if self._writer.open(at):
            self._begin_with_file(at)
        self._notice_gap(at)
        conditions, good_releases = self._conditions.update(snapshot)
        changes = self._changes.update(snapshot)
        self._recent.update(snapshot, changes)
        self._writer.add((*changes, *conditions, *self._take_local()), good_releases)
        self._write(snapshot, readings)
        self._writer.maintain(at)
        self._measured = self._delivery.update(at)
        self._last_at = at

    def close(self) -> None:
        """Write what waits, and that this process does not watch any more."""
        if self._last_at is not None:
            self._writer.add(self._take_local(), self._conditions.interrupt())
            self._writer.close(self._last_at)

    def _begin_with_file(self, at: datetime) -> None:
        """Compare with the values of a file that was opened now, and read what else it knows."""
        store = self._writer.store
        assert store is not None
        self._changes = ObservedChanges(store.states)
        self._conditions.repeat()
        self._importer = PastImporter(store.imported)
        self._mismatches.clear()
        self._is_in_session = False
        self._read_good_releases(at)
        self._recent.begin(read_recent_past(self._writer.path, self._config, at))

    def _notice_gap(self, at: datetime) -> None:
        """Begin a new session at the start and after a time without snapshots."""
        last = self._last_at
        is_gap = last is not None and not timedelta() <= at - last <= GAP
        if is_gap:
            self._writer.add((), self._conditions.interrupt())
            assert last is not None
            self._recent.interrupt(last)
        if is_gap or not self._is_in_session:
            self._is_in_session = self._writer.switch_session(last if is_gap else None, at)

    def _take_local(self) -> Iterator[RecordedChange]:
        while self._local_changes:
            yield self._local_changes.popleft()

    def _write(self, snapshot: Snapshot, readings: SourceReadings) -> None:
        at = snapshot.taken_at
        taken = self._writer.refresh(at)
        if taken is not None:
            self._compare_with_others(taken, at)
        past = self._importer.list_past(readings, snapshot) if self._importer else Past()
        written = self._writer.flush(at, tuple(self._list_corrections(at)), past.changes, past.subjects)
        if written is None:
            return
        if self._importer is not None:
            self._importer.confirm(past)
        self._note_rejected(written.changes, at)
        if written.good_releases or taken is not None:
            self._read_good_releases(at)

    def _read_good_releases(self, at: datetime) -> None:
        good_releases = self._writer.read_good_releases(at)
        if good_releases is not None:
            known, found = self._last_known_good, select_last_known_good(good_releases)
            if found != known:
                self._last_known_good = {
                    name: known[name] if known.get(name) == good else good for name, good in found.items()
                }

    # --- other processes -----------------------------------------------------------------------------

    def _compare_with_others(self, taken: Mapping[SubjectKey, RecordedState | None], at: datetime) -> None:
        """Note the values of other processes that differ from those of this one. `taken` are the states before."""
        for key, before in taken.items():
            ours = self._mismatches[key][1] if key in self._mismatches else before
            self._note_mismatch(key, ours, at)

    def _note_rejected(self, written: Iterable[RecordedChange], at: datetime) -> None:
        """Note the changes that the file did not take, because another process had seen a later value."""
        latest = {change.key: change for change in written if change.origin == "observed"}
        for key, change in latest.items():
            state = RecordedState(change.after, change.compared_value, change.observed_at, change.server_at)
            self._note_mismatch(key, state, at)

    def _note_mismatch(self, key: SubjectKey, ours: RecordedState | None, at: datetime) -> None:
        state = self._get_state(key)
        if ours is None or state is None or state.compared_value == ours.compared_value:
            self._mismatches.pop(key, None)
        else:
            self._mismatches[key] = at, ours

    def _list_corrections(self, at: datetime) -> Iterator[RecordedChange]:
        """Yield the values of this process that another one has overwritten, and that have stayed the same since."""
        for key, (since, ours) in list(self._mismatches.items()):
            if not self._changes.is_known(key):
                del self._mismatches[key]
            elif at - since >= CORRECTION_AFTER:
                del self._mismatches[key]
                if ours.value not in _NOT_KNOWN:
                    yield _make_correction(key, ours, at)

    def _get_state(self, key: SubjectKey) -> RecordedState | None:
        return self._writer.store.states.get(key) if self._writer.store is not None else None


def _make_correction(key: SubjectKey, state: RecordedState, at: datetime) -> RecordedChange:
    return RecordedChange(
        key.kind,
        state.value,
        at,
        environment=key.environment,
        application=AppId(key.server, key.namespace, key.application) if key.application else None,
        subject=key.subject,
        place=key.place,
        server_at=state.server_at,
        identity=state.compared_value or "" if state.compared_value != state.value else "",
    )

"""Collects the latest reading of each source and builds snapshots from them.

Each source runs as a task at its own pace and publishes complete readings. `build_snapshot` uses the latest ones and
never waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import AppId, Diagnosis, Problem, Snapshot, SourceFailure
from anchor_tui.domain.readings import Fresh, Loading, Reading, Stale, Unavailable
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, SourceReadings
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID, get_latest_value
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.observe.data_source import ComparingSource, DataSource
from anchor_tui.services.observe.event_loop import run_in_own_loop
from anchor_tui.services.observe.evidence_scope import EvidenceScope
from anchor_tui.services.observe.out_of_sync import OutOfSyncTimes
from anchor_tui.services.observe.recording import MakeRecorder, SnapshotRecording
from anchor_tui.services.observe.reported_revisions import ReportedRevisions
from anchor_tui.services.observe.source_factory import make_sources
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from anchor_tui.domain.policy.engine import PolicyFindings
    from anchor_tui.services.observe.diagnoses import DiagnosisCache
    from anchor_tui.services.observe.policy import PolicyEvaluator

T = TypeVar("T")
SNAPSHOT_INTERVAL_S = 5.0
"""The longest time between two snapshots: some verdicts depend on the time alone."""
ARGOCD_HEAD_START_S = 1.0
"""GitHub starts so many seconds after the first frame at the latest, even if an Argo CD has not answered."""
DRAW_DELAY_S = 0.05
"""The time to draw Argo CD's response before GitHub's modules are loaded, in seconds."""
COMPARE_TIMEOUT_S = 5.0
"""The longest wait of a single reading for the comparison of the synced commits with the head, in seconds."""
READING_BATCH_S = 0.005
"""The readings of so many seconds become one snapshot."""
PARTIAL_READING = "partial"
"""The kind of the problem that a single reading did not contain everything of a source."""
CLOSE_TIMEOUT_S = 0.3
"""The longest wait for the last transaction of the history when the reader stops, in seconds."""
PAUSE_FACTOR = 4
"""The pause before a snapshot, as a multiple of the time that the last one took: keys have most of the time. It is not
longer than SNAPSHOT_INTERVAL_S: a snapshot may take long because the machine was suspended."""


def get_snapshot_pause_s(duration_s: float) -> float:
    """Return the pause before a snapshot, in seconds, if the last one took `duration_s`."""
    return min(max(READING_BATCH_S, PAUSE_FACTOR * duration_s), SNAPSHOT_INTERVAL_S)


class Observer:
    """The latest readings of every source. One event loop owns it; only snapshots leave its thread.

    `make_recorder` makes the recorder of the history, in the thread that builds the snapshots. Without one,
    `history` is part of the snapshots. `record_snapshot` gets each published snapshot in the same thread, for a
    recording; it raises nothing.
    """

    def __init__(
        self,
        config: Config,
        sources: Sequence[DataSource],
        now: Clock = utc_now,
        evidence: EvidenceScope = "budget",
        make_recorder: MakeRecorder | None = None,
        history: HistoryFacts | None = None,
        record_snapshot: Callable[[Snapshot], None] | None = None,
    ) -> None:
        self._config = config
        self._record_snapshot = record_snapshot
        self._evidence = evidence
        self._sources = tuple(sources)
        self._now = now
        self._readings = SourceReadings(history=history or HistoryFacts())
        self._recording = SnapshotRecording(make_recorder)
        self._builder = SnapshotBuilder(config)
        self._out_of_sync = OutOfSyncTimes()
        self._revisions = ReportedRevisions(config)
        self._policy: PolicyEvaluator | None = None
        self._diagnoses: DiagnosisCache | None = None
        self._snapshot_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="snapshot")
        self._changed = asyncio.Event()
        self._argocd_responded = asyncio.Event()

    def build_snapshot(self) -> Snapshot:
        """Return everything that is known now. Never waits."""
        now, readings = self._now(), self._readings  # the loop may replace the readings meanwhile
        readings = replace(readings, diagnoses=self._diagnose_failures(readings))
        readings = self._recording.complete_readings(readings)
        return self._builder.build(readings, now, self._evaluate_policy(readings, now))

    def read_again(self) -> None:
        """Make every source read now."""
        for source in self._sources:
            source.read_again()

    async def read_once(self, timeout_s: float) -> Snapshot:
        """Return a snapshot of one reading of every source, read in parallel.

        A source that has not answered completely within `timeout_s` contributes what it has sent; what is missing is
        unknown, with the reason. One that has sent nothing is unavailable.
        """
        await asyncio.gather(*(self._read_source(source, timeout_s) for source in self._sources))
        for source in self._sources:
            if isinstance(source, ComparingSource):
                with contextlib.suppress(TimeoutError, SourceError):  # checks without a comparison are skipped
                    async with asyncio.timeout(min(timeout_s, COMPARE_TIMEOUT_S)):
                        reading = await source.read_comparisons(self._revisions.list_for_comparison(self._readings))
                        self._readings = replace(self._readings, github=reading or self._readings.github)
        return self.build_snapshot()

    async def run(self, publish: Callable[[Snapshot], None], first_frame: asyncio.Event | None = None) -> None:
        """Publish a snapshot after each change and every few seconds, until cancelled.

        GitHub's client takes 80 ms to load, in which little else runs. With `first_frame` that waits until the
        event is set and every Argo CD has answered, ARGOCD_HEAD_START_S at most.
        """
        if first_frame is None or not first_frame.is_set():  # the first frame shows that everything is loading
            publish(self.build_snapshot())
        try:
            async with asyncio.TaskGroup() as group:
                for source in self._sources:
                    group.create_task(self._run_source(source, first_frame if source.kind == "github" else None))
                duration_s = 0.0
                while True:
                    try:
                        async with asyncio.timeout(SNAPSHOT_INTERVAL_S):
                            await self._changed.wait()
                        await asyncio.sleep(get_snapshot_pause_s(duration_s))
                    except TimeoutError:
                        pass
                    self._changed.clear()
                    began = time.monotonic()
                    snapshot = await self._build_snapshot_in_thread()
                    publish(snapshot)
                    duration_s = time.monotonic() - began
                    if (first_frame is None or first_frame.is_set()) and self._recording.is_due(snapshot):
                        await self._run_in_snapshot_thread(partial(self._recording.record, snapshot, self._readings))
                    if self._record_snapshot is not None:
                        await self._run_in_snapshot_thread(partial(self._record_snapshot, snapshot))
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._run_in_snapshot_thread(self._recording.close)
            self._snapshot_thread.shutdown(wait=False, cancel_futures=True)

    async def _build_snapshot_in_thread(self) -> Snapshot:
        """Build a snapshot while the loop keeps reading: the policy parses files and compares manifests.

        The thread is not one of the loop's own, which name look-ups and keyrings can occupy.
        """
        return await self._run_in_snapshot_thread(self.build_snapshot)

    async def _run_in_snapshot_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._snapshot_thread, function)

    def _diagnose_failures(self, readings: SourceReadings) -> Mapping[AppId, Diagnosis]:
        """Return the diagnoses of unhealthy applications. The rules are loaded when first needed."""
        latest = map(get_latest_value, readings.argocd.values())
        if self._diagnoses is None and not any(data.failures for data in latest if data is not None):
            return {}
        if self._diagnoses is None:
            from anchor_tui.services.observe.diagnoses import DiagnosisCache

            self._diagnoses = DiagnosisCache()
        return self._diagnoses.update(readings)

    def _evaluate_policy(self, readings: SourceReadings, now: datetime) -> PolicyFindings | None:
        """Return the findings, None before the ops repo has been read. The checks are loaded when first needed."""
        if get_latest_value(readings.github) is None:
            return None
        if self._policy is None:
            from anchor_tui.services.observe.policy import PolicyEvaluator

            self._policy = PolicyEvaluator(self._config, self._evidence)
        return self._policy.evaluate(readings, now)

    async def _read_source(self, source: DataSource, timeout_s: float) -> None:
        try:
            self._store_reading(source, await _read_in_time(source, timeout_s))
        except SourceError as error:
            self._store_reading(source, Unavailable(error.failure))
        except Exception as error:  # noqa: BLE001 - an internal error must not hide the other sources
            self._store_reading(source, Unavailable(_to_failure(error)))

    async def _run_source(self, source: DataSource, first_frame: asyncio.Event | None) -> None:
        """Run a source until cancelled. After an internal error show it as failed and start it again."""
        if first_frame is not None:
            await first_frame.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ARGOCD_HEAD_START_S):
                    await self._argocd_responded.wait()
                    await asyncio.sleep(DRAW_DELAY_S)
        backoff = Backoff()
        while True:
            try:
                await source.run(lambda reading: self._store_reading(source, reading))
            except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
                self._store_reading(source, _with_failure(self._latest_reading(source), _to_failure(error)))
            await asyncio.sleep(backoff.next_pause_s())

    def _latest_reading(self, source: DataSource) -> Reading[Any]:
        if source.id == GITHUB_SOURCE_ID:
            return self._readings.github
        return self._readings.argocd.get(source.id, Loading())

    def _store_reading(self, source: DataSource, reading: Reading[Any]) -> None:
        if source.id == GITHUB_SOURCE_ID:
            self._readings = replace(self._readings, github=reading)
        else:
            argocd = {**self._readings.argocd, source.id: reading}
            since = self._out_of_sync.update(source.id, reading, self._now())
            self._readings = replace(self._readings, argocd=argocd, out_of_sync_since=since)
            if argocd.keys() >= {server.name for server in self._config.servers_in_use}:
                self._argocd_responded.set()
        self._compare_revisions()
        self._changed.set()

    def _compare_revisions(self) -> None:
        """Compare the commits that Argo CD reports with the head; poll at once if one is newer than the last poll."""
        revisions = self._revisions.list_for_comparison(self._readings)
        is_poll_due = self._revisions.is_poll_due(self._readings)
        for source in self._sources:
            if isinstance(source, ComparingSource):
                source.set_synced_revisions(revisions)
                if is_poll_due:
                    source.poll_now()


async def _read_in_time(source: DataSource, timeout_s: float) -> Reading[Any]:
    """Return a complete reading; after `timeout_s`, what the source has sent until then. Raises SourceError."""
    try:
        async with asyncio.timeout(timeout_s):
            return await source.read()
    except TimeoutError:
        partial = source.get_partial_reading(timeout_s)
    if partial is None:
        return Unavailable(SourceFailure("timeout", f"no answer within {timeout_s:g} s"))
    cut = Problem(source.id, PARTIAL_READING, f"only a part was read within {timeout_s:g} s; the rest is unknown")
    return replace(partial, problems=(*partial.problems, cut))


def _to_failure(error: Exception) -> SourceFailure:
    return SourceFailure("internal", format_internal_error(error))


def _with_failure(reading: Reading[Any], failure: SourceFailure) -> Reading[Any]:
    match reading:
        case Fresh(value=value, taken_at=taken_at, problems=problems):
            return Stale(value, taken_at, problems, failure)
        case Stale():
            return replace(reading, error=failure)
        case _:
            return Unavailable(failure)


def observe_once(
    config: Config,
    environ: Mapping[str, str],
    home: Path,
    timeout_s: float,
    *,
    kinds: Collection[str] = (),
    evidence: EvidenceScope = "budget",
    history: HistoryFacts | None = None,
) -> Snapshot:
    """Return a snapshot of one reading of every source of a configuration, each limited to `timeout_s`.

    With `kinds`, only sources of these kinds are read; the others are loading. `history` is part of the snapshot. Runs
    its own event loop.
    """
    all_sources = make_sources(config, environ, home, evidence=evidence)
    sources = [source for source in all_sources if not kinds or source.kind in kinds]
    observer = Observer(config, sources, evidence=evidence, history=history)
    return run_in_own_loop(observer.read_once(timeout_s))

"""The reader records what it publishes: after the start, and in the thread that builds the snapshots."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from anchor_tui.config.model import HistoryConfig
from anchor_tui.domain.first_seen import RecentPast
from anchor_tui.domain.history.records import HistoryFilter
from anchor_tui.domain.model import LastKnownGood, Problem, Snapshot, VerdictSpan
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.facts_reader import needs_past_syncs, read_history_facts
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from anchor_tui.services.observe import recording
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.services.observe.observer import Observer
from tests import rich
from tests.services.history.test_store import good
from tests.services.observe.fake_sources import FakeSource, PublishedSnapshots
from tests.services.observe.test_background import Listener, all_fresh
from tests.services.observe.test_observer import sandbox_config, sandbox_environ
from tests.services.sandbox_operator import wait_until, wait_until_true
from tests.values import NOW, argocd, config, fresh, ops_repo, readings

SPAN = VerdictSpan("ok", NOW)
WARNING = Problem("history", "history", "the disk is full")


class FakeRecorder:
    """A recorder that remembers its calls."""

    def __init__(self) -> None:
        self.facts = HistoryFacts(
            {"prod": LastKnownGood("1.43.1", NOW)},
            {"prod": (rich.DELIVERY,)},
            RecentPast(verdicts={"prod": (SPAN,)}),
        )
        self.problems = (WARNING,)
        self.recorded: list[Snapshot] = []
        self.threads: set[str] = set()
        self.is_closed = False

    def record(self, snapshot: Snapshot, readings: SourceReadings) -> None:
        self.threads.add(threading.current_thread().name)
        self.recorded.append(snapshot)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "RECORD_DELAY_S", 0.0)


async def test_snapshots_are_recorded_in_their_own_thread() -> None:
    recorder, seen = FakeRecorder(), PublishedSnapshots()
    sources = FakeSource(), FakeSource("github")
    observer = Observer(config(), sources, lambda: NOW, make_recorder=lambda: recorder)
    task = asyncio.create_task(observer.run(seen.publish))
    for source, value in zip(sources, (argocd(), ops_repo()), strict=True):
        await source.running.wait()
        source.publish(fresh(value))
    await wait_until_true(lambda: recorder.recorded)
    sources[0].publish(fresh(argocd()))
    last = await seen.wait_until(lambda snapshot: WARNING in snapshot.problems)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert last.environments[2].last_known_good == LastKnownGood("1.43.1", NOW)
    assert last.environments[2].delivery == (rich.DELIVERY,)
    assert last.environments[2].verdicts == (SPAN,)
    assert all(name.startswith("snapshot") for name in recorder.threads)
    assert recorder.is_closed


def test_recording_starts_some_time_after_the_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(recording, "RECORD_DELAY_S", 1.0)
    monkeypatch.setattr(recording.time, "monotonic", lambda: clock[0])
    due = recording.SnapshotRecording(FakeRecorder)
    asking, answered = (build_snapshot(config(), item, NOW) for item in (SourceReadings(), readings()))
    assert not due.is_due(asking)
    clock[0] = 50.0
    assert not due.is_due(answered)
    clock[0] = 51.0
    assert due.is_due(answered)


def test_an_internal_error_turns_recording_off_and_is_shown() -> None:
    made: list[int] = []

    def make() -> FakeRecorder:
        made.append(1)
        raise ValueError("a secret value")

    off = recording.SnapshotRecording(make)
    snapshot = build_snapshot(config(), readings(), NOW)
    off.record(snapshot, readings())
    off.record(snapshot, readings())
    (problem,) = off.complete_readings(readings()).problems
    assert "the history is off until the next start" in problem.message
    assert "secret" not in problem.message
    assert not off.is_due(snapshot)
    assert made == [1]
    off.close()


def test_the_background_thread_writes_the_history_of_its_estate(tmp_path: Path) -> None:
    heard, state = Listener(), tmp_path / "state"
    with run_sandbox_in_thread("steady") as box:
        it = sandbox_config(box)
        path = find_history_file(it, state)
        reader = BackgroundThread(it, sandbox_environ(box), tmp_path, state_folder=state, records_history=True)
        reader.start()
        reader.listen(heard.hear, heard.died.set)
        reader.on_first_frame()
        heard.until(all_fresh)

        def is_imported() -> bool:
            reader.read_again()
            with suppress(HistoryError), HistoryReader(path) as history:
                return bool(history.read_page(HistoryFilter(origins=("imported",))).changes)
            return False

        wait_until(is_imported)
        reader.stop()
    with HistoryReader(path) as history:
        assert history.read_page(HistoryFilter(kinds=("verdict",))).changes
        assert history.read_sessions()[0].ended_at is not None


@pytest.mark.parametrize(("keep_days", "records"), [(0, True), (90, False)])
def test_no_history_is_written_if_it_is_off(tmp_path: Path, keep_days: int, records: bool) -> None:
    heard, state = Listener(), tmp_path / "state"
    with run_sandbox_in_thread("steady") as box:
        it = replace(sandbox_config(box), history=HistoryConfig(keep_days=keep_days))
        reader = BackgroundThread(it, sandbox_environ(box), tmp_path, state_folder=state, records_history=records)
        reader.start()
        reader.listen(heard.hear, heard.died.set)
        reader.on_first_frame()
        heard.until(all_fresh)
        reader.read_again()
        reader.stop()
    assert not find_history_file(it, state).parent.exists()


def test_a_file_without_past_syncs_still_needs_them(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    assert needs_past_syncs(path)
    store = HistoryStore(path, NOW)
    store.write(HistoryBatch(NOW, imported=("release prod abc",)))
    assert needs_past_syncs(path)
    store.write(HistoryBatch(NOW, imported=("syncs prod argocd/anchor-msp-prod",)))
    store.close()
    assert not needs_past_syncs(path)


def test_a_command_reads_the_last_known_good_release(tmp_path: Path) -> None:
    it = config()
    assert read_history_facts(it, tmp_path, NOW).last_known_good == {}
    store = HistoryStore(find_history_file(it, tmp_path), NOW)
    store.write(HistoryBatch(NOW, good_releases=(good("1.43.1", 0, 10, 12),)))
    assert read_history_facts(it, tmp_path, NOW).last_known_good["prod"].version == "1.43.1"
    off = replace(it, history=HistoryConfig(keep_days=0))
    assert read_history_facts(off, tmp_path, NOW).last_known_good == {}


def test_a_history_that_cannot_be_read_costs_a_command_nothing(tmp_path: Path) -> None:
    path = find_history_file(config(), tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage" * 100)
    content = path.read_bytes()
    assert read_history_facts(config(), tmp_path, NOW).last_known_good == {}
    assert path.read_bytes() == content
    with sqlite3.connect(path.with_name("other")) as other:
        other.execute("CREATE TABLE t (a)")
    other.close()

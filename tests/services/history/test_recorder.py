"""Snapshots → the history file: what one process records, and what two record together."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.config.model import ApplicationSelector, HistoryConfig
from anchor_tui.domain import snapshot_comparison
from anchor_tui.domain.history.records import HistoryFilter, RecordedChange
from anchor_tui.domain.model import AppId, Diagnosis, LastKnownGood, Snapshot, SourceFailure
from anchor_tui.domain.readings import Fresh, Stale
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, SourceReadings
from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.services.history import store as store_module
from anchor_tui.services.history import writer as writer_module
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.recorder import HistoryRecorder
from anchor_tui.services.history.store import HistoryStore
from tests.values import NOW, application, argocd, config, environment_config, files, fresh, opened, ops_repo, replace

CONFIG = config(history=HistoryConfig(keep_days=90, soak_minutes=10))
FAR = NOW + timedelta(days=400)
"""Readings of these tests do not expire."""
NAMES = ("dev", "staging", "prod")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "anchor.sqlite3"


class Estate:
    """An estate that is observed by one process: the readings, and the recorder that gets their snapshots."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recorder = HistoryRecorder(path, CONFIG)
        self._builder = SnapshotBuilder(CONFIG)
        self.readings = SourceReadings()
        self.minute = 0.0
        self.set_apps()
        self.set_repo()

    def set_apps(self, **changes: Any) -> None:
        """Set the applications: those of prod with changes."""
        apps = [application(f"anchor-msp-{name}", **(changes if name == "prod" else {})) for name in NAMES]
        self.readings = replace(
            self.readings, argocd={"argocd": replace(fresh(argocd(*apps)), fresh_until=FAR, taken_at=NOW)}
        )

    def set_repo(self, **changes: Any) -> None:
        github = replace(fresh(ops_repo(**changes)), fresh_until=FAR, taken_at=NOW)
        self.readings = replace(self.readings, github=github)

    def observe(self, minutes: float = 0.1) -> Snapshot:
        self.minute += minutes
        snapshot = self._builder.build(self.readings, NOW + timedelta(minutes=self.minute))
        self.recorder.record(snapshot, self.readings)
        return snapshot

    def observe_for(self, minutes: float) -> None:
        until = self.minute + minutes
        while self.minute < until:
            self.observe(min(0.5, until - self.minute))

    def list_changes(self, *kinds: str, origin: Any = "observed") -> list[tuple[str | None, str | None]]:
        """Return the changes of prod."""
        wanted = HistoryFilter(environments=("prod",), kinds=kinds, origins=(origin,))
        with HistoryReader(self.path) as reader:
            return [(change.before, change.after) for change in reader.read_changes(wanted)]


@pytest.fixture
def estate(path: Path) -> Estate:
    return Estate(path)


def lose_argocd(estate: Estate) -> None:
    known = estate.readings.argocd["argocd"]
    if isinstance(known, Fresh):
        lost = Stale(known.value, known.taken_at, (), SourceFailure("silent", "no answer"))
        estate.readings = replace(estate.readings, argocd={"argocd": lost})


def test_every_kind_of_change_is_recorded(estate: Estate) -> None:
    estate.observe()
    diagnosis = Diagnosis("The image does not exist", "image-pull", "Deployment/web")
    estate.readings = replace(estate.readings, diagnoses={application().id: diagnosis})
    estate.set_apps(sync="OutOfSync", health="Degraded", synced_revision="c" * 40, health_since=NOW)
    estate.set_repo(
        environments={"dev": files("1.44.0"), "staging": files("1.43.2"), "prod": files("1.44.0", "1.43.1")},
        pull_requests=(opened(240, prod="1.45.0"),),
    )
    estate.observe()
    assert estate.list_changes("release") == [(None, "1.43.1"), ("1.43.1", "1.44.0")]
    assert estate.list_changes("sync") == [("Synced", "OutOfSync")]
    assert estate.list_changes("health") == [("Healthy", "Degraded")]
    assert estate.list_changes("revision") == []
    assert estate.list_changes("diagnosis") == [("", "image-pull Deployment/web")]
    assert estate.list_changes("verdict")[-1][1] == "failing"
    assert estate.list_changes("condition") == [(None, "good"), ("good", "bad")]
    assert estate.list_changes("pull-request") == [("absent", "open")]
    assert estate.list_changes("checks") == []


def test_an_unchanged_snapshot_writes_nothing(estate: Estate, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.observe_for(2)
    statements: list[str] = []
    store = estate.recorder._writer.store
    assert store is not None
    store._connection.set_trace_callback(statements.append)
    before = path.with_name(path.name + "-wal").stat()
    for _ in range(20):
        estate.observe()
    assert set(statements) == {"PRAGMA data_version"}
    assert path.with_name(path.name + "-wal").stat() == before


def test_one_change_is_one_transaction(estate: Estate) -> None:
    estate.observe_for(1)
    statements: list[str] = []
    store = estate.recorder._writer.store
    assert store is not None
    store._connection.set_trace_callback(statements.append)
    estate.set_apps(health="Degraded", sync="OutOfSync")
    estate.observe()
    assert statements.count("COMMIT ") + statements.count("COMMIT") == 1


def test_a_lost_source_changes_no_health(estate: Estate) -> None:
    estate.observe()
    lose_argocd(estate)
    estate.observe_for(5)
    estate.set_apps()
    estate.observe()
    assert estate.list_changes("health") == []
    with HistoryReader(estate.path) as reader:
        sources = reader.read_changes(HistoryFilter(kinds=("source",), subject="argocd"))
    assert [change.after for change in sources] == ["fresh", "stale", "fresh"]


def test_what_changed_while_a_source_was_lost_is_recorded(estate: Estate) -> None:
    estate.observe()
    lose_argocd(estate)
    estate.observe()
    since = NOW + timedelta(seconds=9)
    estate.set_apps(health="Degraded", health_since=since)
    estate.observe()
    with HistoryReader(estate.path) as reader:
        change = reader.read_page(HistoryFilter(kinds=("health",))).changes[0]
    assert estate.list_changes("health")[-1] == ("Healthy", "Degraded")
    assert change.at == change.server_at == since < change.observed_at


def test_a_restart_records_only_what_changed_meanwhile(path: Path) -> None:
    first = Estate(path)
    first.set_repo(pull_requests=(opened(240, prod="1.45.0"),))
    first.observe()
    first.recorder.close()
    count = len(first.list_changes())
    second = Estate(path)
    second.minute = 60
    second.set_repo(pull_requests=(opened(240, prod="1.45.0"),))
    second.observe()
    assert len(second.list_changes()) == count
    second.recorder.close()
    third = Estate(path)
    third.minute = 120
    third.set_apps(health="Degraded")
    third.observe()
    assert third.list_changes("health")[-1] == ("Healthy", "Degraded")
    with HistoryReader(path) as reader:
        pulls = reader.read_changes(HistoryFilter(kinds=("pull-request",)))
    assert [change.after for change in pulls] == ["open", "absent"]


def test_sessions_record_when_the_process_watched(estate: Estate) -> None:
    estate.observe()
    estate.observe_for(5)
    estate.observe(480)  # the machine slept
    estate.observe_for(1)
    estate.recorder.close()
    with HistoryReader(estate.path) as reader:
        sessions = reader.read_sessions()
    minutes = [
        ((item.started_at - NOW) / timedelta(minutes=1), (item.ended_at - NOW) / timedelta(minutes=1))
        for item in sessions
        if item.ended_at
    ]
    assert minutes == [(0.1, 5.1), (485.1, 486.1)]


def test_sleep_interrupts_a_soak(estate: Estate) -> None:
    estate.observe_for(8)
    estate.observe(60)
    estate.observe_for(8)
    assert estate.recorder.facts.last_known_good == {}
    estate.observe_for(2.5)
    assert estate.recorder.facts.last_known_good["prod"].version == "1.43.1"


def test_the_last_known_good_survives_a_restart(path: Path) -> None:
    first = Estate(path)
    first.observe_for(11)
    first.recorder.close()
    second = Estate(path)
    second.minute = 100
    second.set_apps(health="Degraded")
    second.observe()
    assert second.recorder.facts.last_known_good["prod"] == LastKnownGood("1.43.1", NOW + timedelta(minutes=11))


def test_the_last_known_good_of_another_process_appears(path: Path) -> None:
    one, other = Estate(path), Estate(path)
    one.observe_for(9)
    other.minute = 9
    other.observe()
    one.observe_for(2)
    assert one.recorder.facts.last_known_good["prod"].version == "1.43.1"
    other.observe_for(1)
    assert other.recorder.facts.last_known_good == one.recorder.facts.last_known_good


def test_the_past_of_git_is_imported_once(path: Path) -> None:
    first = Estate(path)
    first.set_repo(environments={"prod": files("1.44.0", "1.43.2", "1.43.1")})
    first.observe()
    first.observe()
    assert first.list_changes("release", origin="imported") == [(None, "1.43.1"), ("1.43.1", "1.43.2")]
    assert first.list_changes("release") == [(None, "1.44.0")]
    assert first.recorder.facts.last_known_good == {}
    first.recorder.close()
    second = Estate(path)
    second.minute = 60
    second.readings = first.readings
    second.observe()
    assert len(second.list_changes("release", origin="imported")) == 2


def test_releases_of_unwatched_times_are_imported(path: Path) -> None:
    first = Estate(path)
    first.set_repo(environments={"prod": files("1.43.1")})
    first.observe()
    first.recorder.close()
    second = Estate(path)
    second.minute = 60
    history = tuple(
        replace(past, commit=commit)
        for past, commit in zip(files("1.44.0", "1.43.2", "1.43.1").history, ("c", "b", f"{0:040x}"), strict=True)
    )
    second.set_repo(environments={"prod": files("1.44.0", history=history)})
    second.observe()
    assert second.list_changes("release", origin="imported") == [("1.43.1", "1.43.2")]
    assert second.list_changes("release")[-1] == ("1.43.1", "1.44.0")


def test_local_actions_are_recorded(estate: Estate) -> None:
    estate.observe()
    action = RecordedChange("action", "done", NOW, environment="prod", origin="local", facts={"reason": "fire"})
    estate.recorder._local_changes.append(action)
    estate.observe()
    assert estate.list_changes(origin="local") == [(None, "done")]


# --- a file that cannot be written -----------------------------------------------------------------------


def test_a_locked_file_is_one_warning_and_loses_nothing(
    estate: Estate, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.observe()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for health in ("Degraded", "Progressing", "Healthy"):
        estate.set_apps(health=health)
        estate.observe()
    (problem,) = estate.recorder.problems
    assert problem.kind == "history"
    assert "another process has locked it" in problem.message
    assert "waiting" in problem.message
    other.execute("ROLLBACK")
    other.close()
    estate.observe_for(1)
    assert estate.recorder.problems == ()
    assert [after for _, after in estate.list_changes("health")] == ["Degraded", "Progressing", "Healthy"]


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    estate = Estate(tmp_path / "file" / "history" / "anchor.sqlite3")
    estate.observe()
    estate.set_apps(health="Degraded")
    estate.observe()
    assert "cannot write the history" in estate.recorder.problems[0].message
    (tmp_path / "file").unlink()
    estate.observe(1)
    estate.observe(0.1)
    assert estate.recorder.problems == ()
    assert estate.list_changes("health") == [("Healthy", "Degraded")]


def test_waiting_changes_are_bounded(estate: Estate, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.observe()
    monkeypatch.setattr(writer_module, "MAX_WAITING", 3)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(10):
        estate.set_apps(health=f"State {number}")
        estate.observe()
    assert "dropped" in estate.recorder.problems[0].message
    other.close()
    estate.observe_for(1)
    assert estate.list_changes("health")[-1][1] == "State 9"


def test_a_file_damaged_while_open_is_replaced(estate: Estate, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.observe()

    def fail(*_: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    estate.set_apps(health="Degraded")
    with monkeypatch.context() as patch:
        patch.setattr(store_module.HistoryStore, "_insert_change", fail)
        estate.observe()
    estate.observe()
    assert "was not usable" in estate.recorder.problems[0].message
    assert estate.list_changes("health") == [("Healthy", "Degraded")]
    assert estate.list_changes("release") == [(None, "1.43.1")]
    assert list(path.parent.glob("*.aside-*.sqlite3"))


def test_closing_never_raises(estate: Estate, path: Path) -> None:
    estate.observe()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    estate.recorder.close()
    other.close()
    HistoryRecorder(path, CONFIG).close()


# --- two processes -----------------------------------------------------------------------------------------


def test_a_wrong_value_of_another_process_is_corrected_later(estate: Estate, path: Path) -> None:
    estate.observe()
    other = HistoryStore(path, NOW, process="other")
    wrong = RecordedChange(
        "health", "Degraded", NOW + timedelta(minutes=1), environment="prod", application=application().id
    )
    estate.observe(0.1)
    other.write(store_module.HistoryBatch(NOW, (replace(wrong, observed_at=NOW + timedelta(minutes=0.15)),)))
    estate.observe_for(1.5)
    assert estate.list_changes("health")[-1][1] == "Degraded"
    estate.observe_for(1)
    assert estate.list_changes("health")[-1] == ("Degraded", "Healthy")
    count = len(estate.list_changes())
    estate.observe_for(5)
    assert len(estate.list_changes()) == count


def test_two_processes_that_disagree_do_not_alternate(path: Path) -> None:
    one, other = Estate(path), Estate(path)
    for estate in (one, other):
        estate.observe()
    lose_argocd(one)
    for _ in range(40):
        one.observe(0.25)
        other.observe(0.25)
    with HistoryReader(path) as reader:
        changes = reader.read_changes(HistoryFilter(kinds=("source",), subject="argocd"))
        conditions = reader.read_changes(HistoryFilter(environments=("prod",), kinds=("condition",)))
    assert [change.after for change in changes] == ["fresh", "stale", "fresh"]
    assert [change.after for change in conditions] == ["good", "unknown", "good"]


HEALTHS = ("Healthy", "Degraded", "Progressing")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["world", "world", "first", "second", "both", "restart", "lose"]),
        st.sampled_from(HEALTHS),
        st.sampled_from(["Synced", "OutOfSync"]),
        st.sampled_from(["1.43.1", "1.44.0"]),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(STEPS, st.integers(0, 2**16))
def test_two_recorders_agree_with_the_world_in_the_end(steps: Sequence[tuple[str, str, str, str]], seed: int) -> None:
    """Any order of snapshots, restarts and lost sources leaves the values that the servers have."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history" / "x.sqlite3"
        estates = [Estate(path), Estate(path)]
        health, sync, version = "Healthy", "Synced", "1.43.1"
        clock = 1.0
        history: list[tuple[str, str]] = []

        def look(estate: Estate) -> None:
            estate.set_apps(health=health, sync=sync)
            estate.set_repo(environments={"prod": files(version)})
            estate.minute = clock
            estate.observe(0)

        for action, *world in steps:
            clock += random.Random(seed + len(history)).choice([0.1, 0.5])
            history.append((action, world[0]))
            match action:
                case "world":
                    health, sync, version = world
                case "first":
                    look(estates[0])
                case "second":
                    look(estates[1])
                case "both":
                    look(estates[0])
                    look(estates[1])
                case "restart":
                    estates[0].recorder.close()
                    estates[0] = Estate(path)
                case "lose":
                    lose_argocd(estates[1])
                    estates[1].minute = clock
                    estates[1].observe(0)
        for _ in range(8):  # longer than CORRECTION_AFTER
            clock += 0.5
            for estate in estates:
                look(estate)
        with HistoryReader(path) as reader:
            states = {(key.kind, key.environment): state.value for key, state in reader.read_states().items()}
            changes = reader.read_changes(HistoryFilter(environments=("prod",), kinds=("health",)))
        assert states["health", "prod"] == health
        assert states["sync", "prod"] == sync
        assert states["release", "prod"] == version
        assert all(one.after == other.before for one, other in pairwise(changes))
        assert all(change.before != change.after for change in changes)
        for estate in estates:
            estate.recorder.close()


def test_the_work_follows_what_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    selector = environment_config("prod", applications=ApplicationSelector((("environment", "prod"),)))
    estate = config(selector, history=HistoryConfig())
    apps = [application(f"service-{number:04}") for number in range(2_000)]

    def observe(minute: float) -> None:
        observed = fresh(argocd(labels={"environment": "prod"}, applications=tuple(items)))
        seen = SourceReadings(argocd={"argocd": observed}, github=github)
        recorder.record(builder.build(seen, NOW + timedelta(minutes=minute)), seen)

    items = [ObservedApplication(app, {"environment": "prod"}) for app in apps]
    github = fresh(ops_repo())
    builder, recorder = SnapshotBuilder(estate), HistoryRecorder(path, estate)
    observe(0)
    compared: list[AppId] = []
    compare = snapshot_comparison._list_application_changes
    monkeypatch.setattr(
        snapshot_comparison,
        "_list_application_changes",
        lambda *of: compared.append((of[0] or of[1]).id) or compare(*of),  # type: ignore[func-returns-value]
    )
    cleaned: list[RecordedChange] = []
    clean = store_module.clean_change
    monkeypatch.setattr(store_module, "clean_change", lambda change: cleaned.append(change) or clean(change))
    observe(0.1)
    assert (compared, cleaned) == ([], [])
    items[7] = ObservedApplication(replace(apps[7], health="Degraded"), {"environment": "prod"})
    observe(0.2)
    assert compared == [apps[7].id]
    assert {change.kind for change in cleaned} == {"health", "verdict", "condition"}

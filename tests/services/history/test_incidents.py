"""Incidents in the history file: unique numbers, two processes, a kill, and the hand-over that is made from them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from anchor_tui.domain.history.incidents import Incident, IncidentFacts
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.history import migrations
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.incident_queries import NoSuchIncidentError
from anchor_tui.services.history.incident_reports import collect_facts, list_incidents, read_report
from anchor_tui.services.history.incident_store import IncidentStore
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.cli.output.hostile_values import TOKEN
from tests.cli.process import ROOT
from tests.values import NOW, config

KIM, LEE = "kim@laptop", "lee@desk"
HOUR_LATER = NOW + timedelta(hours=1)
CONFIG = config()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "engine-0.sqlite3"


@pytest.fixture
def store(path: Path) -> IncidentStore:
    return IncidentStore(path, NOW)


def end(store: IncidentStore, number: int, minutes: float = 60, by: str = KIM) -> Incident:
    at = NOW + timedelta(minutes=minutes)
    return store.end(number, at, by, IncidentFacts(at))


def test_an_incident_reads_back_as_it_was_started(store: IncidentStore) -> None:
    started, is_new = store.start("gateway is down", NOW, KIM)
    assert is_new
    assert started == Incident(1, "gateway is down", NOW, KIM)
    assert store.queries.find_running() == started


def test_a_second_process_joins_the_running_incident(store: IncidentStore, path: Path) -> None:
    started, _ = store.start("one", NOW, KIM)
    with IncidentStore(path, NOW) as other:
        assert other.start("two", HOUR_LATER, LEE) == (started, False)


def test_notes_of_two_processes_are_both_kept(store: IncidentStore, path: Path) -> None:
    store.start("", NOW, KIM)
    store.add_note(1, "one", HOUR_LATER, KIM)
    with IncidentStore(path, NOW) as other:
        other.add_note(1, "two", NOW, LEE)
    assert [(note.author, note.text) for note in store.queries.read_notes(1)] == [(LEE, "two"), (KIM, "one")]


def test_ending_twice_keeps_the_first_end(store: IncidentStore) -> None:
    store.start("", NOW, KIM)
    first = end(store, 1, 30)
    assert end(store, 1, 60, LEE) == first
    assert first.ended_at == NOW + timedelta(minutes=30)
    assert first.ended_by == KIM


def test_an_incident_never_ends_before_its_start(store: IncidentStore) -> None:
    store.start("", NOW, KIM)
    assert end(store, 1, -5).ended_at == NOW


def test_a_number_is_never_used_again(store: IncidentStore, path: Path) -> None:
    for number in (1, 2, 3):
        assert store.start("", NOW, KIM)[0].number == number
        end(store, number)
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM incidents WHERE number = 3")
    connection.close()
    with IncidentStore(path, NOW) as again:
        assert again.start("", NOW, KIM)[0].number == 4


def test_a_note_can_follow_the_end(store: IncidentStore) -> None:
    store.start("", NOW, KIM)
    end(store, 1)
    store.add_note(1, "found the cause", HOUR_LATER, KIM)
    assert len(store.queries.read_notes(1)) == 1


@pytest.mark.parametrize("act", [lambda store: store.add_note(7, "x", NOW, KIM), lambda store: end(store, 7)])
def test_an_unknown_number_is_an_error(store: IncidentStore, act) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NoSuchIncidentError, match="does not contain an incident 7"):
        act(store)


def test_texts_are_one_line_without_tokens(store: IncidentStore) -> None:
    started, _ = store.start(f"  a\n\x1b[31mb {TOKEN} ", NOW, KIM)
    assert started.title == "a b ****"
    assert len(store.add_note(1, "x" * 9_000, NOW, KIM).text) == 2_000


def test_a_file_without_incidents_lists_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_incidents(path) == ()
    monkeypatch.setattr(migrations, "NEWEST_VERSION", 1)
    HistoryStore(path, NOW).close()
    assert list_incidents(path) == ()


def test_a_file_of_version_one_gets_the_tables(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "NEWEST_VERSION", 1)
    HistoryStore(path, NOW).close()
    monkeypatch.undo()
    with IncidentStore(path, NOW) as store:
        assert store.start("", NOW, KIM)[1]


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(HistoryError, match="cannot"):
        IncidentStore(path, NOW)


# --- several processes -------------------------------------------------------------------------------

_TAKE_NOTES = """
import sys
from pathlib import Path
from anchor_tui.services.clock import utc_now
from anchor_tui.services.history.incident_store import IncidentStore
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with IncidentStore(path, utc_now()) as store:
    print(store.start(name, utc_now(), name)[0].number, flush=True)
    for number in range(count):
        store.add_note(1, str(number), utc_now(), name)
        print(number, flush=True)
    sys.stdin.readline()
"""


def start_process(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    """Start a process that starts an incident and takes notes when it is sent a line, and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_NOTES, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def send_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_processes_share_one_incident_and_lose_no_note(path: Path) -> None:
    processes = [start_process(path, name, 40) for name in ("kim", "lee")]
    for process in processes:
        send_line(process)
    outputs = [process.communicate("\n", timeout=30)[0].splitlines() for process in processes]
    assert [output[0] for output in outputs] == ["1", "1"]
    assert len(list_incidents(path)) == 1
    with IncidentStore(path, NOW) as store:
        notes = store.queries.read_notes(1)
    for name in ("kim", "lee"):
        assert sorted(int(note.text) for note in notes if note.author == name) == list(range(40))


def test_a_kill_keeps_the_incident_and_every_reported_note(path: Path) -> None:
    process = start_process(path, "kim", 5_000)
    send_line(process)
    assert process.stdout is not None
    reported = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.close()
    with IncidentStore(path, NOW) as store:
        running = store.queries.find_running()
        assert running is not None
        assert running.started_by == "kim"
        assert len(store.queries.read_notes(1)) >= len(reported) - 1
        end(store, 1)


# --- the hand-over -----------------------------------------------------------------------------------


def verdict(after: str, minutes: float, before: str | None = None) -> RecordedChange:
    return RecordedChange("verdict", after, NOW + timedelta(minutes=minutes), before=before, environment="prod")


def record(path: Path, *changes: RecordedChange) -> HistoryStore:
    """Record changes in a session that begins two hours before NOW."""
    history = HistoryStore(path, NOW)
    history.start_session(NOW - timedelta(hours=2))
    history.write(HistoryBatch(NOW, changes))
    return history


def failing_minutes(facts: IncidentFacts) -> float:
    (prod,) = [impact for impact in facts.impact if impact.environment == "prod"]
    return prod.failing.total_seconds() / 60


def test_the_facts_contain_what_was_recorded(path: Path) -> None:
    history = record(path, verdict("ok", -100), verdict("failing", 10), verdict("ok", 25))
    incident = Incident(1, "", NOW, KIM)
    facts = collect_facts(path, incident, CONFIG, HOUR_LATER)
    assert failing_minutes(facts) == 15
    assert [entry.text for entry in facts.timeline if entry.kind == "change"] == [
        "verdict ok → failing",
        "verdict failing → ok",
    ]
    history.close()


def test_the_value_at_the_start_survives_the_retention(path: Path) -> None:
    history = record(path, verdict("failing", -100))
    history.prune(NOW - timedelta(minutes=50))
    facts = collect_facts(path, Incident(1, "", NOW, KIM), CONFIG, HOUR_LATER)
    assert failing_minutes(facts) == 60
    history.close()


def test_a_deleted_value_is_taken_from_the_next_change(path: Path) -> None:
    history = record(path, verdict("failing", -100), verdict("ok", 20))
    history.prune(NOW - timedelta(minutes=50))
    assert failing_minutes(collect_facts(path, Incident(1, "", NOW, KIM), CONFIG, HOUR_LATER)) == 20
    history.close()


def test_the_hand_over_of_an_ended_incident_stays(path: Path, store: IncidentStore) -> None:
    history = record(path, verdict("ok", -100), verdict("failing", 10))
    started, _ = store.start("down", NOW, KIM)
    facts = collect_facts(path, started, CONFIG, HOUR_LATER)
    ended = store.end(1, HOUR_LATER, KIM, facts)
    history.prune(NOW + timedelta(days=90))
    store.add_note(1, "later", HOUR_LATER, LEE)
    report = read_report(path, ended, CONFIG, NOW + timedelta(days=91))
    assert report.facts == facts
    assert failing_minutes(report.facts) == 50
    assert [note.text for note in report.notes] == ["later"]
    history.close()


def test_facts_that_are_not_readable_are_made_again(path: Path, store: IncidentStore) -> None:
    history = record(path, verdict("ok", -100), verdict("failing", 10))
    store.start("down", NOW, KIM)
    ended = end(store, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE incidents SET facts = '{'")
    connection.close()
    assert failing_minutes(read_report(path, ended, CONFIG, HOUR_LATER).facts) == 50
    history.close()


def test_a_running_incident_is_reported_until_now(path: Path, store: IncidentStore) -> None:
    history = record(path, verdict("failing", -10))
    started, _ = store.start("down", NOW, KIM)
    for minutes in (5, 20):
        report = read_report(path, started, CONFIG, NOW + timedelta(minutes=minutes))
        assert failing_minutes(report.facts) == minutes
    history.close()


def test_an_incident_of_version_two_stays_readable(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "fixtures" / "version-2.sql").read_text())
    connection.execute("PRAGMA user_version = 2")
    connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    connection.close()
    (incident,) = list_incidents(path)
    report = read_report(path, incident, CONFIG, HOUR_LATER)
    assert (incident.number, incident.title, incident.ended_by) == (1, "gateway is down", LEE)
    assert [note.text for note in report.notes] == ["a note"]
    assert failing_minutes(report.facts) == 14

"""The incidents of the screen: another process is seen, and the file is read only after a change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from anchor_tui.domain.history.incidents import IncidentFacts, IncidentStatus
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.history import incident_desk as module
from anchor_tui.services.history.database import HistoryError, set_aside
from anchor_tui.services.history.incident_desk import IncidentDesk, IncidentWatcher, UnavailableIncidents
from anchor_tui.services.history.incident_queries import IncidentQueries
from anchor_tui.services.history.incident_store import IncidentStore
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.values import NOW, config

TIMEOUT_S = 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "engine-0.sqlite3"


class Listener:
    """Collects the reports of a desk."""

    def __init__(self) -> None:
        self.reports: list[IncidentStatus] = []
        self._condition = threading.Condition()

    def __call__(self, status: IncidentStatus) -> None:
        with self._condition:
            self.reports.append(status)
            self._condition.notify_all()

    def wait_until(self, is_reached: Callable[[IncidentStatus], bool]) -> IncidentStatus:
        """Wait for a report; fail after TIMEOUT_S."""
        with self._condition:
            reached = self._condition.wait_for(
                lambda: bool(self.reports) and is_reached(self.reports[-1]), timeout=TIMEOUT_S
            )
            assert reached, self.reports
            return self.reports[-1]


@pytest.fixture
def desk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IncidentDesk]:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    desk = IncidentDesk(path, config(), lambda: NOW)
    yield desk
    desk.stop()


def test_a_desk_starts_notes_and_ends(desk: IncidentDesk) -> None:
    incident, is_new = desk.start_incident("down").result(TIMEOUT_S)
    assert is_new
    assert desk.add_note(incident.number, "looking").result(TIMEOUT_S).text == "looking"
    report = desk.read_report(incident.number).result(TIMEOUT_S)
    assert [note.text for note in report.notes] == ["looking"]
    assert not desk.end_incident(incident.number).result(TIMEOUT_S).is_running
    assert not desk.end_incident(incident.number).result(TIMEOUT_S).is_running


def test_the_incident_of_another_process_is_seen(desk: IncidentDesk, path: Path) -> None:
    listener = Listener()
    desk.watch(listener)
    assert listener.wait_until(lambda status: True) == IncidentStatus()
    with IncidentStore(path, NOW) as other:
        other.start("theirs", NOW, "lee@desk")
        status = listener.wait_until(lambda status: status.incident is not None)
        assert status.incident is not None
        assert status.incident.title == "theirs"
        other.end(1, NOW, "lee@desk", IncidentFacts(NOW))
    listener.wait_until(lambda status: status.incident is None)


def test_a_restart_finds_the_running_incident(desk: IncidentDesk, path: Path) -> None:
    with IncidentStore(path, NOW) as before:
        before.start("from before", NOW - timedelta(hours=2), "kim@laptop")
    listener = Listener()
    desk.watch(listener)
    status = listener.wait_until(lambda status: status.incident is not None)
    assert status.incident is not None
    assert status.incident.format_badge(NOW) == "INCIDENT 1 · 2 h"


def test_reading_before_any_file_fails_with_its_reason(desk: IncidentDesk) -> None:
    with pytest.raises(HistoryError, match="it does not exist"):
        desk.read_report(1).result(TIMEOUT_S)


def test_an_unwritable_place_fails_with_its_reason(desk: IncidentDesk, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(HistoryError, match="cannot write the history"):
        desk.start_incident("x").result(TIMEOUT_S)


def test_a_stopped_desk_has_carried_out_its_tasks(path: Path) -> None:
    desk = IncidentDesk(path, config(), lambda: NOW)
    desk.start_incident("x")
    note = desk.add_note(1, "last words")
    desk.stop()
    assert note.result(TIMEOUT_S).text == "last words"


def test_an_unchanged_file_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with IncidentStore(path, NOW) as store:
        store.start("x", NOW, "kim")
        watcher = IncidentWatcher(path)
        assert watcher.poll() is not None
        reads: list[str] = []
        select = IncidentQueries._select

        def count(queries: IncidentQueries, query: str, values: object = ()) -> object:
            reads.append(query)
            return select(queries, query, values)  # type: ignore[arg-type]

        monkeypatch.setattr(IncidentQueries, "_select", count)
        assert [watcher.poll() for _ in range(20)] == [None] * 20
        assert reads == []
        store.add_note(1, "y", NOW, "kim")
        reads.clear()
        assert watcher.poll() is not None
        assert len(reads) == 1
    watcher.close()


def test_changes_without_an_incident_are_not_reported(path: Path) -> None:
    history = HistoryStore(path, NOW)
    watcher = IncidentWatcher(path)
    assert watcher.poll() == IncidentStatus()
    history.write(HistoryBatch(NOW, (RecordedChange("verdict", "ok", NOW, environment="prod"),)))
    assert watcher.poll() is None
    watcher.close()
    history.close()


def test_a_replaced_file_is_opened_again(path: Path) -> None:
    with IncidentStore(path, NOW) as store:
        store.start("old", NOW, "kim")
    watcher = IncidentWatcher(path)
    first = watcher.poll()
    assert first is not None
    assert first.incident is not None
    set_aside(path, NOW, "test")
    assert watcher.poll() == IncidentStatus()
    with IncidentStore(path, NOW) as store:
        store.start("new", NOW, "kim")
    status = watcher.poll()
    assert status is not None
    assert status.incident is not None
    assert status.incident.title == "new"
    watcher.close()


def test_an_unreadable_file_keeps_the_last_status(path: Path) -> None:
    with IncidentStore(path, NOW) as store:
        store.start("x", NOW, "kim")
    watcher = IncidentWatcher(path)
    assert watcher.poll() is not None
    path.unlink()
    path.write_text("not a database, but long enough to be read as one")
    assert watcher.poll() is None
    watcher.close()


def test_unavailable_incidents_refuse_everything() -> None:
    incidents = UnavailableIncidents("this is a replay")
    incidents.watch(lambda _: pytest.fail("nothing is reported"))
    for future in (
        incidents.start_incident("x"),
        incidents.add_note(1, "x"),
        incidents.end_incident(1),
        incidents.read_report(1),
    ):
        with pytest.raises(HistoryError, match="this is a replay"):
            future.result(0)
    incidents.stop()

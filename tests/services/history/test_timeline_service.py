"""The timeline for the screen: read on its own thread, and only if another connection has written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
from anchor_tui.domain.history.records import HistoryFilter
from anchor_tui.services.history.timeline_reader import TimelineReader
from anchor_tui.services.history.timeline_service import PAGE_LINES, TimelineService
from tests.domain.history.samples import deployment, health, recorded
from tests.services.history.test_timeline_reader import write
from tests.values import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def service(path: Path) -> Iterator[TimelineService]:
    service = TimelineService(path, lambda: NOW)
    yield service
    service.close()


def read(service: TimelineService, loaded: LoadedTimeline | None = None, **options: bool) -> LoadedTimeline:
    return service.read(HistoryFilter(), loaded or LoadedTimeline(), **options).result(timeout=10)


def test_without_a_file_the_timeline_is_empty(service: TimelineService, path: Path) -> None:
    empty = LoadedTimeline()
    assert read(service, empty) is empty
    assert read(service, empty, older=True) is empty
    write(path, *deployment())
    assert len(read(service, empty).lines) == 6


def test_nothing_is_read_again_without_a_change(
    service: TimelineService, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, *deployment())
    loaded = read(service)
    queries: list[str] = []
    select = TimelineReader._select
    monkeypatch.setattr(TimelineReader, "_select", lambda *args: queries.append(args[1]) or select(*args))
    for _ in range(3):
        assert read(service, loaded) is loaded
    assert queries == ["PRAGMA data_version"] * 3


def test_a_new_change_is_added_at_its_place(service: TimelineService, path: Path) -> None:
    write(path, *deployment())
    first = read(service)
    write(path, recorded(0, "sync", "OutOfSync", 3), health(0, "Missing", 0))
    second = read(service, first)
    assert [line.key for line in second.lines] == [f"change {id_}" for id_ in (8, 6, 7, 5, 4, 3, 2, 1)]
    assert read(service, second) is second


def test_older_pages_follow_until_the_end(service: TimelineService, path: Path) -> None:
    write(path, *(recorded(0, "sync", str(index), index * 5) for index in range(1_200)))
    loaded, lengths = read(service), []
    while loaded.has_older:
        lengths.append(len(loaded.lines))
        loaded = read(service, loaded, older=True)
    assert lengths == [500, 1_000]
    assert lengths[0] > PAGE_LINES
    assert len({line.key for line in loaded.lines}) == 1_200
    assert read(service, loaded, older=True) is loaded


def test_an_error_is_a_part_of_the_timeline(service: TimelineService, path: Path) -> None:
    write(path, *deployment())
    loaded = read(service)
    path.write_bytes(b"not a database" * 1_000)
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    fresh = TimelineService(path, lambda: NOW)
    failed = fresh.read(HistoryFilter(), loaded).result(timeout=10)
    assert "cannot read the history" in failed.problem
    assert failed.lines == loaded.lines
    path.unlink()
    write(path, health(0, "Missing", 1))
    repaired = fresh.read(HistoryFilter(), failed).result(timeout=10)
    assert (repaired.problem, len(repaired.lines)) == ("", 1)
    fresh.close()


def test_the_file_is_read_on_a_thread_of_its_own(
    service: TimelineService, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, *deployment())
    threads: set[str] = set()
    select = TimelineReader._select
    monkeypatch.setattr(
        TimelineReader, "_select", lambda *args: threads.add(threading.current_thread().name) or select(*args)
    )
    read(service)
    assert {name.partition("_")[0] for name in threads} == {"history"}

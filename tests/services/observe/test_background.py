"""The background thread: snapshots arrive, and stopping is quick."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Order
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.observe import observer
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.services.observe.prefetch import start_prefetch
from tests.domain.history.samples import deployment
from tests.services.history.test_timeline_reader import write
from tests.services.observe.test_observer import sandbox_config, sandbox_environ
from tests.sources.loopback_server import serve_requests
from tests.values import application, config


class Listener:
    def __init__(self) -> None:
        self.snapshots: list = []
        self.threads: set[str] = set()
        self.died = threading.Event()
        self._changed = threading.Condition()

    def hear(self, snapshot) -> None:
        with self._changed:
            self.snapshots.append(snapshot)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def until(self, true):
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.snapshots) and true(self.snapshots[-1]), 10)
            return self.snapshots[-1]


def all_fresh(snapshot) -> bool:
    """Return True if every source has been read, the release history included."""
    position = snapshot.environments[1].position
    fresh = all(source.state == "fresh" for source in snapshot.sources)
    return fresh and position is not None and position.state != "unknown"


@pytest.mark.parametrize("with_prefetch", [True, False])
def test_snapshots_arrive_until_the_thread_is_stopped(tmp_path, with_prefetch):
    heard = Listener()
    with run_sandbox_in_thread("steady") as box:
        it = sandbox_config(box)
        ahead = start_prefetch(it, sandbox_environ(box), tmp_path) if with_prefetch else None
        reader = BackgroundThread(it, sandbox_environ(box), tmp_path, ahead)
        reader.start()
        reader.listen(heard.hear, heard.died.set)
        reader.on_first_frame()
        heard.until(all_fresh)
        reader.stop()
        assert not reader._thread.is_alive()
        count = len(heard.snapshots)
        reader.read_again()  # ignored: the thread has ended
        reader.on_first_frame()
    assert len(heard.snapshots) == count
    assert heard.threads <= {"observer", "MainThread"}
    assert not heard.died.is_set()


def test_a_late_listener_gets_the_latest_snapshot_at_once(tmp_path):
    early, late = Listener(), Listener()
    with run_sandbox_in_thread("steady") as box:
        reader = BackgroundThread(sandbox_config(box), sandbox_environ(box), tmp_path)
        reader.start()
        reader.listen(early.hear, early.died.set)
        reader.on_first_frame()
        early.until(all_fresh)
        reader.listen(late.hear, late.died.set)
        assert all_fresh(late.snapshots[0])
        reader.stop()


def test_read_again_reaches_the_sources(tmp_path):
    heard = Listener()
    with run_sandbox_in_thread("steady") as box:
        reader = BackgroundThread(sandbox_config(box), sandbox_environ(box), tmp_path)
        reader.start()
        reader.listen(heard.hear, heard.died.set)
        reader.on_first_frame()
        heard.until(all_fresh)
        from tests.sources.github.fakes import release_yaml

        box.commit({"environments/dev/release.yaml": release_yaml("3.0.0")}, "Bump")
        reader.read_again()
        heard.until(
            lambda snapshot: snapshot.environments[0].release.version == "3.0.0" and box.github.graphql_budget.used >= 4
        )
        reader.stop()


def test_stopping_is_quick_while_both_servers_hang(tmp_path):
    asked, over = threading.Semaphore(0), threading.Event()

    def hang(_: object) -> None:
        asked.release()
        over.wait(10)

    with run_sandbox_in_thread("steady") as box, serve_requests(hang) as url:
        it = sandbox_config(box, api_url=url)
        it = replace(it, argocd=replace(it.argocd, server=url))
        reader = BackgroundThread(it, sandbox_environ(box), tmp_path)
        reader.start()
        reader.on_first_frame()
        assert asked.acquire(timeout=5)
        began = time.monotonic()
        reader.stop()
        assert time.monotonic() - began < 2
        over.set()
    assert reader._thread.daemon


def test_stopping_cancels_a_plan_in_preparation(tmp_path):
    asked, over = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        asked.set()
        over.wait(10)

    with run_sandbox_in_thread("incident") as box, serve_requests(hang) as url:
        it = sandbox_config(box)
        seen = Listener()
        reader = BackgroundThread(it, sandbox_environ(box), tmp_path, state_folder=tmp_path)
        reader.listen(seen.hear, seen.died.set)
        reader.start()
        reader.on_first_frame()
        snapshot = seen.until(all_fresh)
        reader.config = replace(it, argocd=replace(it.argocd, server=url))
        planned = reader.prepare(Order("sync", "id", ("prod",)), snapshot)
        assert asked.wait(5)
        reader.stop()
        assert planned.cancelled()
        over.set()
        reader._thread.join(5)
        assert not reader._thread.is_alive()


def test_stopping_ends_the_work_that_begins_while_other_work_ends(tmp_path):
    waiting, ended = threading.Event(), threading.Event()

    async def end_later() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def wait_until_cancelled(_: object) -> None:
        waiting.set()
        try:
            await asyncio.sleep(60)
        finally:
            late.append(asyncio.create_task(end_later()))
            await asyncio.sleep(0)

    late: list[asyncio.Task[None]] = []
    with run_sandbox_in_thread("steady") as box:
        reader = BackgroundThread(sandbox_config(box), sandbox_environ(box), tmp_path)
        reader.start()
        reader.inspect(application(), wait_until_cancelled)
        assert waiting.wait(5)
        reader.stop()
        reader._thread.join(5)
    assert ended.is_set()


def test_listeners_are_notified_when_the_thread_crashes(tmp_path, monkeypatch):
    async def die(*_: object) -> None:
        raise ValueError("an internal error")

    monkeypatch.setattr(observer.Observer, "run", die)
    heard, late = Listener(), Listener()
    with run_sandbox_in_thread("steady") as box:
        reader = BackgroundThread(sandbox_config(box), sandbox_environ(box), tmp_path)
        reader.listen(heard.hear, heard.died.set)
        reader.start()
        assert heard.died.wait(5)
        reader.listen(late.hear, late.died.set)
        assert late.died.is_set()
        reader.stop()
    assert isinstance(reader.error, ValueError)


def test_stopping_directly_after_the_start_works(tmp_path):
    with run_sandbox_in_thread("steady") as box:
        reader = BackgroundThread(sandbox_config(box), sandbox_environ(box), tmp_path)
        reader.start()
        reader.stop()
        reader._thread.join(5)
        assert not reader._thread.is_alive()
    assert asyncio.iscoroutinefunction(reader._run_observer)


def test_the_timeline_is_read_from_the_history_of_the_estate(tmp_path):
    settings = config()
    thread = BackgroundThread(settings, {}, tmp_path, state_folder=tmp_path)
    thread.start()
    try:
        assert thread.read_timeline((), None, False).result(timeout=10).lines == ()
        write(find_history_file(settings, tmp_path), *deployment())
        loaded = thread.read_timeline(("prod",), None, False).result(timeout=10)
        assert len(loaded.lines) == 6
        assert thread.read_timeline(("prod",), loaded, False).result(timeout=10) is loaded
    finally:
        thread.stop()

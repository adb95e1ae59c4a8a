"""The watchdog: a reader that is blocked makes the screen stale."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from anchor_tui.domain.model import Level
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.services.observe.observer import SNAPSHOT_INTERVAL_S
from anchor_tui.tui.watchdog import MISSED_SNAPSHOTS, SnapshotWatchdog, mark_silent
from tests.tui.harness import open_app
from tests.tui.sample_findings import FINDINGS
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import NOW, config

LIMIT = timedelta(seconds=SNAPSHOT_INTERVAL_S * MISSED_SNAPSHOTS)


async def wait(ui, seconds):
    """Let the screen's clock run without a snapshot."""
    ui.time += timedelta(seconds=seconds)
    ui.app._tick()
    await ui.pilot.pause()
    await ui.pilot.pause()


async def test_a_silent_reader_makes_the_whole_screen_stale():
    async with open_app((180, 50), environment="dev") as ui:
        await ui.show(HEALTHY)
        await wait(ui, 45)
        header, sources = ui.text.splitlines()[:2]
        assert "? UNKNOWN  no snapshot for 45 s: the reader is busy or blocked" in header
        assert "Argo CD ✗ as of 14:02Z, 47 s ago" in sources
        assert "GitHub ✗ as of" in sources
        assert "✓ OK" not in ui.text
        assert ui.text.count("? UNKNOWN  no snapshot for 45 s") >= 3
        styles = [span.style for cell in ui.fleet.active_list.rows[0].draw_cells(ui.time) for span in cell.spans]
        assert set(styles) == {"dim"}


async def test_the_silence_counts_up_and_ends_with_a_snapshot():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await wait(ui, 14)
        assert "no snapshot" not in ui.text
        await wait(ui, 1)
        assert "no snapshot for 15 s" in ui.text
        await wait(ui, 3)
        assert "no snapshot for 15 s" in ui.text
        await wait(ui, 122)
        assert "no snapshot for 2 min" in ui.text
        snapshot = await ui.show(HEALTHY)
        assert ui.app.snapshot is snapshot
        assert "no snapshot" not in ui.text


async def test_a_reader_that_never_answers_is_not_loading():
    async with open_app() as ui:
        await wait(ui, 60)
        assert "no snapshot for 1 min" in ui.text
        assert "loading" not in ui.text


def test_an_outage_stays_failing_and_nothing_stays_fresh():
    snapshot = build_snapshot(config(), INCIDENT, NOW, FINDINGS)
    silent = mark_silent(snapshot, timedelta(seconds=45))
    assert silent.verdict.level is Level.FAILING
    assert silent.verdict.reasons[0].startswith("no snapshot for 45 s")
    assert {source.state for source in silent.sources} == {"stale"}
    assert all(environment.verdict.level.rank >= Level.UNKNOWN.rank for environment in silent.environments)
    assert not [finding for env in silent.environments for finding in env.findings if finding.status == "pass"]


def test_a_source_without_a_reading_is_unavailable():
    silent = mark_silent(build_snapshot(config(), SourceReadings(), NOW), LIMIT)
    assert {source.state for source in silent.sources} == {"missing"}


@pytest.mark.parametrize(("wall_s", "monotonic_s"), [(60, 0), (0, 60), (-3600, 60)])
def test_either_clock_can_show_the_silence(monkeypatch, wall_s, monotonic_s):
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    watchdog = SnapshotWatchdog(NOW)
    assert watchdog.measure_silence(NOW + LIMIT - timedelta(seconds=1)) is None
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + monotonic_s)
    assert watchdog.measure_silence(NOW + timedelta(seconds=wall_s)) == timedelta(seconds=60)


class BusySource:
    """A source that occupies the reader's thread, as an endless calculation does, until it is released."""

    id, kind, url = "argocd", "argocd", "https://cd.example.com"

    def __init__(self) -> None:
        self.is_busy, self.released = threading.Event(), threading.Event()

    def read_again(self) -> None:
        pass

    async def run(self, _publish):
        self.is_busy.set()
        self.released.wait()
        await asyncio.Event().wait()


async def test_a_busy_function_on_the_reader_thread_is_noticed(monkeypatch):
    source = BusySource()
    monkeypatch.setattr("anchor_tui.services.observe.source_factory.make_sources", lambda *_, **__: (source,))
    monkeypatch.setattr("anchor_tui.services.observe.observer.SNAPSHOT_INTERVAL_S", 0.01)
    reader = BackgroundThread(config(), {}, Path())
    try:
        async with open_app(config=config(read_only=True), backend=reader) as ui:
            reader.start()
            await ui.wait_until(source.is_busy.is_set)
            await ui.pilot.pause()  # the first snapshot was published before the source became busy
            await wait(ui, 45)
            assert "no snapshot for 45 s: the reader is busy or blocked" in ui.text
            source.released.set()
            await ui.wait_until(lambda: "no snapshot" not in ui.text)
    finally:
        source.released.set()
        reader.stop()

"""A running replay: a recording in a temporary folder, a fixed wall clock, comparable pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.recording.recording import Recording, SnapshotSeries
from anchor_tui.services.recording.replay import ReplayThread, load_for_replay, make_replay_config
from anchor_tui.services.recording.writer import RecordingWriter
from anchor_tui.tui.replay.app import ReplayApp
from tests.tui.harness import AppHarness
from tests.values import NOW

OpenReplay = Callable[..., AbstractAsyncContextManager[AppHarness]]


def record(folder: Path, *snapshots: Snapshot) -> Recording:
    """Return the recording of some snapshots."""
    recorder = RecordingWriter(folder)
    for snapshot in snapshots:
        recorder.record(snapshot)
    recorder.close()
    return Recording(folder)


@asynccontextmanager
async def open_replay(
    series: SnapshotSeries,
    size: tuple[int, int] = (110, 32),
    place: int = -1,
    keys: dict[str, str] | None = None,
    **options: Any,
) -> AsyncIterator[AppHarness]:
    """Show a series at its last snapshot. The wall clock is three hours after NOW."""
    place %= len(series.instants)
    first = load_for_replay(series, place)
    config = make_replay_config(series, first, keys or {})
    thread = ReplayThread(series)
    app = ReplayApp(config, thread, first, place, lambda: NOW + timedelta(hours=3), ascii_only=False, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield AppHarness(app, pilot, thread, config)
    thread.stop()
    assert app.failures == [], app.failures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recording"

"""The history with 100,000 changes: its file, a page of the timeline, a snapshot without changes, and the start."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from anchor_tui.config.load import load_config
from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.history.records import HistoryFilter, RecordedChange
from anchor_tui.domain.history.timeline import build_timeline
from anchor_tui.domain.model import AppId
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, SourceReadings
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.recent_past import read_recent_past
from anchor_tui.services.history.recorder import HistoryRecorder
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from anchor_tui.services.history.timeline_reader import TimelineReader
from anchor_tui.services.history.timeline_service import PAGE_LINES
from tests.benchmarks.figures import Results, divide_pairs
from tests.benchmarks.processes import PRODUCT, TerminalProcess
from tests.benchmarks.servers import LIST_TIMEOUT_S, Servers, serve
from tests.values import NOW, application, argocd, config, environment_config, fresh, ops_repo

CHANGES = 100_000
SNAPSHOT_CHANGES = 100
APPLICATIONS = 5_000
PAGE_TARGET_MS = 50.0
START_RATIO = 1.05
UNCHANGED_ROUNDS = 200
HEALTHS = ("Healthy", "Progressing", "Degraded")


def measure(results: Results) -> None:
    """Measure reading and writing in this process, and the start of the screen with and without a history."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history" / "x.sqlite3"
        fill_history(path, NOW)
        _measure_file(results, path)
    _measure_recording(results)
    size = min(results.settings.sizes[-1], APPLICATIONS)
    with results.report_failure(f"{size:,} applications"), serve(size) as servers:
        _measure_start(results, servers)


def fill_history(path: Path, now: datetime) -> None:
    """Write CHANGES changes of health over 80 days."""
    store = HistoryStore(path, now)
    store.start_session(now - timedelta(days=80))
    pause = timedelta(days=80) / CHANGES
    for first in range(0, CHANGES, SNAPSHOT_CHANGES):
        numbers = range(first, first + SNAPSHOT_CHANGES)
        at = now - timedelta(days=80) + pause * first
        store.write(HistoryBatch(at, tuple(_make_change(number, at) for number in numbers)))
    store.close()


def _make_change(number: int, at: datetime) -> RecordedChange:
    name, environment = f"service-{number % 1_000:04}", ("dev", "staging", "prod")[number % 3]
    health = HEALTHS[number // 3_000 % 3]
    return RecordedChange(
        "health",
        health,
        at,
        environment=environment,
        application=AppId("argocd", "argocd", f"{name}-{environment}"),
        server_at=at - timedelta(seconds=2),
        detail="Deployment/web exits with code 1: KeyError" if health == "Degraded" else "",
    )


def _time_ms(act: Callable[[], object], rounds: int = 9) -> list[float]:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return times


def _measure_file(results: Results, path: Path) -> None:
    label = f"{CHANGES:,} changes"
    results.add(f"file of {label}", "MB", [path.stat().st_size / 1e6])

    def read(wanted: HistoryFilter) -> None:
        with HistoryReader(path) as reader:
            assert reader.read_page(wanted).changes

    cases = {
        "every change": HistoryFilter(),
        "one environment": HistoryFilter(environments=("prod",)),
        "one kind of one environment": HistoryFilter(environments=("prod",), kinds=("health",)),
        "one application": HistoryFilter(application=AppId("argocd", "argocd", "service-0002-prod")),
    }
    for name, wanted in cases.items():
        times = _time_ms(lambda: read(wanted))  # noqa: B023 - called at once
        results.add(f"first page of {label}, {name}", "ms", times, at_most=PAGE_TARGET_MS)
        times = _time_ms(lambda: _read_lines(path, wanted))  # noqa: B023 - called at once
        results.add(f"first lines of the timeline of {label}, {name}", "ms", times, at_most=PAGE_TARGET_MS)
    estate = config()
    results.add(f"recent past of {label}", "ms", _time_ms(lambda: read_recent_past(path, estate, NOW)))
    results.add(f"open {label} for writing", "ms", _time_ms(lambda: HistoryStore(path, NOW).close()))


def _read_lines(path: Path, wanted: HistoryFilter) -> None:
    """Read the first page of the screen, and build its lines: here each is a flood of 33 changes."""
    with TimelineReader(path) as reader:
        page = reader.read_timeline(NOW, wanted, length=PAGE_LINES)
        assert build_timeline(page.changes, page.gaps, page.evidence)


def _measure_recording(results: Results) -> None:
    environments = tuple(
        environment_config(name, applications=ApplicationSelector((("environment", name),)))
        for name in ("dev", "staging", "prod")
    )
    estate = config(*environments)
    apps = [application(f"service-{number:04}") for number in range(APPLICATIONS)]
    labels = {"environment": "prod"}
    seen = SourceReadings(argocd={"argocd": fresh(argocd(*apps, labels=labels))}, github=fresh(ops_repo()))
    builder = SnapshotBuilder(estate)
    with tempfile.TemporaryDirectory() as folder:
        recorder = HistoryRecorder(Path(folder) / "history" / "x.sqlite3", estate)
        snapshot = builder.build(seen, NOW)
        first = _time_ms(lambda: recorder.record(snapshot, seen), 1)
        results.add(f"first snapshot of {APPLICATIONS:,} applications", "ms", first)
        again = builder.build(seen, NOW + timedelta(seconds=5))
        recorder.record(again, seen)
        times = _time_ms(lambda: recorder.record(again, seen), UNCHANGED_ROUNDS)
        results.add(f"snapshot of {APPLICATIONS:,} applications without changes", "µs", [item * 1000 for item in times])
        recorder.close()


def _measure_start(results: Results, servers: Servers) -> None:
    """Measure the start in pairs: with a history of CHANGES changes, and with none."""
    with_history = Path(servers.announced["config"])
    without = with_history.with_name("without.toml")
    without.write_text(with_history.read_text() + "\n[history]\nkeep_days = 0\n")
    state = Path(servers.folder) / "state"
    environ = {**servers.environ, "ANCHOR_TUI_STATE": str(state)}
    estate = load_config(with_history, environ, cwd=with_history.parent)
    fill_history(find_history_file(estate, state), datetime.now(NOW.tzinfo))
    times: dict[Path, list[float]] = {with_history: [], without: []}
    for run in range(-1, results.settings.runs):
        for path, found in times.items():
            with TerminalProcess([*PRODUCT, "--config", str(path)], environ, servers.folder) as process:
                at = process.wait_until(servers.shows_complete_list, LIST_TIMEOUT_S)
                if run >= 0:
                    found.append((at - process.started) * 1000)
    label = f"{servers.size:,} applications"
    results.add(f"complete list with {CHANGES:,} changes, {label}", "ms", times[with_history])
    results.add(f"complete list without a history, {label}", "ms", times[without])
    ratios = divide_pairs(times[with_history], times[without])
    results.add(f"complete list with / without, {label}", "×", ratios, at_most=START_RATIO)

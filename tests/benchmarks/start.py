"""The start of the screen: its first frame, and the complete list, against a minimal Textual app and one GET."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.figures import Results, divide_pairs
from tests.benchmarks.processes import TerminalProcess
from tests.benchmarks.servers import LIST_TIMEOUT_S, Servers, serve, time_list_request

MINIMAL = [sys.executable, str(Path(__file__).with_name("minimal.py"))]
FIRST_FRAME_RATIO = 1.2
COMPLETE_RATIO = 1.3


def measure(results: Results) -> None:
    """Measure each size with servers of its own."""
    for size in results.settings.sizes:
        with results.report_failure(f"{size:,} applications"), serve(size) as servers:
            _measure_size(results, servers)


def start_minimal_app(servers: Servers) -> TerminalProcess:
    """Start the minimal Textual app on a terminal."""
    return TerminalProcess(MINIMAL, servers.environ, servers.folder)


def _measure_size(results: Results, servers: Servers) -> None:
    minimal, first, complete, answer = [], [], [], []
    for run in range(-1, results.settings.runs):
        with start_minimal_app(servers) as process:
            bare_ms = _ms_until(process, process.wait_until(lambda screen: "row 9" in screen.text))
        with servers.open_screen() as process:
            first_ms = _ms_until(process, process.wait_until(lambda screen: "anchor-msp" in screen.text))
            complete_ms = _ms_until(process, process.wait_until(servers.shows_complete_list, LIST_TIMEOUT_S))
        answer_ms, _ = time_list_request(servers)
        if run >= 0:
            minimal.append(bare_ms)
            first.append(first_ms)
            complete.append(complete_ms)
            answer.append(answer_ms)
    label = f"{servers.size:,} applications"
    results.add(f"minimal Textual app, {label} on the server", "ms", minimal)
    results.add(f"first frame, {label}", "ms", first)
    results.add(f"first frame / minimal app, {label}", "×", divide_pairs(first, minimal), at_most=FIRST_FRAME_RATIO)
    results.add(f"complete list on the screen, {label}", "ms", complete)
    slower = [max(pair) for pair in zip(minimal, answer, strict=True)]
    ratios = divide_pairs(complete, slower)
    results.add(f"complete list / slower of app and GET, {label}", "×", ratios, at_most=COMPLETE_RATIO)


def _ms_until(process: TerminalProcess, at: float) -> float:
    return (at - process.started) * 1000

"""Measure how long a key takes while logs arrive at a given rate.

python -m tests.benchmarks.logs [--rate 50000] [--seconds 6]

A server in a process of its own sends log lines; the real client, background thread and pane take them. The time from a
key to the frame that it changes is printed, without lines and with them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from textual.events import Key

from anchor_tui.config.load import parse_config
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.tui.inspection.log_lines import LogLines
from anchor_tui.tui.inspection.logs import LogPanel
from tests.benchmarks.argo_server import run_argo_server
from tests.benchmarks.key_times import describe_times
from tests.tui.inspection.panel_app import PanelApp
from tests.values import application


class LogMeasurement(NamedTuple):
    """The milliseconds from each key to its frame, and what became of the lines."""

    times: list[float]
    panel: LogPanel
    sent: int
    cpu_s: float


async def measure(rate: int, seconds: float) -> LogMeasurement:
    """Press a key again and again while a server sends `rate` lines per second."""
    with run_argo_server(rate=rate) as server, TemporaryDirectory() as folder:
        config = parse_config(server.config_text, Path(folder) / "anchor-tui.toml", {"T": "x"})
        reader = BackgroundThread(config, {"T": "x", "HOME": folder}, Path(folder))
        reader.start()
        panel = LogPanel(application("prod", source=config.servers_in_use[0].name), reader)
        async with PanelApp(panel).run_test(size=(160, 45)) as pilot:
            panel.lines.focus()
            panel.activate()
            await asyncio.sleep(0.5)
            gc.freeze()  # as the application does after its start
            began = time.process_time()
            times = await _press_repeatedly(pilot.app, panel.lines, seconds)
            cpu_s = time.process_time() - began
        reader.stop()
        return LogMeasurement(times, panel, server.sent, cpu_s)


async def _press_repeatedly(app: PanelApp, lines: LogLines, seconds: float) -> list[float]:
    times: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        await asyncio.sleep(0.05)
        before = lines.appearance.shows_times
        began = time.perf_counter()
        app.post_message(Key("t", "t"))
        while lines.appearance.shows_times == before or lines._rows is None:  # noqa: ASYNC110
            await asyncio.sleep(0)  # as exact as possible: there is not an event for a frame
        times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    for rate in (0, options.rate):
        found = asyncio.run(measure(rate, options.seconds))
        view = found.panel.view
        memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{rate:>7,} lines/s: {describe_times(found.times)}; {found.sent:,} sent "
            f"({found.sent / options.seconds:,.0f}/s), {len(view):,} kept, {view.removed:,} removed, "
            f"{view.dropped:,} dropped, {found.panel.lines.redraws:,} redraws, "
            f"{found.cpu_s / options.seconds:.0%} of a core, {memory_mib:.0f} MiB; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()

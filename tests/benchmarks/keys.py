"""The time from a key to the frame that shows its effect: scrolling and filtering, and the cursor during storms."""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Sequence

from tests.benchmarks.figures import Results
from tests.benchmarks.processes import TerminalProcess
from tests.benchmarks.servers import LIST_TIMEOUT_S, Servers, serve
from tests.benchmarks.terminal_screen import TerminalScreen

NAME = re.compile(r"tenant-\d{5}|anchor-msp-\w+")
PAGE_DOWN, PAGE_UP, ESCAPE = b"\x1b[6~", b"\x1b[5~", b"\x1b"
KEY_TIMEOUT_S = 10.0
"""A key without an effect for so long counts as this time."""
KEY_TARGET_MS = 50.0
LARGE_KEY_TARGET_MS = 100.0


def measure(results: Results) -> None:
    """Measure scrolling and filtering in a list of all applications."""
    size = results.settings.large
    with serve(size) as servers, servers.open_screen() as process:
        process.wait_until(servers.shows_complete_list, LIST_TIMEOUT_S)
        process.drain(results.settings.settle_s)
        process.write(b"v")  # every environment
        process.wait_until(lambda screen: _counts(screen, size))
        make_room(process)
        count = results.settings.keys
        for name, keys in (("the next row", (b"j", b"k")), ("the next page", (PAGE_DOWN, PAGE_UP))):
            add_percentiles(results, f"{name} of {size:,}", measure_cursor(process, keys, count), LARGE_KEY_TARGET_MS)
        first, last = _measure_filter(process, max(2, count // 10), size)
        add_percentiles(results, f"first letter of a filter of {size:,}", first, LARGE_KEY_TARGET_MS)
        add_percentiles(results, f"last letter of a filter of {size:,}", last, LARGE_KEY_TARGET_MS)


def measure_storms(results: Results) -> None:
    """Measure the cursor while applications change at several rates."""
    middle, large = results.settings.sizes[-1], results.settings.large
    cases = ((middle, 50, None), (middle, 200, KEY_TARGET_MS), (middle, 1_000, None), (large, 1_000, 100.0))
    for size, rate, target_ms in cases:
        with (
            results.report_failure(f"{rate:,} events/s at {size:,}"),
            serve(size, "--storm", str(rate)) as servers,
            servers.open_screen() as process,
        ):
            _measure_storm(results, servers, process, rate, target_ms)


def _measure_storm(
    results: Results, servers: Servers, process: TerminalProcess, rate: int, target_ms: float | None
) -> None:
    settings = results.settings
    process.wait_until(servers.shows_complete_list, LIST_TIMEOUT_S)
    process.drain(settings.settle_s)
    label = f"{rate:,} events/s at {servers.size:,}"
    before_mb, cpu_s, updates, started = process.read_rss_mb(), process.read_cpu_s(), process.updates, time.monotonic()
    times: list[float] = []
    make_room(process)
    while time.monotonic() - started < settings.storm_s or len(times) < settings.keys:
        times += measure_cursor(process, (b"j", b"k"), 10)
    took_s = time.monotonic() - started
    add_percentiles(results, f"the next row, {label}", times, target_ms)
    results.add(f"processor time, {label}", "% core", [(process.read_cpu_s() - cpu_s) / took_s * 100])
    per_update = rate * took_s / max(1, process.updates - updates)
    results.add(f"events for each screen update, {label}", "", [per_update])
    results.add(f"growth of memory, {label}", "MB", [process.read_rss_mb() - before_mb], note=f"in {took_s:.0f} s")


def make_room(process: TerminalProcess) -> None:
    """Move the cursor down a page, and wait for it: a later effect would be taken for that of the next key."""
    measure_cursor(process, (PAGE_DOWN,), 1)
    process.drain(1.0)


def measure_cursor(process: TerminalProcess, keys: Sequence[bytes], count: int) -> list[float]:
    """Send keys in turn, and return the milliseconds until the highlighted row shows another application.

    The cursor needs room in both directions (`make_room`).
    """
    times = []
    for number in range(count):
        before = _highlighted_name(process.screen)
        key = keys[number % len(keys)]
        at = process.write(key)
        try:
            seen = process.wait_until(
                lambda screen, before=before: _highlighted_name(screen) not in {"", before}, KEY_TIMEOUT_S
            )
        except TimeoutError:
            seen = at + KEY_TIMEOUT_S
        times.append((seen - at) * 1000)
        process.drain(random.uniform(0.05, 0.15))  # not in step with the batches of events
    return times


def _highlighted_name(screen: TerminalScreen) -> str:
    found = NAME.search(screen.highlighted_line)
    return found[0] if found else ""


def _counts(screen: TerminalScreen, size: int) -> bool:
    return f"Applications {size}" in screen.text or f"Applications {size:,}" in screen.text


def _measure_filter(process: TerminalProcess, count: int, size: int) -> tuple[list[float], list[float]]:
    """Type the names of applications into the filter. Return the milliseconds of the first and of the last letters.

    The screen quotes the filter beside the number of rows that match.
    """
    first, last = [], []
    for number in range(count):
        name = f"tenant-{(number * 7919 + 77) % (size - 3):05}"
        process.write(b"/")
        process.drain(0.5)
        times = []
        for place, letter in enumerate(name):
            at = process.write(letter.encode())
            quoted = f"“{name[: place + 1]}”"
            times.append((process.wait_until(lambda screen, quoted=quoted: quoted in screen.text) - at) * 1000)
            process.drain(0.1)
        first.append(times[0])
        last.append(times[-1])
        process.write(ESCAPE)
        process.wait_until(lambda screen: "“" not in screen.text)
        process.drain(0.5)
    return first, last


def add_percentiles(results: Results, name: str, times: list[float], target_ms: float | None) -> None:
    """Add the median and the 99th percentile of the times."""
    ordered = sorted(times)
    results.add(f"key to paint, median, {name}", "ms", [statistics.median(ordered)])
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    note = f"worst {ordered[-1]:.0f} ms of {len(ordered)}"
    results.add(f"key to paint, 99 %, {name}", "ms", [high], at_most=target_ms, note=note)

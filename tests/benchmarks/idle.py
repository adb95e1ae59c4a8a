"""Processor time without input, memory, and how both grow with the number of applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.figures import Results
from tests.benchmarks.processes import TerminalProcess
from tests.benchmarks.servers import LIST_TIMEOUT_S, Servers, serve
from tests.benchmarks.start import start_minimal_app

CPU_TARGETS = {12: 1.0, 1_000: 1.5, 5_000: 2.5, 20_000: 5.0}
"""Percent of a core, by the number of applications."""
MEMORY_TARGETS = {5_000: 60.0}
"""MB above an empty Textual app."""
LINEAR_RATIO = 1.2
"""The cost of one more application between the two largest sizes, divided by that between the two before."""
RECONCILE_S = 180.0
"""The embedded Argo CD compares each tenant so often, and each comparison is an event."""
LIST_RUNS = 5
"""The number of screens whose time to the list is measured: growth is a difference, which one slow start would hide."""


@dataclass(frozen=True)
class IdleScreen:
    """The use of one running screen: seconds to the list (the median of some screens), MB, and percent of a core."""

    list_s: float
    listed_mb: float
    settled_mb: float
    cpu_percent: float


def measure(results: Results) -> None:
    """Measure each size, with manifests that Argo CD has at once and with those it has to build first."""
    for cache in results.settings.caches:
        options = ("--fault", "argocd:cold-cache") if cache == "cold" else ()
        found: dict[int, IdleScreen] = {}
        empty_mb = 0.0
        for size in results.settings.all_sizes:
            with results.report_failure(f"{size:,} applications, {cache} cache"), serve(size, *options) as servers:
                if not empty_mb:
                    empty_mb = _measure_empty_app(servers)
                    results.add(f"memory of an empty Textual app, {cache} cache", "MB", [empty_mb])
                found[size] = _measure_screen(results, servers)
                _add_figures(results, size, cache, found[size], empty_mb)
        _add_growth(results, cache, found)


def _measure_empty_app(servers: Servers) -> float:
    with start_minimal_app(servers) as process:
        process.wait_until(lambda screen: "row 9" in screen.text)
        process.drain(1.0)
        return process.read_rss_mb()


def _measure_screen(results: Results, servers: Servers) -> IdleScreen:
    settings = results.settings
    times_s = []
    for _ in range(LIST_RUNS - 1):
        with servers.open_screen() as process:
            times_s.append(_wait_for_list(servers, process))
    with servers.open_screen() as process:
        times_s.append(_wait_for_list(servers, process))
        listed_mb = process.read_rss_mb()
        process.drain(settings.settle_s)
        cpu_s = process.read_cpu_s()
        process.drain(settings.idle_s)
        used = process.read_cpu_s() - cpu_s
        return IdleScreen(median(times_s), listed_mb, process.read_rss_mb(), used / settings.idle_s * 100)


def _wait_for_list(servers: Servers, process: TerminalProcess) -> float:
    """Return the seconds from the start of a screen to its complete list."""
    return process.wait_until(servers.shows_complete_list, LIST_TIMEOUT_S) - process.started


def _add_figures(results: Results, size: int, cache: str, screen: IdleScreen, empty_mb: float) -> None:
    label = f"{size:,} applications, {cache} cache"
    note = f"over {results.settings.idle_s:.0f} s, with {size / RECONCILE_S:.1f} comparisons per second"
    results.add(f"idle, {label}", "% core", [screen.cpu_percent], at_most=CPU_TARGETS.get(size), note=note)
    results.add(f"memory above an empty app, listed, {label}", "MB", [screen.listed_mb - empty_mb])
    above_mb = screen.settled_mb - empty_mb
    target = MEMORY_TARGETS.get(size) if cache == "warm" else None
    results.add(f"memory above an empty app, later, {label}", "MB", [above_mb], at_most=target)
    results.add(f"memory for each application, {label}", "KB", [above_mb * 1024 / size])


def _add_growth(results: Results, cache: str, found: Mapping[int, IdleScreen]) -> None:
    """Compare the cost of one more application: if it does not rise with the size, the growth is linear at most."""
    if len(found) < 3:
        return
    memory = {size: screen.settled_mb for size, screen in found.items()}
    results.add(
        f"memory for one more application, {cache} cache", "KB", [fit_slope(memory) * 1024], note="fitted to a line"
    )
    times = {size: screen.list_s for size, screen in found.items()}
    results.add(
        f"time for one more application, {cache} cache", "µs", [fit_slope(times) * 1e6], note="fitted to a line"
    )
    for name, values in (("memory", memory), ("time to the list", times)):
        ratio = compare_slopes(values)
        label = f"growth of {name}, {cache} cache: last part / part before"
        if ratio is None:
            results.add_missing(label, "×", "too small to compare", LINEAR_RATIO)
        else:
            results.add(label, "×", [ratio], at_most=LINEAR_RATIO)


def fit_slope(values: Mapping[int, float]) -> float:
    """Return the slope of the line with the least squares."""
    mean_size, mean_value = sum(values) / len(values), sum(values.values()) / len(values)
    covariance = sum((size - mean_size) * (value - mean_value) for size, value in values.items())
    return covariance / sum((size - mean_size) ** 2 for size in values)


def compare_slopes(values: Mapping[int, float]) -> float | None:
    """Return the slope between the two largest sizes, divided by that between the two before; None without growth."""
    third, second, first = sorted(values)[-3:]
    before = (values[second] - values[third]) / (second - third)
    return (values[first] - values[second]) / (first - second) / before if before > 0 else None

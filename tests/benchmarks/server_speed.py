"""The speed of the embedded servers for a client that only reads: they must not be what the other figures measure."""

from __future__ import annotations

import time

from tests.benchmarks.figures import Results
from tests.benchmarks.idle import RECONCILE_S
from tests.benchmarks.processes import read_cpu_s
from tests.benchmarks.servers import Servers, count_events, serve, time_list_request

WINDOW_S = 5.0


def measure(results: Results) -> None:
    """Measure the list of each size, and the events of each storm."""
    for size in results.settings.all_sizes:
        with serve(size) as servers:
            _measure_list(results, servers)
    for size, rate in ((results.settings.sizes[-1], 50), (results.settings.sizes[-1], 200), *_large_storms(results)):
        with serve(size, "--storm", str(rate)) as servers:
            _measure_events(results, servers, rate)


def _large_storms(results: Results) -> tuple[tuple[int, int], ...]:
    return ((results.settings.sizes[-1], 1_000), (results.settings.large, 1_000))


def _measure_list(results: Results, servers: Servers) -> None:
    answers = [time_list_request(servers) for _ in range(results.settings.runs)]
    note = f"{answers[-1][1] / 1e6:.1f} MB"
    results.add(f"GET of the list, {servers.size:,} applications", "ms", [ms for ms, _ in answers], note=note)


def _measure_events(results: Results, servers: Servers, rate: int) -> None:
    cpu_s, started = read_cpu_s(servers.pid), time.monotonic()
    received = count_events(servers, min(WINDOW_S, results.settings.storm_s))
    used = (read_cpu_s(servers.pid) - cpu_s) / (time.monotonic() - started) * 100
    label = f"{rate:,} events/s at {servers.size:,}"
    note = f"the storm, and {servers.size / RECONCILE_S:.0f} regular comparisons per second"
    results.add(f"events that a reader gets, {label}", "/s", [received], note=note)
    results.add(f"processor time of the servers, {label}", "% core", [used])

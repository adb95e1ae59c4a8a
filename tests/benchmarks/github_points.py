"""The points and requests that the open screen costs at GitHub, extrapolated to an hour."""

from __future__ import annotations

import time

from tests.benchmarks.figures import Results
from tests.benchmarks.servers import read_budget, serve

POLL_S = 30.0
"""The default of `poll_s`."""
MOST_POLLS = 4
HOUR_S = 3600.0
POINTS_TARGET = 200.0
"""GitHub allows 5,000 points an hour; a poll of one point every 30 s costs 120."""


def measure(results: Results) -> None:
    """Count the points and requests of some polls after the list is complete."""
    polls = max(1, min(MOST_POLLS, int(results.settings.idle_s / POLL_S * 2)))
    with serve(results.settings.sizes[0]) as servers, servers.open_screen() as process:
        process.wait_until(servers.shows_complete_list)
        process.drain(POLL_S / 3)  # between two polls
        before, started = read_budget(servers), time.monotonic()
        process.drain(polls * POLL_S)
        took_s = time.monotonic() - started
        after = read_budget(servers)
    points, requests = ((now - then - 1) * HOUR_S / took_s for now, then in zip(after, before, strict=True))
    note = f"counted over {took_s:.0f} s"
    results.add("GraphQL points per hour", "points", [points], at_most=POINTS_TARGET, note=note)
    results.add("REST requests per hour", "", [requests], note=note)

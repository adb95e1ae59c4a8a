"""One cell of the campaign: one fault, or one of each side, from the first broken request to the recovery."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.estate import RELIST_S, Estate, HandleCount, ReceivedSnapshot, ReleaseChange, list_texts
from tests.chaos.faults import ChaosFault, ChaosSide
from tests.chaos.scaled_time import SCALE

INTERVAL_S = 45 * SCALE
"""An Argo CD is stale 45 s after its last byte; GitHub is polled every 30 s and answers within 15 s, or fails."""
GRACE_S = 2.0
LIMIT_S = INTERVAL_S + GRACE_S
DELIVERY_SLACK_S = 0.5
"""A reading is as old as its bytes; so many seconds pass between their delivery and the note of it."""
LAG_FACTOR = 10
"""A request takes about so many steps, each of which a loaded machine delays by its lag."""
MAX_LAG_S = 0.05
"""On a machine with a longer lag the scaled limits of the client end answers that are in time elsewhere."""
SOCKET_SLACK = 2
"""httpcore keeps the socket of a request that is cancelled while it closes, until its client is closed. An estate runs
several cells, so that a socket of each would exceed this."""
MAX_REQUESTS_PER_S = 60.0
"""An attempt at either source is at most twenty requests, and the scaled pauses between two begin at 50 ms."""
MAX_CPU_SHARE = 0.6
"""The part of one processor that the reader may use while everything runs 20 times faster than usual."""


@dataclass
class CellResult:
    """The result of one cell. `failures` is empty if everything held."""

    cell: tuple[str, ...]
    """The ids of its faults."""
    shows: dict[str, str] = field(default_factory=dict)
    """What the screen shows, by the id of the fault."""
    noticed_s: dict[str, float] = field(default_factory=dict)
    recovered_s: dict[str, float] = field(default_factory=dict)
    requests_per_s: float = 0.0
    cpu_share: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The ids of its faults as one text."""
        return " + ".join(self.cell)


def run_cell(
    estate: Estate, faults: tuple[ChaosFault, ...], baseline: HandleCount, *, observe_s: float = 0.3
) -> CellResult:
    """Apply the faults, wait until each is shown, remove them, and wait for the recovery and the old counts."""
    result = CellResult(tuple(fault.id for fault in faults))
    estate.begin_cell()
    cpu_s, requests, began = estate.reader_cpu_s, estate.requests, time.monotonic()
    needs_change = any(fault.effect == "unaffected" for fault in faults)
    estate.apply(faults)
    change = estate.change_release() if needs_change else None
    for fault in faults:
        _await_effect(estate, fault, began, change, result)
    estate.observe(observe_s)
    elapsed_s = time.monotonic() - began
    result.cpu_share = (estate.reader_cpu_s - cpu_s) / elapsed_s
    result.requests_per_s = (estate.requests - requests) / elapsed_s
    removed = time.monotonic()
    estate.clear()
    for fault in faults:
        _await_recovery(estate, fault, removed, result)
    _await_counts(estate, baseline, result)
    _check_claims(estate, faults, result)
    if result.requests_per_s > MAX_REQUESTS_PER_S:
        result.failures.append(f"{result.requests_per_s:.0f} requests a second")
    if result.cpu_share > MAX_CPU_SHARE:
        result.failures.append(f"the reader uses {result.cpu_share:.0%} of a processor")
    gc.collect()  # finalizers of this cell complain now
    if text := estate.find_token():
        result.failures.append(f"a token is in: {text}")
    result.failures += estate.complaints.errors
    estate.complaints.errors.clear()
    if estate.died:
        result.failures.append(f"the reader died: {estate.reader.error!r}")
    return result


def _limit_s(estate: Estate, fault: ChaosFault | None = None) -> float:
    limit_s = RELIST_S + GRACE_S if fault is not None and fault.needs_list else LIMIT_S
    return limit_s + LAG_FACTOR * estate.lag.longest_s


def _await_effect(
    estate: Estate, fault: ChaosFault, began: float, change: ReleaseChange | None, result: CellResult
) -> None:
    shown = estate.wait_for(
        _effect_of(fault, began, change), _limit_s(estate, fault) - (time.monotonic() - began), began
    )
    if shown is None:
        result.failures.append(
            f"{fault.id}: not shown within {_limit_s(estate, fault):.1f} s; the screen shows {estate.describe()}"
        )
        return
    result.noticed_s[fault.id] = shown.at - began
    texts = list_texts(shown.snapshot, fault.side)
    result.shows[fault.id] = next((text for text in texts if fault.words and re.search(fault.words, text)), texts[0])
    if fault.effect == "unaffected" and estate.lag.longest_s < MAX_LAG_S:
        for received in list(estate.received):
            if _state(received, fault.side) != "fresh":
                result.failures.append(f"{fault.id}: shown as {list_texts(received.snapshot, fault.side)[0]}")
                break


def _effect_of(fault: ChaosFault, began: float, change: ReleaseChange | None) -> Callable[[ReceivedSnapshot], bool]:
    """Return the condition for the snapshot that shows the fault."""

    def is_lost(received: ReceivedSnapshot) -> bool:
        text = list_texts(received.snapshot, fault.side)[0]
        return _state(received, fault.side) in {"stale", "missing"} and bool(re.search(fault.words, text))

    def has_problem(received: ReceivedSnapshot) -> bool:
        texts = list_texts(received.snapshot, fault.side)
        return texts[0] == "fresh" and any(re.search(fault.words, text) for text in texts[1:])

    def contains_change(received: ReceivedSnapshot) -> bool:
        assert change is not None
        if fault.side == "argocd":
            return any(app.compared_revision == change.commit for app in received.snapshot.all_applications)
        release = received.snapshot.environments[0].release
        return release is not None and release.version == change.version

    def is_fresh_again(received: ReceivedSnapshot) -> bool:
        return _is_read_since(received, fault.side, began)

    return {
        "lost": is_lost,
        "problem": has_problem,
        "unaffected": contains_change,
        "transient": is_fresh_again,
    }[fault.effect]


def _state(received: ReceivedSnapshot, side: ChaosSide) -> str:
    source = received.snapshot.find_source(side)
    return source.state if source else "absent"


def _is_read_since(received: ReceivedSnapshot, side: ChaosSide, moment: float) -> bool:
    """Return whether a source is fresh with data that was read after a moment (a monotonic time)."""
    source = received.snapshot.find_source(side)
    if source is None or source.state != "fresh" or source.taken_at is None:
        return False
    age_s = (received.snapshot.taken_at - source.taken_at).total_seconds()
    return 0 <= age_s < received.at - moment


def _await_recovery(estate: Estate, fault: ChaosFault, removed: float, result: CellResult) -> None:
    def is_recovered(received: ReceivedSnapshot) -> bool:
        texts = list_texts(received.snapshot, fault.side)
        is_named = fault.words and any(re.search(fault.words, text) for text in texts)
        return not is_named and _is_read_since(received, fault.side, removed)

    recovered = estate.wait_for(is_recovered, _limit_s(estate) - (time.monotonic() - removed), removed)
    if recovered is None:
        result.failures.append(f"{fault.id}: no recovery within {_limit_s(estate):.1f} s: {estate.describe()}")
        estate.wait_for(is_recovered, 30, removed)  # the next cell begins with a fresh source
        return
    result.recovered_s[fault.id] = recovered.at - removed


def _await_counts(estate: Estate, baseline: HandleCount, result: CellResult) -> None:
    last = time.monotonic() + 2 * _limit_s(estate)
    limit = baseline._replace(sockets=baseline.sockets + SOCKET_SLACK)
    while not (counted := estate.count_handles()).is_within(limit):
        if time.monotonic() > last:
            result.failures.append(
                f"handles are left: {counted}; before: {baseline}; connections: {estate.describe_connections()}"
            )
            return
        estate.observe(0.03)


def _check_claims(estate: Estate, faults: tuple[ChaosFault, ...], result: CellResult) -> None:
    """Compare each fresh reading's age with the time at which genuine bytes were delivered last."""
    for received in list(estate.received):
        for side in {fault.side for fault in faults}:
            overstated = _measure_overstatement(received, side)
            if overstated > DELIVERY_SLACK_S + LAG_FACTOR * estate.lag.longest_s:
                result.failures.append(f"{side}: fresh, and {overstated:.1f} s older than shown")
                return


def _measure_overstatement(received: ReceivedSnapshot, side: ChaosSide) -> float:
    """Return by how many seconds a fresh reading is older than its age; 0 if it is not."""
    source = received.snapshot.find_source(side)
    if source is None or source.state != "fresh" or source.age_s is None:
        return 0.0
    return received.at - received.last_delivery[side] - source.age_s

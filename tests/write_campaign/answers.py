"""Every answer to a write is lost, late, doubled or refused, once; the process lives, and its outcome must be true."""

from __future__ import annotations

from pathlib import Path

from tests.write_campaign.invariants import (
    PREPARATION,
    check_effects,
    check_ended,
    check_log,
    check_requests,
    check_truth,
    is_result,
)
from tests.write_campaign.scenes import Action, Arrival, Scene, request_key, scene_of

FAULTS = {
    # the fault: whether the request is applied
    "reset=after": True,
    "hang=after": True,
    "latency=1.5": True,  # after our time was up, while we look
    "duplicate": True,
    "truncated": True,
    "reset": False,
    "hang": False,
    "html": False,
    "status=401": False,
    "status=403": False,
    "status=429": False,
    "status=500": False,
    "status=503": False,
    "status=504": False,
}
MAY_BE_UNKNOWN = frozenset({"hang", "latency=1.5", "status=504"})
"""The response is lost, and no effect is visible while we look."""
EXIT_CODES = {"done": 0, "refused": 4, "drifted": 4, "failed": 5, "unknown": 6}
REFUSED = 4


def count_writes(action: Action, folder: Path) -> int:
    """Run an action once and return the number of its writes."""
    with scene_of(action, folder) as scene:
        code = scene.command().run()
        assert code == 0, scene.output()
        return len(scene.writes)


def run_answer(action: Action, write: int, fault: str, folder: Path) -> list[str]:
    """Return what does not hold after a fault struck one write, counted from 0."""
    with scene_of(action, folder) as scene:
        struck: list[Arrival] = []

        def strike(arrival: Arrival) -> None:
            if arrival.request.writes and len(scene.writes) - 1 == write:
                arrival.is_applied = FAULTS[fault]
                struck.append(arrival)
                kind, _, value = fault.partition("=")
                scene.add_fault(arrival, kind, value)

        scene.strike = strike
        code = scene.command(is_hasty=fault.startswith(("hang", "latency"))).run()
        scene.settle()
        if not struck:
            return ["the write did not come"]
        # Only a later comparison would show whether a refresh was requested.
        may_be_unknown = fault in MAY_BE_UNKNOWN or "refresh" in struck[0].request.query
        doubled = {"runs": 2} if fault == "duplicate" else {}  # a workflow may start twice; it opens one pull request
        return [
            *check_effects(scene, doubled),
            *check_requests(scene),
            *_check_sent_once(scene, struck[0]),
            *check_log(scene.op, []),
            *check_ended(scene.op),
            *check_truth(scene, may_be_unknown=may_be_unknown),
            *_check_exit_code(scene, code),
        ]


def _check_sent_once(scene: Scene, struck: Arrival) -> list[str]:
    key = request_key(struck.request)
    times = sum(request_key(each.request) == key for each in scene.writes)
    return [f"{struck.request} was sent {times} times"] if times > 1 else []


def _check_exit_code(scene: Scene, code: int) -> list[str]:
    """Return how the exit code contradicts the last recorded result."""
    results = [entry for entry in scene.op.entries if is_result(entry)]
    if not results:
        return [f"no result is recorded, and the command ended with {code}: {scene.output()}"]
    last = results[-1]
    before_plan = last.plan.endswith(PREPARATION) and last.entry != "done"
    expected = REFUSED if before_plan else EXIT_CODES[last.entry]
    return [] if code == expected else [f"ended with {code}, but {last.entry} is recorded: {scene.output()}"]

"""Several processes carry out the same action at the same time, with one state folder or one for each."""

from __future__ import annotations

from pathlib import Path

from tests.services.sandbox_operator import second_operator
from tests.write_campaign.child import wait_for_exit
from tests.write_campaign.invariants import check_effects, check_ended, check_log, check_requests
from tests.write_campaign.scenes import Action, scene_of

ENDED = frozenset({0, 4, 5})
"""The exit codes of one of several operators: done, refused or failed, since another one was first."""


def run_operators(action: Action, count: int, folder: Path, *, is_shared: bool) -> list[str]:
    """Return what does not hold after `count` processes. `is_shared`: they write one audit."""
    with scene_of(action, folder) as scene:
        more = action.options.get("more", "")
        others = [
            scene.op if is_shared else second_operator(scene.op, f"operator-{n}", more=more) for n in range(1, count)
        ]
        if not is_shared:
            scene.operators += others
        processes = [scene.command(operator=operator).start() for operator in (scene.op, *others)]
        codes = [wait_for_exit(process, 60) for process in processes]
        scene.settle()
        found = []
        if set(codes) - ENDED or 0 not in codes:
            found.append(f"ended with {codes}: {' | '.join(scene.output(operator) for operator in scene.operators)}")
        for operator in scene.operators:
            found += [*check_log(operator, []), *check_ended(operator)]
        # GitHub starts a run for each request that comes before another run is visible; they open one pull request.
        limits = {"runs": count} if action.name == "workflow" else {}
        return [*found, *check_effects(scene, limits), *check_requests(scene)]

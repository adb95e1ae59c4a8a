"""The disk of the audit is full or read-only at one line, or from a line on."""

from __future__ import annotations

from pathlib import Path

from tests.write_campaign.child import DiskFault, Sabotage
from tests.write_campaign.invariants import (
    PREPARATION,
    check_effects,
    check_ended,
    check_log,
    check_requests,
    check_truth,
    is_complete,
)
from tests.write_campaign.scenes import Action, Scene, audit_lines, scene_of

DISK_FAULTS: tuple[DiskFault, ...] = ("full", "short", "read-only", "not-synced")
NOT_DONE = frozenset({4, 5})


def count_lines(action: Action, folder: Path) -> int:
    """Run an action once and return the number of its audit lines."""
    with scene_of(action, folder) as scene:
        code = scene.command().run()
        assert code == 0, scene.output()
        return len(audit_lines(scene.op.audit))


def run_disk(action: Action, line: int, fault: DiskFault, folder: Path, *, lasts: bool) -> list[str]:
    """Return what does not hold after the disk failed at a line, counted from 0."""
    with scene_of(action, folder) as scene:
        code = scene.command(sabotage=Sabotage(line, disk=fault, lasts=lasts)).run()
        scene.settle()
        found = [
            *_check_exit_code(scene, code),
            *check_effects(scene),
            *check_requests(scene),
            *check_log(scene.op, [], torn=1 if fault == "short" else 0),
            *check_truth(scene, may_be_unknown=True),
        ]
        return [*found, *_check_next(scene, fault)]


def _check_exit_code(scene: Scene, code: int) -> list[str]:
    """Return how the exit code contradicts the servers: what was done must not be reported as failed.

    If a response was received and cannot be recorded, the outcome may be unknown.
    """
    plans = [entry.whole for entry in scene.op.entries if entry.whole and not entry.plan.endswith(PREPARATION)]
    groups = [group for plan in plans for group in plan.step_groups]
    complete = [group.subject for group in groups if is_complete(scene, group)]
    if code in NOT_DONE and groups and len(complete) == len(groups):
        return [f"ended with {code}, but {', '.join(complete)} is complete: {scene.output()}"]
    if code == 0 and not complete:
        return [f"ended with 0, but nothing is complete: {scene.output()}"]
    return [] if code in {0, 4, 5, 6} else [f"ended with {code}: {scene.output()}"]


def _check_next(scene: Scene, fault: DiskFault) -> list[str]:
    """The disk works again: the next process records what happened."""
    before = audit_lines(scene.op.audit)[: -1 if fault == "short" else None]
    target = "dev" if "dev" not in scene.action.argv else "staging"
    code = scene.command("refresh", target).run()
    found = [f"the next command ended with {code}: {scene.output()}"] if code else []
    torn = 1 if fault == "short" else 0
    return [
        *found,
        *check_log(scene.op, before, torn=torn),
        *check_ended(scene.op),
        *check_truth(scene, may_be_unknown=True),
    ]

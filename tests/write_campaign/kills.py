"""A process is killed at an audit line or a request; a new one recovers, and a third repeats the command."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anchor_tui.services.execute.audit import find_unfinished
from tests.services.sandbox_operator import wait_until
from tests.write_campaign.child import KILLED, LineMoment, Sabotage, wait_for_exit
from tests.write_campaign.invariants import (
    check_effects,
    check_ended,
    check_log,
    check_requests,
    check_truth,
    is_result,
)
from tests.write_campaign.scenes import Action, Arrival, Scene, audit_lines, scene_of

Moment = Literal["before", "torn", "after", "arrived", "applied", "read"]
LINE_MOMENTS: tuple[LineMoment, ...] = ("before", "torn", "after")
REPEATED = frozenset({0, 4})
"""The exit codes of a repeated command: done, or refused since it is done already."""


@dataclass(frozen=True)
class KillPoint:
    """The moment of a kill, counted from 0: before, within or after an audit line; at a write that has arrived, before
    or after it is applied; at a read.
    """

    moment: Moment
    index: int

    def __str__(self) -> str:
        return f"{self.moment} {self.index}"


def find_kill_points(action: Action, folder: Path) -> list[KillPoint]:
    """Run an action once and return every moment at which it can be killed.

    A read is one moment, and only reads after the first line count: before it nothing is recorded.
    """
    with scene_of(action, folder) as scene:
        lines_at: list[int] = []
        scene.strike = lambda arrival: lines_at.append(len(audit_lines(scene.op.audit)))
        code = scene.command().run()
        assert code == 0, scene.output()
        points = [
            KillPoint(moment, line) for line in range(len(audit_lines(scene.op.audit))) for moment in LINE_MOMENTS
        ]
        points += [KillPoint(moment, index) for index in range(len(scene.writes)) for moment in ("arrived", "applied")]
        reads = [lines for arrival, lines in zip(scene.arrivals, lines_at, strict=True) if not arrival.request.writes]
        return [*points, *(KillPoint("read", index) for index, lines in enumerate(reads) if lines)]


def run_kill(action: Action, point: KillPoint, folder: Path) -> list[str] | None:
    """Return what does not hold after a kill; None if the process ended before the moment came."""
    with scene_of(action, folder) as scene:
        if not _kill_at(scene, point):
            return None
        return [*_check_recovery(scene, point), *_check_repetition(scene, point)]


def _kill_at(scene: Scene, point: KillPoint) -> bool:
    if point.moment in {"arrived", "applied", "read"}:
        started = []

        def strike(arrival: Arrival) -> None:
            is_write = arrival.request.writes
            index = sum(each.request.writes == is_write for each in scene.arrivals) - 1
            if is_write == (point.moment != "read") and index == point.index:
                scene.hang(arrival, after=point.moment == "applied")
                os.kill(started[0].pid, signal.SIGKILL)

        scene.strike = strike
        started.append(process := scene.command().start())
        code = wait_for_exit(process)
    else:
        code = scene.command(sabotage=Sabotage(point.index, kill=point.moment)).run()
    scene.settle()
    return code == KILLED


def _check_recovery(scene: Scene, point: KillPoint) -> Iterator[str]:
    """A new process recovers: its own command concerns another application."""
    before = audit_lines(scene.op.audit)[: -1 if point.moment == "torn" else None]
    target = "dev" if "dev" not in scene.action.argv else "staging"
    code = scene.command("refresh", target).run()
    if code != 0:
        yield f"the next command ended with {code}: {scene.output()}"
    yield from check_log(scene.op, before, torn=int(point.moment == "torn"))
    yield from check_ended(scene.op)
    yield from check_truth(scene)


def _check_repetition(scene: Scene, point: KillPoint) -> Iterator[str]:
    waiting = find_unfinished(scene.op.entries) if scene.action.merges else ()
    for group in waiting:
        code = scene.command("audit", "--resume", group.plan.id, "--confirm", "prod").run()
        if code:
            yield f"the resumed plan ended with {code}: {scene.output()}"
    code = scene.command().run()
    if code not in REPEATED:
        yield f"the repeated command ended with {code}: {scene.output()}"
    scene.settle()
    expected = {name: limit for name, limit in scene.action.once.items() if name not in scene.action.passing}
    if any(is_result(entry) and entry.entry != "done" for entry in scene.op.entries):
        expected.pop("events", None)  # the interrupted plan is over, and its event belongs to a rollback that is done
    with contextlib.suppress(AssertionError):
        wait_until(lambda: all(scene.counts()[name] >= limit for name, limit in expected.items()), 3)
    counts = scene.counts()
    missing = [f"{name}: {counts[name]}" for name, limit in expected.items() if counts[name] < limit]
    if missing:
        yield f"not complete after the repetition: {', '.join(missing)}"
    yield from check_effects(scene)
    yield from check_requests(scene)
    yield from check_log(scene.op, [], torn=int(point.moment == "torn"))
    yield from check_ended(scene.op)

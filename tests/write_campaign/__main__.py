"""Run the write campaign: `python -m tests.write_campaign [--part NAME] [--action NAME] [--every N]`.

It prints each violation as it is found, then the counts. The exit code is 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tests.write_campaign.answers import FAULTS, count_writes, run_answer
from tests.write_campaign.disks import DISK_FAULTS, count_lines, run_disk
from tests.write_campaign.kills import find_kill_points, run_kill
from tests.write_campaign.operators import run_operators
from tests.write_campaign.scenes import ACTIONS, Action

T = TypeVar("T")
Case = tuple[str, Callable[[Path], list[str] | None]]


def list_kills(actions: list[Action]) -> Iterator[Case]:
    for action in actions:
        for point in _in_new_folder(lambda folder, action=action: find_kill_points(action, folder)):
            yield (
                f"{action.name}: killed {point}",
                lambda folder, action=action, point=point: run_kill(action, point, folder),
            )


def list_answers(actions: list[Action]) -> Iterator[Case]:
    for action in actions:
        for write in range(_in_new_folder(lambda folder, action=action: count_writes(action, folder))):
            for fault in FAULTS:
                yield (
                    f"{action.name}: {fault} at write {write}",
                    lambda folder, given=(action, write, fault): run_answer(*given, folder),
                )


def list_operators(actions: list[Action]) -> Iterator[Case]:
    for action in actions:
        if action.merges:
            continue  # a merge within milliseconds of the pull request lets the next operator open another
        for count in (2, 3, 4):
            for is_shared in (False, True):
                yield (
                    f"{action.name}: {count} processes, {'one audit' if is_shared else 'an audit each'}",
                    lambda folder, given=(action, count), shared=is_shared: run_operators(
                        *given, folder, is_shared=shared
                    ),
                )


def list_disks(actions: list[Action]) -> Iterator[Case]:
    for action in actions:
        for line in range(_in_new_folder(lambda folder, action=action: count_lines(action, folder))):
            for fault in DISK_FAULTS:
                for lasts in (False, True):
                    yield (
                        f"{action.name}: disk {fault} at line {line}{' and later' if lasts else ''}",
                        lambda folder, given=(action, line, fault), lasts=lasts: run_disk(*given, folder, lasts=lasts),
                    )


PARTS: dict[str, Callable[[list[Action]], Iterator[Case]]] = {
    "kills": list_kills,
    "answers": list_answers,
    "operators": list_operators,
    "disks": list_disks,
}


def run_campaign(parts: list[str], actions: list[Action], every: int) -> int:
    """Run every n-th case of the parts, and return the number of cases that violate an invariant."""
    bad = 0
    for part in parts:
        counts: Counter[str] = Counter()
        begun = time.monotonic()
        for index, (name, run) in enumerate(PARTS[part](actions)):
            if index % every:
                continue
            try:
                violations = _in_new_folder(run)
            except AssertionError as error:  # a command that does not end, or servers that failed
                violations = [str(error)]
            counts["not reached" if violations is None else "violated" if violations else "held"] += 1
            for violation in violations or ():
                _print(f"  {name}: {violation}")
        bad += counts["violated"]
        words = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        _print(f"{part}: {counts.total()} cases in {time.monotonic() - begun:.0f} s: {words}")
    return bad


def _in_new_folder(run: Callable[[Path], T]) -> T:
    with tempfile.TemporaryDirectory(prefix="write-campaign-") as folder:
        return run(Path(folder))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the campaign as the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.write_campaign", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--action", choices=ACTIONS, action="append", help="default: all")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run only every n-th case")
    arguments = parser.parse_args()
    actions = [ACTIONS[name] for name in arguments.action or ACTIONS]
    return int(bool(run_campaign(arguments.part or list(PARTS), actions, arguments.every)))


if __name__ == "__main__":
    sys.exit(main())

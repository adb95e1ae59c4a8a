"""Kills processes that record, and lets several of them record at once: no line is lost, and the file is never damaged.

`python -m tests.history_campaign --kills 300 --minutes 10` prints what was found. The suite runs a quick selection.
"""

from __future__ import annotations

import argparse
import random
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.clock import utc_now
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.store import HistoryBatch, HistoryStore

CHANGES_PER_SNAPSHOT = 5
"""The changes of one transaction, as those of one snapshot."""


class KillResult(NamedTuple):
    """The content of a file after a kill. `confirmed` is the last transaction that the child had reported."""

    confirmed: int
    stored: int
    is_whole: bool
    """True if every transaction is complete and the file is not damaged."""


def write_until_killed(path: Path, name: str, count: int = sys.maxsize, pause_s: float = 0.0) -> None:
    """Write numbered transactions, and report each on stdout when it is written."""
    store = HistoryStore(path, utc_now(), process=name)
    start = sum(change.subject.startswith(f"{name} ") for change in _read_all(path)) // CHANGES_PER_SNAPSHOT
    for number in range(start + 1, start + 1 + count):
        at = utc_now()
        changes = (
            RecordedChange("verdict", str(number), at, environment="prod", subject=f"{name} {index}", detail="x" * 200)
            for index in range(CHANGES_PER_SNAPSHOT)
        )
        while True:
            try:
                store.write(HistoryBatch(at, tuple(changes)))
                break
            except Exception as error:  # noqa: BLE001 - reported by the parent
                print(f"failed {error}", flush=True)
                time.sleep(0.05)
        print(number, flush=True)
        time.sleep(pause_s)


def kill_a_writer(path: Path, chance: random.Random) -> KillResult:
    """Start a writer, kill it after a random number of transactions, and read what is in the file."""
    confirmed = 0
    with _start_writer(path, "writer") as child:
        assert child.stdout is not None
        for _ in range(chance.randint(1, 40)):
            confirmed = int(child.stdout.readline())
        time.sleep(chance.random() * 0.004)
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()  # what it reported before it died
    confirmed = int(rest[-1]) if rest else confirmed
    return KillResult(confirmed, *_inspect(path, "writer"))


def run_writers(path: Path, seconds: float, count: int = 2) -> dict[str, tuple[int, int]]:
    """Let several processes write for a while. Return the transactions that each reported, and those in the file."""
    names = [f"process-{number}" for number in range(count)]
    children = {name: _start_writer(path, name, pause_s=0.005) for name in names}
    until = time.monotonic() + seconds
    reported = dict.fromkeys(names, 0)
    while time.monotonic() < until:
        for name, child in children.items():
            assert child.stdout is not None
            if select.select([child.stdout], [], [], 0.01)[0]:
                line = child.stdout.readline().strip()
                if line.isdecimal():
                    reported[name] = int(line)
    for name, child in children.items():
        with child:
            assert child.stdout is not None
            child.send_signal(signal.SIGTERM)
            lines = [line for line in child.stdout.read().split("\n") if line.strip().isdecimal()]
            reported[name] = int(lines[-1]) if lines else reported[name]
    return {name: (reported[name], _inspect(path, name)[0]) for name in names}


def _start_writer(path: Path, name: str, pause_s: float = 0.0) -> subprocess.Popen[str]:
    code = f"from tests.history_campaign import *; write_until_killed(Path({str(path)!r}), {name!r}, pause_s={pause_s})"
    folder = Path(__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=folder)


def _inspect(path: Path, name: str) -> tuple[int, bool]:
    """Return the number of the last stored transaction of a writer, and if all of its transactions are complete."""
    connection = sqlite3.connect(path)
    try:
        is_sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    finally:
        connection.close()
    numbers: dict[str, list[int]] = {}
    for change in _read_all(path):
        if change.subject.startswith(f"{name} "):
            numbers.setdefault(change.subject, []).append(int(change.after or 0))
    complete = len(numbers) in {0, CHANGES_PER_SNAPSHOT} and len({tuple(item) for item in numbers.values()}) <= 1
    first = next(iter(numbers.values()), [])
    return (first[-1] if first else 0), is_sound and complete and first == list(range(1, len(first) + 1))


def _read_all(path: Path) -> tuple[RecordedChange, ...]:
    with HistoryReader(path) as reader:
        return reader.read_changes_after(0)


def main() -> int:
    """Run the campaign that the arguments describe; return 1 if a line was lost or a file was damaged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=0.0, help="the time in which two processes write")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance, failures = random.Random(arguments.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.kills):
            path = Path(folder) / f"kills-{number // 25}" / "x.sqlite3"
            found = kill_a_writer(path, chance)
            is_good = found.is_whole and found.stored >= found.confirmed
            failures += not is_good
            if not is_good or number % 25 == 24:
                print(f"kill {number + 1}: {found}{'' if is_good else '  FAILED'}", flush=True)
        if arguments.minutes:
            began = utc_now()
            written = run_writers(Path(folder) / "two" / "x.sqlite3", arguments.minutes * 60)
            failures += any(stored < reported for reported, stored in written.values())
            print(f"two processes, {utc_now() - began}: {written}")
    print("no line was lost" if not failures else f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())

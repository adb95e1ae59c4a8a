"""A changing, failing fleet behind faulty proxies for minutes or hours: `python -m tests.chaos.soak --minutes N`.

Prints memory, threads, handles, processor time and requests. The exit code is 1 if memory or a count grows in the
second half, if the client ends, or if its sources are not fresh after the last fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean
from typing import Any

from tests.chaos.cells import LIMIT_S
from tests.chaos.estate import Estate, open_estate
from tests.chaos.faults import FAULTS, ChaosFault

ROOT = Path(__file__).parents[2]
PRINT_EVERY_S = 15.0
MAX_MEMORY_GROWTH = 8 * 1024 * 1024
"""Bytes by which the fitted memory may grow in the second half."""
MAX_COUNT_GROWTH = 3.0
COUNTS = ("tasks", "threads", "sockets", "files")
CLIENT_FAULTS = tuple(fault for fault in FAULTS if not fault.has_no_name and not fault.clock_shift)
"""Names and the clock belong to the client's process, so their faults are left to the campaign."""
FLEET = ("anchor-msp-dev", "anchor-msp-staging", "anchor-msp-prod")


@dataclass
class SoakLog:
    """The samples of the client, and what was done to it."""

    samples: list[dict[str, Any]] = field(default_factory=list)
    faults: int = 0
    changes: int = 0

    def find_growth(self) -> list[str]:
        """Return what has grown in the second half, by a straight line through its samples."""
        half = self.samples[len(self.samples) // 2 :]
        if len(half) < 3:
            return ["too few samples"]
        limits = {"resident": float(MAX_MEMORY_GROWTH), **dict.fromkeys(COUNTS, MAX_COUNT_GROWTH)}
        span_s = half[-1]["at"] - half[0]["at"]
        found = []
        for name, limit in limits.items():
            slope, _ = linear_regression([one["at"] for one in half], [one[name] for one in half])
            if slope * span_s > limit:
                found.append(f"{name} grows by {slope * span_s:,.0f} in {span_s:.0f} s")
        return found


def change_fleet(estate: Estate, choice: random.Random) -> None:
    """Change something in git or in the cluster, as a colleague or a controller would."""
    application = choice.choice(FLEET)
    match choice.randrange(5):
        case 0:
            estate.change_release()
        case 1:
            estate.box.commit({"docs/notes.md": f"note {choice.random()}\n"}, "Write a note")
        case 2:
            replicas = choice.randrange(1, 5)
            estate.box.kubectl.edit_object(application, "Deployment", "anchor-gateway", "spec.replicas", replicas)
        case 3:
            note = f"note-{choice.randrange(100)}"
            estate.box.kubectl.edit_object(application, "Deployment", "anchor-gateway", "metadata.labels.soak", note)
        case 4:
            estate.box.commit({"environments/dev/release.yaml": "version: [1.0.0\n"}, "Break the release of dev")


def choose_faults(choice: random.Random) -> tuple[ChaosFault, ...]:
    """Return nothing, a fault of one side, or one of each side."""
    chosen = [choice.choice([fault for fault in CLIENT_FAULTS if fault.side == side]) for side in ("argocd", "github")]
    return tuple(chosen[: choice.randrange(3)] if choice.random() < 0.5 else chosen[2 - choice.randrange(3) :])


def run_soak(minutes: float, seed: int) -> int:
    """Run the soak and return the exit code."""
    choice = random.Random(seed)
    log = SoakLog()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_estate(Path(folder), starts_reader=False) as estate,
        _start_client(estate) as client,
    ):
        assert client.stdin is not None
        listener = threading.Thread(target=_read_samples, args=(client, log), daemon=True)
        listener.start()
        last, next_print = time.monotonic() + 60 * minutes, time.monotonic() + PRINT_EVERY_S
        _print_header()
        while time.monotonic() < last and client.poll() is None:
            estate.apply(faults := choose_faults(choice))
            log.faults += len(faults)
            _live_through(estate, choice, log, choice.uniform(1.0, 8.0))
            estate.clear()
            _live_through(estate, choice, log, choice.uniform(0.5, 4.0))
            if time.monotonic() > next_print:
                next_print += PRINT_EVERY_S
                _print_sample(log, estate)
        listener.join(LIMIT_S * 2)  # the client recovers meanwhile
        _print_sample(log, estate)
        failures = log.find_growth()
        if client.poll() is not None:
            failures.append(f"the client ended with {client.returncode}")
        elif log.samples and set(log.samples[-1]["states"]) != {"fresh"}:
            failures.append(f"the sources are {log.samples[-1]['states']} after the last fault")
        client.stdin.close()
        client.wait(10)
        failures += _search_tokens(estate, Path(folder))
    print(f"{len(log.samples)} samples, {log.faults} faults, {log.changes} changes, seed {seed}")
    for failure in failures:
        print(f"FAILED {failure}")
    return 1 if failures else 0


def _live_through(estate: Estate, choice: random.Random, log: SoakLog, seconds: float) -> None:
    """Change the fleet about once a second for a while."""
    last = time.monotonic() + seconds
    pause = threading.Event()
    while (left := last - time.monotonic()) > 0:
        if choice.random() < 0.5:
            change_fleet(estate, choice)
            log.changes += 1
        pause.wait(min(left, 1.0))


def _start_client(estate: Estate) -> subprocess.Popen[str]:
    client = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.soak_client"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(estate.folder / "client.stderr").open("w"),
        text=True,
    )
    assert client.stdin is not None
    settings = {"config_file": str(estate.config_file), "environ": estate.environ}
    client.stdin.write(json.dumps(settings) + "\n")
    client.stdin.flush()
    return client


def _read_samples(client: subprocess.Popen[str], log: SoakLog) -> None:
    assert client.stdout is not None
    for line in client.stdout:
        log.samples.append(json.loads(line))


def _search_tokens(estate: Estate, folder: Path) -> list[str]:
    text = (folder / "client.stderr").read_text(encoding="utf-8")
    found = [f"the client wrote to stderr: {text[-2000:]}"] if text else []
    return [*found, "a token is in stderr"] if any(token in text for token in estate.tokens) else found


def _print_header() -> None:
    print("   time  resident  threads  tasks  sockets  files   CPU  requests/min  snapshots/min  sources", flush=True)


def _print_sample(log: SoakLog, estate: Estate) -> None:
    if len(log.samples) < 2:
        return
    first, sample = log.samples[0], log.samples[-1]
    recent = log.samples[-min(len(log.samples), 8) :]
    span_s = max(1e-3, recent[-1]["at"] - recent[0]["at"])
    total_s = max(1e-3, sample["at"] - first["at"])
    counts = {name: mean(one[name] for one in recent) for name in COUNTS}
    cpu = (recent[-1]["cpu_s"] - recent[0]["cpu_s"]) / span_s
    snapshots = 60 * (recent[-1]["snapshots"] - recent[0]["snapshots"]) / span_s
    print(
        f"{total_s:6.0f}s {sample['resident'] / 2**20:6.1f} MB {counts['threads']:8.1f} {counts['tasks']:6.1f} "
        f"{counts['sockets']:8.1f} {counts['files']:6.1f} {cpu:5.1%} {60 * estate.requests / total_s:13.0f} "
        f"{snapshots:14.0f}  {' '.join(sample['states'])}",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments and run the soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    return run_soak(options.minutes, options.seed)


if __name__ == "__main__":
    sys.exit(main())

"""The policy over many environments, and keys during many log lines. Each is measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from tests.benchmarks.figures import Results
from tests.benchmarks.keys import add_percentiles
from tests.benchmarks.processes import ROOT, build_environment

POLICY_TARGETS_MS = {3: 50.0, 200: 2000.0}
LOG_RATE = 50_000
LOG_SECONDS = 6.0


def measure_policy(results: Results) -> None:
    """Measure all checks for few and for many environments."""
    for environments, limit_ms in POLICY_TARGETS_MS.items():
        code = f"from tests.benchmarks.policy import judged_ms\nprint(json.dumps(judged_ms({environments})))"
        samples = [_run(code) for _ in range(min(3, results.settings.runs))]
        first, again = zip(*samples, strict=True)
        results.add(f"policy of {environments} environments, first", "ms", first, at_most=limit_ms)
        results.add(f"policy of {environments} environments, again", "ms", again)


def measure_logs(results: Results) -> None:
    """Measure a key without log lines, and with many."""
    seconds = min(LOG_SECONDS, results.settings.storm_s)
    for rate in (0, LOG_RATE):
        times = _run(
            "import asyncio\nfrom tests.benchmarks.logs import measure\n"
            f"print(json.dumps(asyncio.run(measure({rate}, {seconds}))[0]))"
        )
        add_percentiles(results, f"logs, {rate:,} lines/s", times, None)


def _run(code: str) -> Any:
    """Return the JSON that a piece of Python prints."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", f"import json\n{code}"],
            env=build_environment(folder),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"a measurement failed:\n{done.stderr}")
    return json.loads(done.stdout)

"""The policy, and keys during many log lines and in large panes. Each is measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from typing import Any

from tests.benchmarks.argo_server import run_argo_server
from tests.benchmarks.figures import Results
from tests.benchmarks.inspection import CASES, time_case
from tests.benchmarks.keys import add_percentiles
from tests.benchmarks.processes import ROOT, build_environment

POLICY_TARGETS_MS = {3: 50.0, 200: 2000.0}
LOG_RATE = 50_000
LOG_SECONDS = 6.0
PANE_NODES = 10_000
PANE_MANIFEST_MB = 10
PANE_SECONDS = 8.0


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


def measure_panes(results: Results) -> None:
    """Measure keys in a tree of 10,000 resources, and in a manifest of 10 MB and its difference."""
    seconds = min(PANE_SECONDS, results.settings.storm_s)
    with run_argo_server(nodes=PANE_NODES, manifest_mb=PANE_MANIFEST_MB) as server:
        for number, case in enumerate(CASES):
            with get_context("spawn").Pool(1) as pool:  # the memory of one case is not that of the next
                times = pool.apply(time_case, (number, server.config_text, seconds))
            add_percentiles(results, case.title, times, None)


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

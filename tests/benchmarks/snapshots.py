"""The time and memory of `snapshot`, against one GET of the list, and against the argocd command line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.benchmarks.figures import Results, divide_pairs
from tests.benchmarks.processes import PRODUCT, ProcessResult, run_process
from tests.benchmarks.servers import Servers, serve

FLOOR = Path(__file__).with_name("floor.py")
FLOOR_RATIO = 1.5
ARGOCD_RATIO = 2.0
MAX_RSS_MB = 110.0


def measure(results: Results) -> None:
    """Measure each size with servers of its own."""
    for size in results.settings.sizes:
        with results.report_failure(f"{size:,} applications"), serve(size) as servers:
            _measure_size(results, servers)


def _measure_size(results: Results, servers: Servers) -> None:
    commands = {
        "floor": [sys.executable, str(FLOOR), servers.list_url, servers.argocd_token],
        "snapshot": [*PRODUCT, "snapshot", "--config", servers.announced["config"]],
    }
    commands["without evidence"] = [*commands["snapshot"], "--evidence", "none"]
    argocd = shutil.which("argocd")
    if argocd is not None:
        config = str(Path(servers.folder) / "argocd-config" / "config")
        commands["argocd"] = [argocd, "--config", config, "app", "list", "-o", "json"]
    found: dict[str, list[ProcessResult]] = {name: [] for name in commands}
    for run in range(-1, results.settings.runs):
        for name, command in commands.items():
            result = run_process(command, servers.environ, servers.folder)
            if run >= 0:
                found[name].append(result)
    times = {name: [result.wall_ms for result in of_one] for name, of_one in found.items()}
    label = f"{servers.size:,} applications"
    last = found["snapshot"][-1]
    note = f"exit {last.code}: {last.error.splitlines()[0][:80]}" if last.code and last.error else ""
    results.add(f"floor, {label}", "ms", times["floor"])
    results.add(f"snapshot, {label}", "ms", times["snapshot"], note=note)
    results.add(f"snapshot's processor time, {label}", "ms", [result.cpu_ms for result in found["snapshot"]])
    ratios = divide_pairs(times["snapshot"], times["floor"])
    results.add(f"snapshot / floor, {label}", "×", ratios, at_most=FLOOR_RATIO, note=note)
    bare = divide_pairs(times["without evidence"], times["floor"])
    results.add(f"snapshot --evidence none / floor, {label}", "×", bare)
    rss = [result.max_rss_mb for result in found["snapshot"]]
    limit_mb = MAX_RSS_MB if servers.size >= 1000 else None
    results.add(f"snapshot's largest memory, {label}", "MB", rss, at_most=limit_mb, note=note)
    ratio_name, target = f"snapshot / argocd app list, {label}", ARGOCD_RATIO if servers.size == 12 else None
    if argocd is None:
        results.add_missing(ratio_name, "×", "argocd not installed", target)
    elif found["argocd"][-1].code:
        results.add_missing(ratio_name, "×", f"argocd failed: {found['argocd'][-1].error[:80]}", target)
    else:
        results.add(ratio_name, "×", divide_pairs(times["snapshot"], times["argocd"]), at_most=target)

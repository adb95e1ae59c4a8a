"""The time of `--version` and `--help`, and of an interpreter that does nothing."""

from __future__ import annotations

import sys
import tempfile

from tests.benchmarks.figures import Results, divide_pairs
from tests.benchmarks.processes import PRODUCT, build_environment, run_process

TARGET_MS = 80.0


def measure(results: Results) -> None:
    """Measure the commands in turn."""
    with tempfile.TemporaryDirectory() as folder:
        environ = build_environment(folder)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--version": [*PRODUCT, "--version"],
            "--help": [*PRODUCT, "--help"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(-1, results.settings.runs):
            for name, command in commands.items():
                wall_ms = run_process(command, environ, folder).wall_ms
                if run >= 0:  # the first one writes the byte code
                    times[name].append(wall_ms)
    bare = times.pop("python -c pass")
    results.add("an interpreter that does nothing", "ms", bare)
    for name, samples in times.items():
        results.add(name, "ms", samples, at_most=TARGET_MS)
        results.add(f"{name} / the interpreter alone", "×", divide_pairs(samples, bare))

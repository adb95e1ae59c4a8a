"""Run the benchmarks, print their table, and write their figures as JSON.

python -m tests.benchmarks [--quick] [--only NAME ...] [--runs N] [--idle SECONDS] [--settle SECONDS]
    [--json FILE]

The figures decide nothing. A target that is missed stays in the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import commands, github_points, history, idle, in_process, keys, server_speed, snapshots, start
from tests.benchmarks.figures import QUICK, Results, Settings, format_table
from tests.benchmarks.machine import describe_machine

SUBJECTS: dict[str, Callable[[Results], None]] = {
    "servers": server_speed.measure,
    "commands": commands.measure,
    "snapshot": snapshots.measure,
    "start": start.measure,
    "idle": idle.measure,
    "keys": keys.measure,
    "storms": keys.measure_storms,
    "github": github_points.measure,
    "policy": in_process.measure_policy,
    "logs": in_process.measure_logs,
    "panes": in_process.measure_panes,
    "history": history.measure,
}


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the options ask for."""
    settings = QUICK if arguments.quick else Settings()
    if arguments.runs is not None:
        settings = replace(settings, runs=arguments.runs)
    if arguments.idle is not None:
        settings = replace(settings, idle_s=arguments.idle)
    if arguments.settle is not None:
        settings = replace(settings, settle_s=arguments.settle)
    return settings


def main() -> None:
    """Measure the chosen subjects. A subject that fails is reported, and the others are measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure anchor-tui.")
    parser.add_argument("--quick", action="store_true", help="small sizes and short times: shows that it works")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="NAME")
    parser.add_argument("--runs", type=int, help="rounds of each comparison; default 9")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="length of the idle window; default 60")
    parser.add_argument("--settle", type=float, metavar="SECONDS", help="pause after the list is complete; default 20")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    arguments = parser.parse_args()
    results = Results(read_settings(arguments))
    for name in arguments.only:
        print(name, file=sys.stderr)
        results.subject = name
        with results.report_failure(name):
            SUBJECTS[name](results)
    print(format_table(results.figures))
    if arguments.json:
        document = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": describe_machine(),
            "settings": asdict(results.settings),
            "figures": [figure.to_json() for figure in results.figures],
        }
        arguments.json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

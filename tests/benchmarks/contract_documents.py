"""Capture the documents that scripts rely on, and compare two captures.

    python -m tests.benchmarks.contract_documents capture [--root CHECKOUT] > before.json
    python -m tests.benchmarks.contract_documents compare before.json after.json

A capture runs the command line of a checkout against its own embedded servers, for every scenario: snapshot,
policy check, the Plan of each action, executed actions with their outcomes, and the audit lines they leave.
Times, commit ids, ports and identifiers are replaced by placeholders. `compare` separates differences of
structure (keys, types, numbers, the order of lists) from differences of text, and exits 1 if structure differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCENARIOS = ("steady", "incident", "release-day", "drift", "cutover")

PLANS = (
    ("refresh", "prod"),
    ("hard-refresh", "prod"),
    ("sync", "staging"),
    ("sync", "prod", "--prune"),
    ("hard-refresh-prune", "staging"),
    ("hard-refresh-prune", "prod"),
    ("terminate", "prod"),
    ("promote", "staging"),
    ("promote", "prod"),
    ("rollback", "prod"),
    ("rollback", "prod", "--to", "1.42.0"),
    ("merge", "232"),
    ("merge", "235"),
    ("mend", "prod", "argo.automated-prune"),
    ("cutover",),
)
EXECUTED = (
    ("refresh", "dev", "--yes", "--wait"),
    ("sync", "dev", "--yes", "--wait"),
    ("promote", "staging", "--yes"),
    ("rollback", "prod", "--to", "1.42.0", "--confirm", "prod", "--reason", "compare the documents"),
)
PLACEHOLDERS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d)?\b"), "DATE"),
    (re.compile(r"\b\d\d:\d\d\b"), "CLOCK"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b|\b[0-9a-f]{40}\b"), "ID"),
    (re.compile(r"127\.0\.0\.1:\d+"), "LOOPBACK"),
    (re.compile(r"\b[\w.-]+:\d+:\w+$"), "PROCESS"),
    (re.compile(r"/tmp/[\w./-]+"), "FOLDER"),  # noqa: S108 - a pattern, not a file
)
NUMBERS_THAT_VARY = {"latency_ms", "age_s", "remaining", "reset_at", "pid", "took_s", "duration_s", "cost", "used"}


def normalise(value: object, key: str = "") -> object:
    """Replace what differs between two runs of the same program."""
    if isinstance(value, dict):
        return {name: normalise(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [normalise(inner, key) for inner in value]
    if isinstance(value, str):
        for pattern, placeholder in PLACEHOLDERS:
            value = pattern.sub(placeholder, value)
        return re.sub(r"\b\d+ (s|min|h|d)\b", "AGE", value)
    if key in NUMBERS_THAT_VARY and value is not None:
        return "NUMBER"
    return value


def run_command(root: Path, folder: str, environ: dict[str, str], *arguments: str) -> dict[str, object]:
    """Run one command; returns its exit code and its documents (one for each line that is JSON, else the whole)."""
    done = subprocess.run(
        [sys.executable, "-m", "anchor_tui", *arguments],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    try:
        documents: object = json.loads(done.stdout)
    except ValueError:
        documents = []
        for line in done.stdout.splitlines():
            try:
                documents.append(json.loads(line))
            except ValueError:
                documents.append(line)
    return {"exit": done.returncode, "documents": normalise(documents)}


def capture(root: Path) -> dict[str, object]:
    """Run every command in every scenario."""
    captured: dict[str, object] = {}
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            base = {**os.environ, "PYTHONPATH": str(root), "ANCHOR_TUI_STATE": f"{folder}/state"}
            command = [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--scenario", scenario]
            servers = subprocess.Popen([*command, "--write", folder], stdout=subprocess.PIPE, env=base, cwd=folder)
            assert servers.stdout is not None
            try:
                told = json.loads(servers.stdout.readline())
                environ = base | {
                    "ARGOCD_AUTH_TOKEN": told["argocd"]["token"],
                    "GITHUB_TOKEN": told["github"]["token"],
                    "STATUS_API_TOKEN": told["status_api"]["token"],
                    "ANCHOR_TUI_CONFIG": told["config"],
                }
                runs = {"snapshot": run_command(root, folder, environ, "snapshot", "--format", "json")}
                for plan in PLANS:
                    runs[f"plan: {' '.join(plan)}"] = run_command(
                        root, folder, environ, *plan, "--dry-run", "--format", "json"
                    )
                for action in EXECUTED:
                    runs[f"execute: {' '.join(action)}"] = run_command(
                        root, folder, environ, *action, "--format", "json"
                    )
                runs["audit"] = run_command(root, folder, environ, "audit", "--steps", "--format", "json")
                captured[scenario] = runs
            finally:
                servers.terminate()
                servers.wait()
    sample = root / "anchor_tui" / "sandbox" / "ops_repo"
    with tempfile.TemporaryDirectory() as folder:
        captured["check"] = run_command(
            root, folder, {**os.environ, "PYTHONPATH": str(root)}, "check", str(sample), "--format", "json"
        )
    return captured


def differences(before: object, after: object, path: str = "") -> Iterator[tuple[str, str, object, object]]:
    """Yield (kind, path, before, after); kind is `text` for two different strings, else `structure`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            if key not in before or key not in after:
                yield "structure", f"{path}.{key}", before.get(key, "(absent)"), after.get(key, "(absent)")
            else:
                yield from differences(before[key], after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield "structure", path, f"{len(before)} items", f"{len(after)} items"
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(before, str) and isinstance(after, str):
        if before != after:
            yield "text", path, before, after
    elif before != after or type(before) is not type(after):
        yield "structure", path, before, after


def count_values(value: object) -> int:
    """Count the leaves of a document."""
    if isinstance(value, dict):
        return sum(count_values(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(count_values(inner) for inner in value)
    return 1


def main() -> int:
    """Capture or compare, as the arguments ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    capturing = commands.add_parser("capture")
    capturing.add_argument("--root", type=Path, default=ROOT)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "capture":
        json.dump(capture(arguments.root.resolve()), sys.stdout, indent=1)
        return 0
    before, after = (json.loads(file.read_text()) for file in (arguments.before, arguments.after))
    found = list(differences(before, after))
    texts = sorted({(str(one), str(other)) for kind, _, one, other in found if kind == "text"})
    structure = [row for row in found if row[0] == "structure"]
    print(f"{count_values(before)} values before, {count_values(after)} after")
    print(f"{len(structure)} differences of structure")
    for _, path, one, other in structure:
        print(f"  {path}\n    - {one}\n    + {other}")
    print(f"{len(texts)} different texts")
    for one, other in texts:
        print(f"  - {one}\n  + {other}")
    return 1 if structure else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Fuzz every boundary with atheris: `python -m tests.fuzz [--seconds N] [--corpus FOLDER] [NAME …]`.

The corpus starts with the recorded responses and sample files; inputs that reach new code are kept in it. An input that
breaks a boundary is written to the folder of its corpus. The exit code is 1 if there was one.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

from tests.fuzz.boundaries import BOUNDARIES

INSTALL_HINT = (
    "atheris is not installed, so nothing was fuzzed. Install it with: pip install 'anchor-tui[fuzz]' "
    "(in a clone: .venv/bin/pip install --editable '.[dev,fuzz]'). It needs Linux or macOS and CPython 3.11 to 3.13"
)
MAX_INPUT_BYTES = 65_536
MAX_SECONDS_PER_INPUT = 10
MAX_MEMORY_MB = 1024


def fuzz_boundary(name: str, corpus: Path, seconds: int) -> bool:
    """Fuzz one boundary, and return whether it held."""
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in BOUNDARIES[name].seeds():
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-timeout={MAX_SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MAX_MEMORY_MB}",
        f"-artifact_prefix={corpus.parent}/{name}-",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.fuzz.harness", name, *limits, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    lines = done.stderr.splitlines()
    executed = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
    _print(f"{name}: {executed} inputs in {seconds} s: {'held' if done.returncode == 0 else 'BROKEN'}")
    if done.returncode != 0:
        reasons = [line for line in lines if "ERROR:" in line or "Test unit written" in line]
        _print("\n".join(f"  {line}" for line in [*done.stdout.splitlines()[-12:], *reasons]))
    return done.returncode == 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Fuzz the named boundaries, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(BOUNDARIES)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each boundary; default 60")
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"), help="default build/fuzz")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BOUNDARIES):
        parser.error(f"there is no boundary {', '.join(sorted(unknown))}; there are {', '.join(BOUNDARIES)}")
    if importlib.util.find_spec("atheris") is None:
        _print(INSTALL_HINT)
        return 2
    held = [fuzz_boundary(name, arguments.corpus / name, arguments.seconds) for name in arguments.names or BOUNDARIES]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

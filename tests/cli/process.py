"""Run the command, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from anchor_tui.__main__ import run_command_line

ROOT = Path(__file__).parents[2]


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """Return an environment without anything of the developer."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def anchor_tui(
    *arguments: str, home: Path, code: str | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end. `code` runs first in the same process."""
    more = options.pop("environ", {})
    program = ["-m", "anchor_tui"]
    if code is not None:
        program = ["-c", f"{code}\nfrom anchor_tui.__main__ import main\nmain()"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        [sys.executable, *program, *arguments],
        env=surroundings(home, **more),
        cwd=options.pop("cwd", home),
        timeout=60,
        check=False,
        **options,
    )


def run_in_process(*argv: str) -> int:
    """Return the exit code of the command, run in this process."""
    try:
        return run_command_line(list(argv))
    except SystemExit as ended:
        return int(ended.code or 0)

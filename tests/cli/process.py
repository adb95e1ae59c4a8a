"""The command as a person runs it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the developer's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def anchor_tui(
    *arguments: str, home: Path, code: str | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Runs it to its end. `code` runs before it in the same process."""
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

"""The machine and the versions that a run was measured with. Names of hosts and users are not included."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("textual", "rich", "httpx", "msgspec", "ruamel.yaml", "PyGithub", "uvicorn", "starlette")


def describe_machine() -> dict[str, str]:
    """Return what a reader needs to compare the figures with those of another machine."""
    memory_kb = int(_read_line("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0)
    return {
        "processor": _read_line("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kb / 1024 / 1024:.0f} GB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _read_line(path: str, pattern: str) -> str:
    file = Path(path)
    found = re.search(pattern, file.read_text()) if file.exists() else None
    return found[1] if found else ""

"""httpx without its own command line, which it loads, with rich and pygments, wherever click is installed: 60 ms."""

from __future__ import annotations

import sys
from types import ModuleType


def _no_command_line() -> None:
    """Stands where httpx would put its command line's entry point."""


_stand_in = ModuleType("httpx._main")
_stand_in.main = _no_command_line  # type: ignore[attr-defined]
sys.modules.setdefault("httpx._main", _stand_in)

import httpx as httpx  # noqa: E402 - after the stand-in, for others to take from here

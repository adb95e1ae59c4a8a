"""The formats of `anchor-tui check`.

A format is a module of this package with a `render` function, and its name in CHECK_FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.cli.output.check.report import CheckReport

CHECK_FORMATS = ("text", "json", "sarif", "junit", "github")


def load_renderer(name: str) -> Callable[[CheckReport], str]:
    """Import a format and return its `render` function."""
    return cast("Callable[[CheckReport], str]", import_module(f"anchor_tui.cli.output.check.{name}").render)

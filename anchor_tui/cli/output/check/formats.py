"""Findings of a checkout → document, one file a format. A further format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.cli.output.check.report import CheckReport

CHECK_FORMATS = ("text", "json", "sarif", "junit", "github")


def load_renderer(name: str) -> Callable[[CheckReport], str]:
    """The `render` function of a format."""
    return cast("Callable[[CheckReport], str]", import_module(f"anchor_tui.cli.output.check.{name}").render)

"""Findings of a checkout → document, one file a format. A further format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.cli.reports.report import Report

REPORTS = ("text", "json", "sarif", "junit", "github")


def report_named(name: str) -> Callable[[Report], str]:
    """The `render` function of a format."""
    return cast("Callable[[Report], str]", import_module(f"anchor_tui.cli.reports.{name}").render)

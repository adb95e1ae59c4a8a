"""Comparison → document, one file a format. A further format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.domain.snapshot_diff import SnapshotDiff

DiffFormat = Callable[["SnapshotDiff"], str]

DIFF_FORMATS = ("text", "json", "markdown")


def load_diff_format(name: str) -> DiffFormat:
    """Import a format and return its `render` function."""
    return cast("DiffFormat", import_module(f"anchor_tui.cli.output.diff.{name}").render)

"""Snapshot → document, one file a format. A further format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.domain.model import Snapshot

SnapshotFormat = Callable[["Snapshot"], str]

SNAPSHOT_FORMATS = ("json", "yaml", "markdown", "text", "html", "junit", "prometheus", "openmetrics")


def load_snapshot_format(name: str) -> SnapshotFormat:
    """Import a format and return its `render` function."""
    return cast("SnapshotFormat", import_module(f"anchor_tui.cli.output.snapshot.{name}").render)

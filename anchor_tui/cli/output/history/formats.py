"""Timeline → document, one file a format."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.cli.output.history.report import HistoryReport

HistoryFormat = Callable[["HistoryReport"], str]

HISTORY_FORMATS = ("text", "json", "markdown", "csv")
GROUPED_FORMATS = frozenset({"text", "markdown"})
"""The formats for readers: a flood of equal changes is one line. The others contain each change."""


def load_history_format(name: str) -> HistoryFormat:
    """Import a format and return its `render` function."""
    return cast("HistoryFormat", import_module(f"anchor_tui.cli.output.history.{name}").render)

"""Snapshot → document, one file a format. A further format is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from anchor_tui.domain.model import Snapshot

Format = Callable[["Snapshot"], str]

FORMATS = ("json", "yaml", "markdown", "text", "html", "junit", "prometheus")


def format_named(name: str) -> Format:
    """The `render` function of a format."""
    return cast("Format", import_module(f"anchor_tui.cli.formats.{name}").render)

"""The contract `anchor-tui/snapshot/v1` as JSON."""

from __future__ import annotations

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import snapshot_to_json


def render(snapshot: Snapshot) -> str:
    """Render the indented document."""
    return snapshot_to_json(snapshot).decode()

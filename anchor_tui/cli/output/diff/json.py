"""The JSON format: a document of the schema `anchor-tui/diff/v1`."""

from __future__ import annotations

from anchor_tui.domain.snapshot_diff import SnapshotDiff
from anchor_tui.services.diff_json import diff_to_json


def render(diff: SnapshotDiff) -> str:
    """Return every difference, and a summary of counts."""
    return diff_to_json(diff)

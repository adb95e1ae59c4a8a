"""The contract `anchor-tui/snapshot/v1` as YAML: the same keys and values as the JSON."""

from __future__ import annotations

from anchor_tui.cli.output.yaml_text import format_yaml
from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import snapshot_to_document


def render(snapshot: Snapshot) -> str:
    """Render the document in block style, with the keys in the order of the contract."""
    return format_yaml(snapshot_to_document(snapshot))

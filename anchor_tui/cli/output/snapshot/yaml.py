"""The contract `anchor-tui/snapshot/v1` as YAML: the same keys and values as the JSON."""

from __future__ import annotations

import io

from ruamel.yaml import YAML

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import snapshot_to_document


def render(snapshot: Snapshot) -> str:
    """Render the document in block style, with the keys in the order of the contract."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 4096
    text = io.StringIO()
    yaml.dump(snapshot_to_document(snapshot), text)
    return text.getvalue()

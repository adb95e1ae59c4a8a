"""Writes plain JSON values as YAML for reading: block style, keys in their order, long texts unfolded."""

from __future__ import annotations

import io
from typing import Any


def write_yaml(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return the YAML of a JSON value. Texts with several lines become literal blocks."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import walk_tree

    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = False
    yaml.width = 2**20
    yaml.indent(mapping=2, sequence=4, offset=2)
    copied = _copy(value)
    walk_tree(copied)
    text = io.StringIO()
    yaml.dump(copied, text)
    return text.getvalue()


def _copy(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy without shared parts, which would become anchors."""
    if isinstance(value, dict):
        return {str(key): _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value

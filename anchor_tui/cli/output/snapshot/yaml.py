"""The contract `anchor-tui/snapshot/v1` as YAML: the same keys and values as the JSON."""

from __future__ import annotations

import io
import re
import sys

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import snapshot_to_document

_COMMAND = "##["
"""The start of a workflow command of GitHub, anywhere in a line of a log."""
_CANDIDATE = re.compile(r"##\[|[^ -~\n]")


class _EscapingRepresenter(SafeRepresenter):
    """Writes a text in double quotes if it has a character that must be escaped: other styles have no escapes."""

    def represent_text(self, text: str) -> ScalarNode:
        """Return the node of a text."""
        style = None if text.isprintable() and _COMMAND not in text else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_EscapingRepresenter.add_representer(str, _EscapingRepresenter.represent_text)


def render(snapshot: Snapshot) -> str:
    """Render the document in block style, with the keys in the order of the contract."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _EscapingRepresenter
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = sys.maxsize  # a folded line could start with any word of a text
    text = io.StringIO()
    yaml.dump(snapshot_to_document(snapshot), text)
    return _CANDIDATE.sub(lambda found: _escape_match(found[0]), text.getvalue())


def _escape_match(found: str) -> str:
    """Return the escape of an unprintable character, which is always in double quotes."""
    if found == _COMMAND:
        return r"##\x5b"
    if found.isprintable():
        return found
    return f"\\u{ord(found):04x}" if ord(found) <= 0xFFFF else f"\\U{ord(found):08x}"

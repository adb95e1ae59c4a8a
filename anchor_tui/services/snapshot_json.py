"""The JSON contract `anchor-tui/snapshot/v1`, both ways, without loss.

The model's shapes are the contract's, key by key; times are RFC 3339 in UTC, absent things null.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from anchor_tui.domain.model import Snapshot

SCHEMA = "anchor-tui/snapshot/v1"
_TERMINAL_CONTROLS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters that JSON need not escape, and does here: C1, line ends of Unicode, the direction of text."""


class SnapshotFormatError(ValueError):
    """A document that is no snapshot of this contract; the message says where and why."""


def snapshot_to_document(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as the contract's document, of plain values."""
    return {"schema": SCHEMA, **msgspec.to_builtins(snapshot)}


def snapshot_to_json(snapshot: Snapshot) -> bytes:
    """The document as indented JSON in UTF-8, with a newline at its end, and nothing that a terminal would obey."""
    text = msgspec.json.format(msgspec.json.encode(snapshot_to_document(snapshot)).decode(), indent=2)
    return escape_control_characters(text).encode() + b"\n"


def escape_control_characters(text: str) -> str:
    """JSON in which nothing is left that a terminal would obey."""
    return _TERMINAL_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def snapshot_from_json(text: bytes | str) -> Snapshot:
    """The snapshot that `to_json` wrote. Raises ContractError."""
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SnapshotFormatError(f"this is no JSON: {error}") from error
    return snapshot_from_document(document)


def snapshot_from_document(document: object) -> Snapshot:
    """The snapshot of a document. Raises ContractError."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise SnapshotFormatError(f"this is no snapshot: its schema is {found!r}, not {SCHEMA!r}")
    try:
        return msgspec.convert(document, Snapshot)
    except msgspec.ValidationError as error:
        raise SnapshotFormatError(f"this snapshot is not as {SCHEMA} says: {error}") from error


def snapshot_schema() -> dict[str, Any]:
    """The contract's JSON Schema (2020-12). Every key is always written, so every key is required."""
    (reference,), definitions = msgspec.json.schema_components([Snapshot], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
            for described in definition["properties"].values():
                described.pop("default", None)
    root = definitions["Snapshot"]
    root["properties"] = {"schema": {"const": SCHEMA}, **root["properties"]}
    root["required"] = list(root["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **reference,
        "$defs": definitions,
    }

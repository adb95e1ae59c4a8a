"""The JSON Schema of a document that is a contract, from the class that its values are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_NO_KEYS: frozenset[str] = frozenset()


def build_document_schema(
    root: type[msgspec.Struct], schema: str, optional_keys: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """Return a contract's JSON Schema (2020-12). `schema` is its name, which is the first key of each document.

    Every key is always written, so required, except `optional_keys` by the name of the class.
    """
    (reference,), definitions = msgspec.json.schema_components([root], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        if "properties" in definition:
            definition["required"] = [
                key for key in definition["properties"] if key not in optional_keys.get(name, _NO_KEYS)
            ]
            for described in definition["properties"].values():
                described.pop("default", None)
    described_root = definitions[root.__name__]
    described_root["properties"] = {"schema": {"const": schema}, **described_root["properties"]}
    described_root["required"] = list(described_root["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema,
        **reference,
        "$defs": definitions,
    }

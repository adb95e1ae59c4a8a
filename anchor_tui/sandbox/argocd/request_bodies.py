"""Request bodies as Argo CD's gateway parses them, with its error messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anchor_tui.sandbox.argocd.responses import GrpcError

JSON_KINDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
GO_TYPES = {str: "string", bool: "bool", list: "slice", dict: "struct"}


def parse_body(body: bytes, message: str, fields: Mapping[str, type]) -> dict[str, Any]:
    """Return the known fields of a body. Raises GrpcError for a wrong type.

    Unknown fields and null are ignored. Lists must contain objects only.
    """
    if not body.strip():
        return {}
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise GrpcError(3, _describe_syntax_error(text, error)) from error
    if not isinstance(found, dict):
        raise GrpcError(
            3, f"json: cannot unmarshal {_get_json_kind(found)} into Go value of type application.{message}"
        )
    known = {}
    for name, kind in fields.items():
        value = found.get(name)
        if value is None:
            continue
        holds_others = isinstance(value, list) and not all(isinstance(item, dict) for item in value)
        if not isinstance(value, kind) or holds_others:
            target = f"Go struct field {message}.{name} of type {GO_TYPES[kind]}"
            raise GrpcError(3, f"json: cannot unmarshal {_get_json_kind(value)} into {target}")
        known[name] = value
    return known


def _get_json_kind(value: object) -> str:
    return JSON_KINDS.get(type(value), "null")


def _describe_syntax_error(text: str, error: json.JSONDecodeError) -> str:
    """Return `unexpected EOF` for a text that ends early, otherwise its first invalid character."""
    rest = text[error.pos :].strip()
    ends = not rest or any(word.startswith(rest) for word in ("true", "false", "null")) or rest.count('"') == 1
    return "unexpected EOF" if ends else f"invalid character '{rest[0]}' looking for beginning of value"

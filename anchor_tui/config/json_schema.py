"""The JSON Schema of the configuration, made from the described fields; for editors and for checks elsewhere."""

# ruff: noqa: ANN401 - types are read from the fields here, so they are values

from __future__ import annotations

from dataclasses import MISSING, Field, is_dataclass
from datetime import date
from typing import Any, Literal, get_args, get_origin

from anchor_tui.config.convert import configurable_fields
from anchor_tui.config.model import Config, EnvironmentConfig, ServerConfig
from anchor_tui.config.patterns import PATTERNS

_DERIVED_KEYS = ("rules", "tier", "protected", "applications", "server")
"""Of an environment: what is not said follows from its name, so there is no one default."""


def build_config_schema() -> dict[str, Any]:
    """A JSON Schema, draft 2020-12, of `anchor-tui.toml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "anchor-tui.toml",
        **_table_schema(Config),
    }


def _table_schema(cls: type) -> dict[str, Any]:
    known = configurable_fields(cls)
    required = [name for name, (field, _) in known.items() if field.metadata.get("required")]
    if cls is Config:
        required = ["github"]
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _field_schema(cls, field, hint) for name, (field, hint) in known.items()},
    }
    return found | ({"required": required} if required else {})


def _field_schema(cls: type, field: Field[Any], hint: Any) -> dict[str, Any]:
    found = {"description": field.metadata["doc"], **_value_schema(field, hint)}
    follows = cls is EnvironmentConfig and field.name in _DERIVED_KEYS
    if follows or field.metadata.get("required") or field.default is MISSING or is_dataclass(hint):
        return found
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return found | {"default": default}


def _value_schema(field: Field[Any], hint: Any) -> dict[str, Any]:
    if field.metadata.get("form") == "applications":
        selector = {"selector": {"type": "string", "minLength": 1}}
        return {
            "oneOf": [
                {"type": "array", "items": {"type": "string", "minLength": 1}},
                {"type": "object", "additionalProperties": False, "required": ["selector"], "properties": selector},
            ]
        }
    if field.name == "servers":
        names = {"pattern": f"^(?:{PATTERNS['name'].pattern})$", "not": {"enum": ["argocd", "github"]}}
        return {"type": "object", "propertyNames": names, "additionalProperties": _table_schema(ServerConfig)}
    if field.name == "keys":
        return {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}
    if is_dataclass(hint) and isinstance(hint, type):
        return _table_schema(hint)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _item_schema(field, get_args(hint)[0])}
    return _item_schema(field, hint)


def _item_schema(field: Field[Any], hint: Any) -> dict[str, Any]:
    if is_dataclass(hint) and isinstance(hint, type):
        return _table_schema(hint)
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if hint is bool:
        return {"type": "boolean"}
    if hint is int:
        return {"type": "integer", "minimum": field.metadata.get("minimum", 0)}
    if date in get_args(hint):
        return {"type": "string", "format": "date"}
    form = field.metadata.get("form", "")
    if form in {"", "file"}:
        return {"type": "string"}
    pattern = f"^(?:{PATTERNS[form].pattern})$"
    empty = field.default == "" and not field.metadata.get("required")
    return {"type": "string", "pattern": f"^$|{pattern}" if empty else pattern}

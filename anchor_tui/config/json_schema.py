"""The JSON Schema of the configuration, for editors and for checks elsewhere. msgspec writes it for each value."""

from __future__ import annotations

from typing import Any

import msgspec

from anchor_tui.config.convert import RESERVED_SERVER_NAMES
from anchor_tui.config.fields import ConfigField, configurable_fields
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.model import Applications, Config, EnvironmentConfig, ServerConfig
from anchor_tui.config.patterns import NAME

_DERIVED_KEYS = ("rules", "tier", "protected", "applications", "server")
"""Keys of an environment whose default depends on its name; the schema contains no default for them."""


def build_config_schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12, of the configuration file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": CONFIG_FILE_NAME,
        **_table_schema(Config),
    }


def _table_schema(table: type[msgspec.Struct]) -> dict[str, Any]:
    fields = configurable_fields(table)
    derived = _DERIVED_KEYS if table is EnvironmentConfig else ()
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _field_schema(field, derived) for name, field in fields.items()},
    }
    required = [name for name, field in fields.items() if field.required]
    return schema | ({"required": required} if required else {})


def _field_schema(field: ConfigField, derived: tuple[str, ...]) -> dict[str, Any]:
    schema = {"description": field.description, **_value_schema(field)}
    if field.name in derived or field.required or field.table or field.default is msgspec.NODEFAULT:
        return schema
    return schema | {"default": msgspec.to_builtins(field.default)}


def _value_schema(field: ConfigField) -> dict[str, Any]:
    if field.plain_type == Applications:
        text = {"type": "string", "minLength": 1}
        selector = {
            "type": "object",
            "additionalProperties": False,
            "required": ["selector"],
            "properties": {"selector": text},
        }
        return {"oneOf": [{"type": "array", "items": text}, selector]}
    if field.name == "servers":
        names = {"pattern": NAME.whole, "not": {"enum": list(RESERVED_SERVER_NAMES)}}
        return {"type": "object", "propertyNames": names, "additionalProperties": _table_schema(ServerConfig)}
    if field.name == "keys":
        return {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}
    if field.table:
        return _table_schema(field.table)
    if field.item and field.item.table:
        return {"type": "array", "items": _table_schema(field.item.table)}
    schema = msgspec.json.schema(field.type)
    if "anyOf" in schema:  # a value or null; TOML has no null
        schema |= schema.pop("anyOf")[0]
    if "pattern" in schema and field.default == "" and not field.required:
        schema["pattern"] = f"^$|{schema['pattern']}"
    return schema

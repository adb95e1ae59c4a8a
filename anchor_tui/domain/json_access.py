"""Foreign JSON of any shape, read without surprises: a mapping, a list, a text, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

JsonMapping: TypeAlias = Mapping[str, Any]
_EMPTY_MAPPING: JsonMapping = {}


def get_mapping(value: object, *keys: str) -> JsonMapping:
    """The mapping below these keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _EMPTY_MAPPING


def get_mappings(value: object, *keys: str) -> tuple[JsonMapping, ...]:
    """The mappings in the list below these keys."""
    return tuple(each for each in get_list(value, *keys) if isinstance(each, Mapping))


def get_list(value: object, *keys: str) -> tuple[Any, ...]:
    """The list below these keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return tuple(value) if isinstance(value, list | tuple) else ()


def get_text(value: object, *keys: str) -> str:
    """The text below these keys; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def get_int(value: object, *keys: str) -> int | None:
    """The whole number below these keys; None where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None

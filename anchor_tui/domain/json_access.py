"""Access to JSON of unknown shape: each function returns a value of the expected type, or an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from anchor_tui.domain.foreign_text import shorten_text

JsonMapping: TypeAlias = Mapping[str, Any]
ODD_VALUE_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""The exceptions that a reader of foreign documents raises for a value of an unexpected kind, size or depth.

A boundary that reads such documents catches them for its smallest subject, such as one file or one object.
"""
_EMPTY_MAPPING: JsonMapping = {}


def get_mapping(value: object, *keys: str) -> JsonMapping:
    """Return the mapping at the path `keys`; an empty one if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _EMPTY_MAPPING


def get_mappings(value: object, *keys: str) -> tuple[JsonMapping, ...]:
    """Return the mappings in the list at the path `keys`; other items are left out."""
    return tuple(item for item in get_list(value, *keys) if isinstance(item, Mapping))


def get_list(value: object, *keys: str) -> tuple[Any, ...]:
    """Return the list at the path `keys` as a tuple; an empty one if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return tuple(value) if isinstance(value, list | tuple) else ()


def get_text(value: object, *keys: str) -> str:
    """Return the text at the path `keys`; empty if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def get_int(value: object, *keys: str) -> int | None:
    """Return the integer at the path `keys`; None if there is none. A boolean is not an integer."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_deeper_than(value: object, levels: int) -> bool:
    """Return True if mappings and lists are nested in more than so many levels. Not recursive."""
    level: list[object] = [value]
    for _ in range(levels + 1):
        level = [item for container in level for item in _iterate_items(container)]
        if not level:
            return False
    return True


def _iterate_items(value: object) -> Iterable[object]:
    """Return the items of a mapping or a list; nothing for other values."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def describe_value(value: object) -> str:
    """Return a description of a value for a message: a short text of it, "a mapping" or "a list"."""
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f"`{shorten_text(str(value), 200)}`"

"""Foreign JSON of any shape, read without surprises: a mapping, a list, a text, or nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Manifest: TypeAlias = Mapping[str, Any]
_NOTHING: Manifest = {}


def mapping(value: object, *keys: str) -> Manifest:
    """The mapping below these keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _NOTHING


def mappings(value: object, *keys: str) -> tuple[Manifest, ...]:
    """The mappings in the list below these keys."""
    return tuple(each for each in sequence(value, *keys) if isinstance(each, Mapping))


def sequence(value: object, *keys: str) -> tuple[Any, ...]:
    """The list below these keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return tuple(value) if isinstance(value, list | tuple) else ()


def text(value: object, *keys: str) -> str:
    """The text below these keys; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def whole(value: object, *keys: str) -> int | None:
    """The whole number below these keys; None where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None

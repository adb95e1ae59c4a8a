"""The fields in which two states of a resource differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.model import ValueObject

MAX_VALUE_LENGTH = 60


class FieldChange(ValueObject, frozen=True):
    """A field that differs. `live` is empty if it is new, `predicted` if it is removed."""

    path: str
    live: str = ""
    predicted: str = ""


def parse_state(item: object, key: str) -> Any:  # noqa: ANN401 - JSON
    """Return one state of a managed resource, which is JSON in a text; None for `null` and for anything unreadable."""
    text = get_text(item, key)
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def list_field_changes(live: object, predicted: object) -> Iterator[FieldChange]:
    """Yield the fields that differ, ordered by name. Items of a list are paired by name if they have one."""
    for path, was, will in _differing_fields(live, predicted, ""):
        yield FieldChange(path, was, will)


def _differing_fields(was: Any, will: Any, path: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - JSON
    if was == will:
        return
    if isinstance(was, dict) and isinstance(will, dict):
        for key in sorted({*was, *will}):
            yield from _differing_fields(was.get(key), will.get(key), f"{path}.{key}" if path else key)
        return
    if isinstance(was, list) and isinstance(will, list) and (names := _item_names(was, will)) is not None:
        old, new = ({item["name"]: item for item in side} for side in (was, will))
        for name in names:
            yield from _differing_fields(old.get(name), new.get(name), f"{path}[{name}]")
        return
    yield path, _value_text(was), _value_text(will)


def _item_names(was: list[Any], will: list[Any]) -> list[str] | None:
    """Return the names of the items of both lists, such as containers; None if an item has no name."""
    both = [*was, *will]
    if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in both):
        return None
    return list(dict.fromkeys(item["name"] for item in both))


def _value_text(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"

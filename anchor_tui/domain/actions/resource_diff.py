"""What a sync changes in one resource, field by field: what lives now, and what would live then.

Argo CD has laid both out alike (`normalizedLiveState`, `predictedLiveState` of managed-resources), with ignored
differences taken out and the values of Secrets masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.model import ValueObject

MAX_FIELDS = 40
"""So many fields are told of one application: more of them are nothing that a person reads before a sync."""
MAX_VALUE_LENGTH = 60


class FieldDifference(ValueObject, frozen=True):
    """One field. `was` is empty where it is new, `will` where it goes; both are empty for a resource that is new."""

    ref: ResourceRef
    path: str = ""
    live: str = ""
    predicted: str = ""

    def __str__(self) -> str:
        if not self.path:
            return f"{self.ref} is created"
        return f"{self.ref}  {self.path}: {self.live or 'not set'} → {self.predicted or 'not set'}"


def field_differences(items: Iterable[object]) -> tuple[FieldDifference, ...]:
    """The fields that differ, in the order of the resources, at most `MOST` of them; hooks left out."""
    found: list[FieldDifference] = []
    for item in items:
        ref = ResourceRef(
            get_text(item, "kind"), get_text(item, "namespace"), get_text(item, "name"), get_text(item, "group")
        )
        live, predicted = _parse_state(item, "normalizedLiveState"), _parse_state(item, "predictedLiveState")
        if predicted is None or (isinstance(item, Mapping) and item.get("hook")):
            continue
        if live is None:
            found.append(FieldDifference(ref))
        else:
            found += [
                FieldDifference(ref, path, was, will) for path, was, will in _differing_fields(live, predicted, "")
            ]
    return tuple(found[:MAX_FIELDS])


def _parse_state(item: object, key: str) -> Any:  # noqa: ANN401 - JSON
    said = get_text(item, key)
    try:
        return json.loads(said) if said else None
    except ValueError:
        return None


def _differing_fields(was: Any, will: Any, path: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - JSON
    if was == will:
        return
    if isinstance(was, dict) and isinstance(will, dict):
        for key in sorted({*was, *will}):
            yield from _differing_fields(was.get(key), will.get(key), f"{path}.{key}" if path else key)
        return
    if isinstance(was, list) and isinstance(will, list) and (names := _item_names(was, will)) is not None:
        old, new = ({each["name"]: each for each in side} for side in (was, will))
        for name in names:
            yield from _differing_fields(old.get(name), new.get(name), f"{path}[{name}]")
        return
    yield path, _value_text(was), _value_text(will)


def _item_names(was: list[Any], will: list[Any]) -> list[str] | None:
    """The names of what both lists hold, as containers and variables have them; None where they have none."""
    both = [*was, *will]
    if not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in both):
        return None
    return list(dict.fromkeys(each["name"] for each in both))


def _value_text(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None:
        return ""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= MAX_VALUE_LENGTH else f"{said[:MAX_VALUE_LENGTH]}…"

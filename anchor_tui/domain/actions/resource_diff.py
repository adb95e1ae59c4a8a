"""The fields that a sync would change in a resource: the live and the predicted value.

Argo CD returns both normalized (`normalizedLiveState` and `predictedLiveState` of managed-resources): without ignored
differences, and with the values of Secrets masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.model import ValueObject

MAX_FIELDS = 40
"""The maximum number of fields per application: more is not readable before a sync."""
MAX_VALUE_LENGTH = 60


class FieldDifference(ValueObject, frozen=True):
    """A changed field. `live` is empty if it is new, `predicted` if it is removed; both for a new resource."""

    ref: ResourceRef
    path: str = ""
    live: str = ""
    predicted: str = ""

    def __str__(self) -> str:
        if not self.path:
            return f"{self.ref} is created"
        return f"{self.ref}  {self.path}: {self.live or 'not set'} → {self.predicted or 'not set'}"


def field_differences(items: Iterable[object]) -> tuple[FieldDifference, ...]:
    """Return the differing fields in resource order, at most `MAX_FIELDS`. Hooks are excluded."""
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
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= MAX_VALUE_LENGTH else f"{said[:MAX_VALUE_LENGTH]}…"

"""The difference between what is live and what a sync would make of it, for each resource.

Argo CD compares normalized states: without ignored differences, and with the values of Secrets masked. Hooks are left
out. Source: `normalizedLiveState` and `predictedLiveState` of `GET …/managed-resources`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from anchor_tui.domain.inspection.field_changes import FieldChange, list_field_changes, parse_state
from anchor_tui.domain.inspection.manifests import hide_machine_fields
from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.model import ValueObject
from anchor_tui.domain.yaml.writer import write_yaml

ChangeKind: TypeAlias = Literal["created", "changed", "pruned", "equal"]
CONTEXT_LINES = 3


class ResourceDifference(ValueObject, frozen=True):
    """One resource: the fields that differ. `live` and `predicted` are the normalized states; empty if missing."""

    resource: ResourceKey
    kind: ChangeKind
    fields: tuple[FieldChange, ...] = ()
    live: Mapping[str, Any] = {}
    predicted: Mapping[str, Any] = {}

    @property
    def unified(self) -> str:
        """The difference as unified YAML, live → predicted; empty if they are equal."""
        before, after = (_to_lines(state) for state in (self.live, self.predicted))
        lines = difflib.unified_diff(before, after, "live", "git", n=CONTEXT_LINES, lineterm="")
        return "\n".join(lines)


def compare_resources(items: Iterable[object]) -> tuple[ResourceDifference, ...]:
    """Return every compared resource, those that differ first. `items` is the parsed response."""
    found = [comparison for item in items if (comparison := _compare_item(item)) is not None]
    return tuple(sorted(found, key=lambda comparison: (comparison.kind == "equal", comparison.resource)))


def _compare_item(item: object) -> ResourceDifference | None:
    """Return the comparison of one resource; None for a hook."""
    if not isinstance(item, Mapping) or item.get("hook"):
        return None
    group, kind, namespace, name = (get_text(item, part) for part in ("group", "kind", "namespace", "name"))
    key = ResourceKey(group, kind, namespace, name)
    live, predicted = _read_state(item, "normalizedLiveState"), _read_state(item, "predictedLiveState")
    if not predicted:
        return ResourceDifference(key, "pruned", (), live)
    if not live:
        return ResourceDifference(key, "created", (), {}, predicted)
    fields = tuple(list_field_changes(live, predicted))
    return ResourceDifference(key, "changed" if fields else "equal", fields, live, predicted)


def _read_state(item: object, key: str) -> dict[str, Any]:
    """Return a state without the fields that only machines need; an empty one if it is missing or unreadable."""
    found = parse_state(item, key)
    return hide_machine_fields(found) if isinstance(found, dict) else {}


def _to_lines(state: Mapping[str, Any]) -> list[str]:
    return write_yaml(dict(state)).splitlines() if state else []

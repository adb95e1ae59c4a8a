"""The difference between what is live and what a sync would make of it, for each resource.

Argo CD compares normalized states: without ignored differences, and with the values of Secrets masked. Hooks are left
out. Source: `normalizedLiveState` and `predictedLiveState` of `GET …/managed-resources`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from anchor_tui.domain.inspection.field_changes import FieldChange, list_field_changes, parse_state
from anchor_tui.domain.inspection.manifests import SecretMasks, hide_machine_fields
from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.kubernetes.quantities import parse_quantity
from anchor_tui.domain.model import ValueObject
from anchor_tui.domain.yaml.writer import write_yaml

ChangeKind: TypeAlias = Literal["created", "changed", "pruned", "equal"]
CONTEXT_LINES = 3
_EMPTY_VALUES = frozenset({"", "{}", "[]", "0", "false"})
"""Values that the cluster leaves out: a missing field means the same."""


class ResourceDifference(ValueObject, frozen=True):
    """One resource: the fields that differ. `live` and `predicted` are the normalized states; empty if missing."""

    resource: ResourceKey
    kind: ChangeKind
    fields: tuple[FieldChange, ...] = ()
    live: Mapping[str, Any] = {}
    predicted: Mapping[str, Any] = {}
    ignored: tuple[FieldChange, ...] = ()
    """The fields that git sets to another value without being compared, see `find_ignored_fields`."""

    @property
    def unified(self) -> str:
        """The difference as unified YAML, live → predicted; empty if they are equal."""
        return "\n".join(self.list_lines())

    def list_lines(self, *, whole: bool = False) -> list[str]:
        """Return the lines of the unified YAML; with `whole` the complete objects, also if they are equal."""
        before, after = (_to_lines(state) for state in (self.live, self.predicted))
        if before == after:
            return [f" {line}" for line in before] if whole else []
        context = max(len(before), len(after)) if whole else CONTEXT_LINES
        lines = difflib.unified_diff(before, after, "live", "git", n=context, lineterm="")
        return [line for line in lines if not (whole and line.startswith("@@"))]


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
    masks = SecretMasks()
    live, predicted = (_read_state(item, state, masks) for state in ("normalizedLiveState", "predictedLiveState"))
    if not predicted:
        return ResourceDifference(key, "pruned", (), live)
    if not live:
        return ResourceDifference(key, "created", (), {}, predicted)
    fields = tuple(list_field_changes(live, predicted))
    raw_live, target = (_read_state(item, state, masks) for state in ("liveState", "targetState"))
    ignored = find_ignored_fields(raw_live, target, fields)
    return ResourceDifference(key, "changed" if fields else "equal", fields, live, predicted, ignored)


def find_ignored_fields(
    live: Mapping[str, Any], target: Mapping[str, Any], compared: Iterable[FieldChange]
) -> tuple[FieldChange, ...]:
    """Return the ignored differences of a resource, for example because of `ignoreDifferences`.

    A field is one if git sets it (`target`, the raw target state), its value in the cluster (`live`, the raw live
    state) is another or missing, and it is not among the fields that differ between the normalized states (`compared`)
    nor above or below one of them. These are not differences: a field that only the cluster sets, since a sync leaves
    it alone; an empty value in git that the cluster leaves out; an amount in another spelling, such as 0.5 and 500m.
    """
    paths = [change.path for change in compared]
    return tuple(
        change
        for change in list_field_changes(live, target)
        if change.predicted not in _EMPTY_VALUES
        and not _is_same_amount(change)
        and not any(_contains(path, change.path) or _contains(change.path, path) for path in paths)
    )


def _is_same_amount(change: FieldChange) -> bool:
    try:
        return parse_quantity(change.live) == parse_quantity(change.predicted)
    except ValueError:
        return False


def _contains(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def _read_state(item: object, key: str, masks: SecretMasks) -> dict[str, Any]:
    """Return a state without machine fields and Secret values; an empty one if it is missing or unreadable."""
    found = parse_state(item, key)
    return hide_machine_fields(masks.mask(found)) if isinstance(found, dict) else {}


def _to_lines(state: Mapping[str, Any]) -> list[str]:
    return write_yaml(dict(state)).splitlines() if state else []

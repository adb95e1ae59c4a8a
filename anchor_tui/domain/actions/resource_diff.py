"""The fields that a sync would change in a resource: the live and the predicted value.

Argo CD returns both normalized (`normalizedLiveState` and `predictedLiveState` of managed-resources): without ignored
differences, and with the values of Secrets masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.inspection.field_changes import list_field_changes, parse_state
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.model import ValueObject

MAX_FIELDS = 40
"""The maximum number of fields per application: more is not readable before a sync."""


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
        live, predicted = parse_state(item, "normalizedLiveState"), parse_state(item, "predictedLiveState")
        if predicted is None or (isinstance(item, Mapping) and item.get("hook")):
            continue
        if live is None:
            found.append(FieldDifference(ref))
        else:
            found += [
                FieldDifference(ref, change.path, change.live, change.predicted)
                for change in list_field_changes(live, predicted)
            ]
    return tuple(found[:MAX_FIELDS])

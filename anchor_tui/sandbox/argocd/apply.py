"""The result of `kubectl apply` on a live object.

Fields that git never set stay; fields that git no longer sets are removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource

Manifest = Mapping[str, Any]
MERGE_KEYS = ("name", "containerPort", "port", "mountPath")
"""The key by which lists of objects are merged, if every item has it."""
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def merge_applied(live: Manifest, last: Manifest, target: Manifest) -> dict[str, Any]:
    """Return the live object after an apply of `target`, where `last` was applied before."""
    merged = {}
    for key in dict.fromkeys((*live, *target)):
        if key not in target:
            if key not in last:
                merged[key] = live[key]
        elif key not in live:
            merged[key] = target[key]
        else:
            merged[key] = _merge_value(live[key], last.get(key), target[key])
    return merged


def _merge_value(live: Any, last: Any, target: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(live, Mapping) and isinstance(target, Mapping):
        return merge_applied(live, last if isinstance(last, Mapping) else {}, target)
    if isinstance(live, list) and isinstance(target, list) and (key := _find_merge_key(live, target)):
        before, wanted = _index_items(key, last if isinstance(last, list) else []), _index_items(key, target)
        kept = [item for item in live if item[key] in wanted or item[key] not in before]
        items = [_merge_value(item, before.get(item[key]), wanted.get(item[key], item)) for item in kept]
        return items + [item for item in target if item[key] not in _index_items(key, live)]
    return target


def _find_merge_key(*lists: list[Any]) -> str | None:
    items = [item for items in lists for item in items]
    found = (key for key in MERGE_KEYS if all(isinstance(item, Mapping) and key in item for item in items))
    return next(found, None) if items else None


def _index_items(key: str, items: list[Any]) -> dict[Any, Any]:
    return {item[key]: item for item in items if isinstance(item, Mapping) and key in item}


def resource_from_manifest(manifest: Manifest, namespace: str) -> RenderedResource:
    """Return the resource of a manifest; without a namespace it gets the destination's."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    metadata = {"namespace": namespace, **manifest["metadata"]}
    containers = manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
    return RenderedResource(
        group,
        version,
        manifest["kind"],
        metadata["namespace"],
        metadata["name"],
        {**manifest, "metadata": metadata},
        tuple(container["image"] for container in containers),
    )


def apply_merge_patch(value: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a JSON merge patch: null removes, objects merge, other values replace."""
    merged = dict(value)
    for key, change in patch.items():
        if change is None:
            merged.pop(key, None)
        elif isinstance(change, Mapping):
            below = merged.get(key)
            merged[key] = apply_merge_patch(below if isinstance(below, Mapping) else {}, change)
        else:
            merged[key] = change
    return merged

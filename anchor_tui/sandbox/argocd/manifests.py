"""An application's target and live manifests, as JSON text.

Shapes: `managed-resources*`, `manifests*` and `resource*` of the recordings.
"""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import LAST_APPLIED_ANNOTATION
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource
from anchor_tui.sandbox.clock import format_rfc3339

MASKED_VALUE = "++++++++"
"""What Argo CD sends instead of the values of a Secret."""


def serialize_managed_resources(app: ClusterApplication) -> dict[str, Any]:
    """GET …/managed-resources: `"null"` for a missing side; `{}` if the comparison failed.

    Hooks are not included.
    """
    if any(condition.type == "ComparisonError" for condition in app.conditions):
        return {}
    wanted = {resource.key: resource for resource in app.target}
    pairs = [(wanted.get(key), app.live.get(key)) for key in sorted(wanted.keys() | app.live.keys())]
    items = [_serialize_managed_resource(app, target, live) for target, live in pairs if not (live and live.is_hook)]
    return {"items": items} if items else {}


def _serialize_managed_resource(
    app: ClusterApplication, target: RenderedResource | None, live: ClusterObject | None
) -> dict[str, Any]:
    resource = target or (live.resource if live else None)
    assert resource is not None
    predicted = _predict_live_state(app, target, live)
    modified = target is not None and (live is None or not live.matches_target(target))
    return {
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "targetState": _encode_json(_add_tracking(app, target)) if target else "null",
        "liveState": _encode_json(build_live_manifest(app, live)) if live else "null",
        "normalizedLiveState": _encode_json(_normalize_manifest(build_live_manifest(app, live))) if live else "null",
        "predictedLiveState": predicted,
        **({"resourceVersion": str(live.version)} if live else {}),
        **({"modified": True} if modified else {}),
    }


def _normalize_manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    """Remove the fields that comparisons ignore."""
    manifest["metadata"].pop("creationTimestamp")
    manifest.pop("status", None)
    return manifest


def _predict_live_state(app: ClusterApplication, target: RenderedResource | None, live: ClusterObject | None) -> str:
    """Return the live state after a sync: the target with the cluster's own fields."""
    if target is None:
        return "null"
    if live is None:
        return _encode_json(_add_tracking(app, target))
    return _encode_json(_normalize_manifest(build_live_manifest(app, live, live.manifest_after_apply(target))))


def find_live_manifest(app: ClusterApplication, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    """GET …/resource: a live object of the application, or the masked Secret that its ExternalSecret creates."""
    for live in app.live.values():
        resource = live.resource
        if (resource.kind, resource.namespace, resource.name) == (kind, namespace, name):
            return build_live_manifest(app, live)
        creates = resource.manifest["spec"]["target"]["name"] if resource.kind == "ExternalSecret" else ""
        if kind == "Secret" and (resource.namespace, creates) == (namespace, name):
            return _build_masked_secret(app, resource)
    return None


def build_live_manifest(
    app: ClusterApplication, live: ClusterObject, content: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the manifest in the cluster: what was applied or changed, and the cluster's own fields."""
    manifest = _copy_with_tracking(app, live.resource, live.resource.manifest if content is None else content)
    metadata = manifest["metadata"]
    metadata["annotations"][LAST_APPLIED_ANNOTATION] = (
        _encode_json(_add_tracking(app, live.last_applied or live.resource)) + "\n"
    )
    metadata["creationTimestamp"] = format_rfc3339(live.created_at or app.created_at)
    metadata["generation"] = live.generation
    metadata["uid"] = find_object_uid(app, live)
    metadata["resourceVersion"] = str(live.version)
    if live.deleting:
        metadata["deletionTimestamp"] = format_rfc3339(live.deleting)
        metadata["deletionGracePeriodSeconds"] = 0
        metadata["finalizers"] = ["foregroundDeletion"]
    return manifest


def find_object_uid(app: ClusterApplication, live: ClusterObject) -> str:
    """Return the UID of an object: an object that is created again gets another one."""
    identity = "/".join((*live.resource.key, format_rfc3339(live.created_at or app.created_at)))
    return str(uuid.UUID(hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest()))


def _build_masked_secret(app: ClusterApplication, source: RenderedResource) -> dict[str, Any]:
    keys = sorted(entry["secretKey"] for entry in source.manifest["spec"]["data"])
    metadata = {"name": source.manifest["spec"]["target"]["name"], "namespace": source.namespace, "uid": app.uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": dict.fromkeys(keys, MASKED_VALUE),
    }


def _add_tracking(app: ClusterApplication, resource: RenderedResource) -> dict[str, Any]:
    return _copy_with_tracking(app, resource, resource.manifest)


def _copy_with_tracking(
    app: ClusterApplication, resource: RenderedResource, content: Mapping[str, Any]
) -> dict[str, Any]:
    manifest: dict[str, Any] = copy.deepcopy(dict(content))
    tracking = f"{app.name}:{resource.group}/{resource.kind}:{resource.namespace}/{resource.name}"
    manifest["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = tracking
    return manifest


def _encode_json(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, separators=(",", ":"), sort_keys=True)

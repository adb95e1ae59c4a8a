"""An application's manifests as Argo CD hands them out: target and live, side by side, each as JSON text.

Shapes: `managed-resources*`, `manifests*`, `resource*` and `syncwindows*` of the recordings.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from anchor_tui.sandbox.applications import Application, Live
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.render import Resource

MASK = "++++++++"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def managed_resources(app: Application) -> dict[str, Any]:
    """GET …/managed-resources: `"null"` stands where one side has nothing; `{}` where nothing could be compared."""
    if any(condition.type == "ComparisonError" for condition in app.conditions):
        return {}
    wanted = {resource.key: resource for resource in app.target}
    items = [_managed(app, wanted.get(key), app.live.get(key)) for key in sorted(wanted.keys() | app.live.keys())]
    return {"items": items} if items else {}


def _managed(app: Application, target: Resource | None, live: Live | None) -> dict[str, Any]:
    resource = target or (live.resource if live else None)
    assert resource is not None
    wanted = _text(_tracked(app, target)) if target else "null"
    found = _text(live_manifest(app, live)) if live else "null"
    predicted = _predicted(app, target, live)
    return {
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "targetState": wanted,
        "liveState": found,
        "normalizedLiveState": found,
        "predictedLiveState": predicted,
        **({"resourceVersion": str(app.resource_version)} if live else {}),
    }


def _predicted(app: Application, target: Resource | None, live: Live | None) -> str:
    """What would live after a sync: the target, in the live object's clothes."""
    if target is None:
        return "null"
    if live is None:
        return _text(_tracked(app, target))
    return _text(live_manifest(app, Live(target, live.health, live.message)))


def rendered(app: Application, target: tuple[Resource, ...]) -> dict[str, Any]:
    """GET …/manifests: the rendered manifests, without the namespace that the destination gives."""
    manifests = []
    for resource in target:
        manifest = _tracked(app, resource)
        manifest["metadata"].pop("namespace", None)
        manifests.append(_text(manifest))
    return {"manifests": manifests}


def live_object(app: Application, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    """GET …/resource: a live object of the application, or the Secret that its ExternalSecret makes, masked."""
    for live in app.live.values():
        resource = live.resource
        if (resource.kind, resource.namespace, resource.name) == (kind, namespace, name):
            return live_manifest(app, live)
        if (
            kind == "Secret"
            and resource.kind == "ExternalSecret"
            and (resource.namespace, name)
            == (
                namespace,
                resource.manifest["spec"]["target"]["name"],
            )
        ):
            return _secret(app, resource)
    return None


def live_manifest(app: Application, live: Live) -> dict[str, Any]:
    """What the cluster holds: what was applied, and what the cluster adds."""
    manifest = _tracked(app, live.resource)
    metadata = manifest["metadata"]
    metadata["annotations"][LAST_APPLIED] = _text(_tracked(app, live.resource)) + "\n"
    metadata["creationTimestamp"] = rfc3339(app.created_at)
    metadata["generation"] = 1
    metadata["uid"] = app.uid
    metadata["resourceVersion"] = str(app.resource_version)
    return manifest


def _secret(app: Application, source: Resource) -> dict[str, Any]:
    keys = sorted(entry["secretKey"] for entry in source.manifest["spec"]["data"])
    metadata = {"name": source.manifest["spec"]["target"]["name"], "namespace": source.namespace, "uid": app.uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": dict.fromkeys(keys, MASK),
    }


def _tracked(app: Application, resource: Resource) -> dict[str, Any]:
    manifest: dict[str, Any] = copy.deepcopy(dict(resource.manifest))
    tracking = f"{app.name}:{resource.group}/{resource.kind}:{resource.namespace}/{resource.name}"
    manifest["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = tracking
    return manifest


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, separators=(",", ":"), sort_keys=True)

"""An application's resource tree as JSON. Shapes: `resource-tree*` and `broken-KIND-tree` of the recordings."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.manifests import find_object_uid
from anchor_tui.sandbox.argocd.workloads.pods import NODE, ClusterPod, ReplicaSet, build_uid, list_replica_sets
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject

_WITHOUT_HEALTH = {"Secret", "ConfigMap"}


def serialize_tree(app: ClusterApplication) -> JsonObject:
    """GET …/resource-tree: live objects with what they own, and missing ones."""
    nodes = [node for live in app.live.values() for node in _build_nodes(app, live)]
    nodes += [
        {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
            "namespace": resource.namespace,
            "name": resource.name,
            "health": {"status": "Missing"},
        }
        for resource in app.target
        if resource.key not in app.live
    ]
    return {"nodes": nodes, "orphanedNodes": []} if nodes else {}


def _build_nodes(app: ClusterApplication, live: ClusterObject) -> Iterator[JsonObject]:
    resource, uid = live.resource, find_object_uid(app, live)
    node: JsonObject = {
        **({"group": resource.group} if resource.group else {}),
        "version": resource.version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "uid": uid,
        "resourceVersion": str(live.version),
        "createdAt": format_rfc3339(live.created_at or app.created_at),
    }
    if resource.kind not in _WITHOUT_HEALTH:
        node["health"] = {"status": live.health, **({"message": live.message} if live.message else {})}
    if resource.kind == "Service":
        node["networkingInfo"] = {"targetLabels": dict(resource.manifest.get("spec", {}).get("selector") or {})}
    yield node
    for replica_set in list_replica_sets(app, live):
        owner = uid
        if replica_set.kind == "ReplicaSet":
            yield _build_replica_set(live, replica_set, uid)
            owner = replica_set.uid
        for pod in replica_set.pods:
            yield _build_pod(pod, replica_set, owner)
    if resource.kind == "ExternalSecret" and live.health == "Healthy" and not _lacks_secret(app):
        name = resource.manifest["spec"]["target"]["name"]
        yield {
            "version": "v1",
            "kind": "Secret",
            "namespace": resource.namespace,
            "name": name,
            "uid": build_uid(app.uid, "Secret", name),
            "parentRefs": [_build_owner(resource.group, resource.kind, resource.namespace, resource.name, uid)],
            "resourceVersion": str(live.version),
            "createdAt": node["createdAt"],
        }


def _lacks_secret(app: ClusterApplication) -> bool:
    return any(live.failure == "secret" for live in app.live.values())


def _build_replica_set(live: ClusterObject, replica_set: ReplicaSet, owner_uid: str) -> JsonObject:
    resource = live.resource
    health: JsonObject = {"status": "Healthy" if live.health == "Healthy" else "Progressing"}
    if replica_set.refused:
        health = {"status": "Degraded", "message": replica_set.refused}
    elif live.health != "Healthy":
        health["message"] = "Waiting for rollout to finish: 0 out of 1 new replicas are available..."
    return {
        "group": "apps",
        "version": "v1",
        "kind": "ReplicaSet",
        "namespace": resource.namespace,
        "name": replica_set.name,
        "uid": replica_set.uid,
        "parentRefs": [_build_owner(resource.group, resource.kind, resource.namespace, resource.name, owner_uid)],
        "info": [{"name": "Revision", "value": f"Rev:{live.generation}"}],
        "resourceVersion": str(live.version),
        "health": health,
        "createdAt": format_rfc3339(replica_set.created_at),
    }


def _build_pod(pod: ClusterPod, replica_set: ReplicaSet, owner_uid: str) -> JsonObject:
    status, message = pod.health
    failure = pod.failure
    info: list[JsonObject] = [{"name": "Status Reason", "value": pod.status_reason}]
    info.append({"name": "Node", "value": NODE} if pod.is_scheduled else {"name": "Node"})
    info.append({"name": "Containers", "value": "1/1" if status == "Healthy" else "0/1"})
    if failure and failure.restarts:
        info.append({"name": "Restart Count", "value": str(failure.restarts)})
    return {
        "version": "v1",
        "kind": "Pod",
        "namespace": pod.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "parentRefs": [_build_owner(replica_set.group, replica_set.kind, pod.namespace, replica_set.name, owner_uid)],
        "info": info,
        "networkingInfo": {"labels": dict(pod.labels)},
        "images": [str(container["image"]) for container in pod.containers],
        "health": {"status": status, **({"message": message} if message else {})},
        "createdAt": format_rfc3339(pod.created_at),
    }


def _build_owner(group: str, kind: str, namespace: str, name: str, uid: str) -> JsonObject:
    owner: JsonObject = {"group": group} if group else {}
    return owner | {"version": "v1", "kind": kind, "namespace": namespace, "name": name, "uid": uid}

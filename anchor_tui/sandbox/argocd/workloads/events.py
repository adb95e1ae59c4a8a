"""Events about resources, as JSON. Shapes: `events*` and `broken-KIND-events` of the recordings."""

from __future__ import annotations

from datetime import datetime, timedelta

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.workloads.pods import NODE, ClusterPod, ReplicaSet, build_uid, list_replica_sets
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject


def serialize_events(app: ClusterApplication, uid: str, now: datetime) -> JsonObject:
    """GET …/events: those about the resource with this uid, or about the application itself if it is empty."""
    items = _build_application_events(app) if not uid else _build_resource_events(app, uid, now)
    return {"metadata": {"resourceVersion": str(app.resource_version)}, "items": items}


def _build_application_events(app: ClusterApplication) -> list[JsonObject]:
    """Return the events of the controller: each deployment, and the present status."""
    involved = {"kind": "Application", "namespace": app.namespace, "name": app.name, "uid": app.uid}
    involved["apiVersion"] = "argoproj.io/v1alpha1"
    events = []
    for entry in app.history[-3:]:
        at = datetime.fromisoformat(entry["deployedAt"])
        message = f"Sync operation to {entry['revision']} succeeded"
        events.append(_build_event(involved, "Normal", "OperationCompleted", message, at, 1, "argocd-server"))
    if app.health_since:
        message = f"Updated health status: Progressing -> {app.health}"
        events.append(
            _build_event(
                involved, "Normal", "ResourceUpdated", message, app.health_since, 1, "argocd-application-controller"
            )
        )
    return events


def _build_resource_events(app: ClusterApplication, uid: str, now: datetime) -> list[JsonObject]:
    for live in app.live.values():
        for replica_set in list_replica_sets(app, live):
            if replica_set.uid == uid and replica_set.refused:
                return _build_refusals(app, live.failure, replica_set, now)
            for pod in replica_set.pods:
                if pod.uid == uid:
                    return _build_pod_events(pod, now)
    return []


def _build_pod_events(pod: ClusterPod, now: datetime) -> list[JsonObject]:
    involved = {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid, "apiVersion": "v1"}
    events = []
    if pod.is_scheduled:
        message = f"Successfully assigned {pod.namespace}/{pod.name} to {NODE}"
        events.append(_build_event(involved, "Normal", "Scheduled", message, pod.created_at, 1, "default-scheduler"))
    container = {**involved, "fieldPath": f"spec.containers{{{pod.containers[0]['name']}}}"}
    for event in pod.failure.events if pod.failure else ():
        at = max(pod.created_at + timedelta(seconds=2), now - timedelta(seconds=40))
        about = involved if event.reason in {"FailedScheduling", "FailedMount", "Evicted"} else container
        component = "default-scheduler" if event.reason == "FailedScheduling" else "kubelet"
        first = pod.created_at + timedelta(seconds=2)
        message = pod.fill(event.message)
        events.append(_build_event(about, "Warning", event.reason, message, at, event.count, component, first))
    return events


def _build_refusals(app: ClusterApplication, kind: str, replica_set: ReplicaSet, now: datetime) -> list[JsonObject]:
    del kind
    involved = {"kind": "ReplicaSet", "name": replica_set.name, "uid": replica_set.uid, "apiVersion": "apps/v1"}
    involved["namespace"] = str(app.spec["destination"]["namespace"])
    message = f"Error creating: {replica_set.refused}"
    at = max(replica_set.created_at, now - timedelta(seconds=20))
    return [
        _build_event(
            involved, "Warning", "FailedCreate", message, at, 12, "replicaset-controller", replica_set.created_at
        )
    ]


def _build_event(
    involved: JsonObject,
    type_: str,
    reason: str,
    message: str,
    at: datetime,
    count: int,
    component: str,
    first: datetime | None = None,
) -> JsonObject:
    identity = build_uid(str(involved["uid"]), reason, message)
    return {
        "metadata": {
            "name": f"{involved['name']}.{identity[:16].replace('-', '')}",
            "namespace": involved.get("namespace", ""),
            "uid": identity,
            "creationTimestamp": format_rfc3339(first or at),
        },
        "involvedObject": dict(involved),
        "reason": reason,
        "message": message,
        "source": {"component": component, **({"host": NODE} if component == "kubelet" else {})},
        "firstTimestamp": format_rfc3339(first or at),
        "lastTimestamp": format_rfc3339(at),
        "count": count,
        "type": type_,
        "eventTime": None,
    }

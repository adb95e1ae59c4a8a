"""Applications as Argo CD's JSON. False and empty values are left out, as on a real server."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ResourceComparison
from anchor_tui.sandbox.argocd.apply import LAST_APPLIED_ANNOTATION
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject

REFRESH_ANNOTATION = "argocd.argoproj.io/refresh"
HYDRATE_ANNOTATION = "argocd.argoproj.io/hydrate"


def serialize_application(app: ClusterApplication, *, with_health: bool = True) -> JsonObject:
    """Return an application as in GET and watch; resources in a list have no health."""
    document: JsonObject = {
        "metadata": _serialize_metadata(app),
        "spec": app.spec,
        "status": _serialize_status(app, with_health),
    }
    if app.operation is not None:
        document["operation"] = app.operation
    return document


def _serialize_metadata(app: ClusterApplication) -> JsonObject:
    annotations = {**app.annotations, LAST_APPLIED_ANNOTATION: _build_last_applied(app)}
    if app.refresh:
        annotations[REFRESH_ANNOTATION] = app.refresh
    if app.hydrated:
        annotations[HYDRATE_ANNOTATION] = app.hydrated
    metadata: JsonObject = {
        "name": app.name,
        "namespace": app.namespace,
        "uid": app.uid,
        "resourceVersion": str(app.resource_version),
        "generation": app.generation,
        "creationTimestamp": format_rfc3339(app.created_at),
    }
    if app.deleted_at:
        metadata["deletionTimestamp"] = format_rfc3339(app.deleted_at)
        metadata["deletionGracePeriodSeconds"] = 0
    if app.labels:
        metadata["labels"] = dict(app.labels)
    metadata["annotations"] = dict(sorted(annotations.items()))
    if app.deleted_at:
        metadata["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    metadata["managedFields"] = _build_managed_fields(app)
    return metadata


def _build_manifest(app: ClusterApplication) -> JsonObject:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "annotations": {},
            "labels": dict(app.labels),
            "name": app.name,
            "namespace": app.namespace,
        },
        "spec": app.spec,
    }


def _build_last_applied(app: ClusterApplication) -> str:
    return msgspec.json.encode(_build_manifest(app), order="sorted").decode() + "\n"


def _build_fields(value: object, *, root: bool = False) -> JsonObject:
    """Return the structure of a value as in managedFields."""
    if not isinstance(value, Mapping):
        return {}
    own: JsonObject = {} if root else {".": {}}
    return own | {f"f:{key}": _build_fields(below) for key, below in sorted(value.items())}


STATUS_FIELDS = _build_fields(
    {
        "controllerNamespace": "",
        "health": {"lastTransitionTime": "", "status": ""},
        "reconciledAt": "",
        "resources": [],
        "summary": {"images": []},
        "sync": {"revision": "", "status": ""},
    }
)


def _build_managed_fields(app: ClusterApplication) -> list[JsonObject]:
    def entry(manager: str, time: str, fields: JsonObject) -> JsonObject:
        return {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }

    metadata = _build_fields({"annotations": {LAST_APPLIED_ANNOTATION: ""}, "labels": dict(app.labels)}, root=True)
    created = format_rfc3339(app.created_at)
    return [
        entry("kubectl-client-side-apply", created, {"f:metadata": metadata, "f:spec": _build_fields(app.spec)}),
        entry(
            "argocd-application-controller",
            format_rfc3339(app.written_at or app.created_at),
            {"f:status": STATUS_FIELDS},
        ),
    ]


def _serialize_status(app: ClusterApplication, with_health: bool) -> JsonObject:
    status: JsonObject = {}
    resources = [_serialize_resource(comparison, with_health) for comparison in app.compare_resources()]
    if resources:
        status["resources"] = resources
    compared_to = {key: app.spec[key] for key in ("source", "sources", "destination") if key in app.spec}
    if any(condition.type == "InvalidSpecError" for condition in app.conditions):
        compared_to = {"source": {"repoURL": ""}, "destination": {}}
    status["sync"] = {"status": app.sync, "comparedTo": compared_to}
    if app.revision:
        status["sync"]["revision"] = app.revision
    status["health"] = {"status": app.health}
    if app.health_since:
        status["health"]["lastTransitionTime"] = format_rfc3339(app.health_since)
    if app.history:
        status["history"] = list(app.history)
    if app.conditions:
        status["conditions"] = [
            {
                "type": condition.type,
                "message": condition.message,
                "lastTransitionTime": format_rfc3339(condition.since),
            }
            for condition in app.conditions
        ]
    if app.reconciled_at:
        status["reconciledAt"] = format_rfc3339(app.reconciled_at)
    if app.operation_state:
        status["operationState"] = app.operation_state
    if app.target:
        status["sourceType"] = "Helm"
    status["summary"] = {"images": list(app.images)} if app.images else {}
    status["resourceHealthSource"] = "appTree"
    status["controllerNamespace"] = "argocd"
    status["sourceHydrator"] = {}
    return status


def _serialize_resource(comparison: ResourceComparison, with_health: bool) -> JsonObject:
    resource = comparison.resource
    line: JsonObject = {"group": resource.group} if resource.group else {}
    line |= {
        "version": resource.version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }
    if not comparison.hook:
        line["status"] = comparison.status
    if with_health:
        health: JsonObject = {"status": comparison.health}
        if comparison.message:
            health["message"] = comparison.message
        line["health"] = health
    if comparison.hook:
        line["hook"] = True
    if comparison.prunable:
        line["requiresPruning"] = True
    if comparison.asks_before_deletion:
        line["requiresDeletionConfirmation"] = True
    return line

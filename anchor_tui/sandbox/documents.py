"""Applications as the JSON that Argo CD sends. False and empty values are left out, as there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from anchor_tui.sandbox.applications import Application, ResourceStatus
from anchor_tui.sandbox.clock import rfc3339

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
REFRESH = "argocd.argoproj.io/refresh"
HYDRATE = "argocd.argoproj.io/hydrate"
Document = dict[str, Any]


def application_document(app: Application, *, with_health: bool = True) -> Document:
    """An application as GET and watch send it; in a list the resources come without health."""
    document: Document = {"metadata": _metadata(app), "spec": app.spec, "status": _status(app, with_health)}
    if app.operation is not None:
        document["operation"] = app.operation
    return document


def _metadata(app: Application) -> Document:
    annotations = {**app.annotations, LAST_APPLIED: _last_applied(app)}
    if app.refresh:
        annotations[REFRESH] = app.refresh
    if app.hydrated:
        annotations[HYDRATE] = app.hydrated
    metadata: Document = {
        "name": app.name,
        "namespace": app.namespace,
        "uid": app.uid,
        "resourceVersion": str(app.resource_version),
        "generation": app.generation,
        "creationTimestamp": rfc3339(app.created_at),
    }
    if app.deleted_at:
        metadata["deletionTimestamp"] = rfc3339(app.deleted_at)
        metadata["deletionGracePeriodSeconds"] = 0
    if app.labels:
        metadata["labels"] = dict(app.labels)
    metadata["annotations"] = dict(sorted(annotations.items()))
    if app.deleted_at:
        metadata["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    metadata["managedFields"] = _managed_fields(app)
    return metadata


def _manifest(app: Application) -> Document:
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


def _last_applied(app: Application) -> str:
    return msgspec.json.encode(_manifest(app), order="sorted").decode() + "\n"


def _fields(value: object, *, root: bool = False) -> Document:
    """The shape of a value as managedFields has it."""
    if not isinstance(value, Mapping):
        return {}
    own: Document = {} if root else {".": {}}
    return own | {f"f:{key}": _fields(below) for key, below in sorted(value.items())}


STATUS_FIELDS = _fields(
    {
        "controllerNamespace": "",
        "health": {"lastTransitionTime": "", "status": ""},
        "reconciledAt": "",
        "resources": [],
        "summary": {"images": []},
        "sync": {"revision": "", "status": ""},
    }
)


def _managed_fields(app: Application) -> list[Document]:
    def entry(manager: str, time: str, fields: Document) -> Document:
        return {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }

    metadata = _fields({"annotations": {LAST_APPLIED: ""}, "labels": dict(app.labels)}, root=True)
    created = rfc3339(app.created_at)
    return [
        entry("kubectl-client-side-apply", created, {"f:metadata": metadata, "f:spec": _fields(app.spec)}),
        entry(
            "argocd-application-controller",
            rfc3339(app.written_at or app.created_at),
            {"f:status": STATUS_FIELDS},
        ),
    ]


def _status(app: Application, with_health: bool) -> Document:
    status: Document = {}
    resources = [_resource(each, with_health) for each in app.resources()]
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
        status["health"]["lastTransitionTime"] = rfc3339(app.health_since)
    if app.history:
        status["history"] = list(app.history)
    if app.conditions:
        status["conditions"] = [
            {"type": each.type, "message": each.message, "lastTransitionTime": rfc3339(each.since)}
            for each in app.conditions
        ]
    if app.reconciled_at:
        status["reconciledAt"] = rfc3339(app.reconciled_at)
    if app.operation_state:
        status["operationState"] = app.operation_state
    if app.target:
        status["sourceType"] = "Helm"
    status["summary"] = {"images": list(app.images)} if app.images else {}
    status["resourceHealthSource"] = "appTree"
    status["controllerNamespace"] = "argocd"
    status["sourceHydrator"] = {}
    return status


def _resource(each: ResourceStatus, with_health: bool) -> Document:
    resource = each.resource
    line: Document = {"group": resource.group} if resource.group else {}
    line |= {
        "version": resource.version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }
    if not each.hook:
        line["status"] = each.status
    if with_health:
        health: Document = {"status": each.health}
        if each.message:
            health["message"] = each.message
        line["health"] = health
    if each.hook:
        line["hook"] = True
    if each.prunable:
        line["requiresPruning"] = True
    if each.asks:
        line["requiresDeletionConfirmation"] = True
    return line

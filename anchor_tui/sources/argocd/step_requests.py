"""The requests to Argo CD that carry out a step. Pure functions; `application_api` sends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import (
    REQUEST_INFO,
    DeleteResource,
    Refresh,
    RunResourceAction,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.argocd.endpoints import application_path, application_query, resource_query

ArgoCDStep: TypeAlias = Refresh | Sync | Terminate | RunResourceAction | DeleteResource
REASON_INFO = "Reason"
DELETION_APPROVED = "argocd.argoproj.io/deletion-approved"


def build_argocd_request(step: ArgoCDStep) -> ApiRequest:
    """Return the request that carries out a step."""
    match step:
        case Refresh():
            return _refresh_request(step)
        case Sync():
            return _sync_request(step)
        case Terminate():
            return ApiRequest("argocd", "DELETE", f"{_path(step.app)}/operation", _query(step.app))
        case RunResourceAction():
            return _resource_action_request(step)
        case DeleteResource():
            query = _query(step.app) | resource_query(step.resource, step.version)
            options = {"force": "false", "orphan": "false"}
            return ApiRequest("argocd", "DELETE", f"{_path(step.app)}/resource", query | options)


def build_approval_request(step: WaitForOperation, approved_at: datetime) -> ApiRequest:
    """Return the PATCH that approves the deletion of resources with `Prune=confirm`.

    The operation ignores an approval that is older than itself: `approved_at` must not be before its start.
    """
    moment = approved_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = json.dumps({"metadata": {"annotations": {DELETION_APPROVED: moment}}}, separators=(",", ":"))
    body = {"patch": patch, "patchType": "merge", **_query(step.app)}
    return ApiRequest("argocd", "PATCH", _path(step.app), {}, body)


def _refresh_request(step: Refresh) -> ApiRequest:
    """Return a GET with `refresh`, which sets an annotation and answers when the annotation is gone."""
    query = _query(step.app) | {"refresh": "hard" if step.hard else "normal"}
    return ApiRequest("argocd", "GET", _path(step.app), query)


def _sync_request(step: Sync) -> ApiRequest:
    """Return a POST without `syncOptions`: they would replace the application's own options."""
    infos = [{"name": REQUEST_INFO, "value": step.request_id}]
    if step.reason:
        infos.insert(0, {"name": REASON_INFO, "value": step.reason})
    body: dict[str, Any] = {"prune": step.prune, "dryRun": step.dry_run, "infos": infos, **_query(step.app)}
    if step.revision:
        body["revision"] = step.revision
    if step.resources:
        body["resources"] = [
            {"group": ref.group, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
            for ref in step.resources
        ]
    return ApiRequest("argocd", "POST", f"{_path(step.app)}/sync", {}, body)


def _resource_action_request(step: RunResourceAction) -> ApiRequest:
    """Return a POST with everything in its body, as Argo CD 3.1 and later expect it."""
    parameters = [{"name": name, "value": value} for name, value in step.parameters.items()]
    body: dict[str, Any] = {
        "name": step.app.id.name,
        **_query(step.app),
        **resource_query(step.resource, step.version),
        "action": step.action,
    }
    if parameters:
        body["resourceActionParameters"] = parameters
    return ApiRequest("argocd", "POST", f"{_path(step.app)}/resource/actions/v2", {}, body)


def _path(app: ApplicationRef) -> str:
    return f"/{application_path(app.id)}"


def _query(app: ApplicationRef) -> dict[str, str]:
    return application_query(app.id, app.project)

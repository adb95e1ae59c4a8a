"""The actions on one resource: the list that Argo CD offers, `actions/v2`, and the deletion of a pod.

Shapes and refusals: `resource-action*` of the recordings.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import apply_merge_patch, resource_from_manifest
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.request_bodies import parse_body
from anchor_tui.sandbox.argocd.responses import GrpcError, json_response
from anchor_tui.sandbox.argocd.sessions import ArgoCDSession
from anchor_tui.sandbox.argocd.workloads.pods import list_replica_sets
from anchor_tui.sandbox.argocd.writes import FindApplication
from anchor_tui.sandbox.clock import Clock, format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
ACTION_FIELDS: dict[str, type] = {
    "namespace": str,
    "resourceName": str,
    "version": str,
    "group": str,
    "kind": str,
    "action": str,
    "appNamespace": str,
    "project": str,
    "resourceActionParameters": list,
}
ActionRoute = tuple[str, str, Callable[[Request], Awaitable[Response]]]


class ResourceActionRoutes:
    """The routes. `authenticate` and `find_application` are those of the server."""

    def __init__(
        self,
        controller: ApplicationController,
        clock: Clock,
        authenticate: Callable[[Request], ArgoCDSession],
        find_application: FindApplication,
        wake: Callable[[], None],
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._authenticate = authenticate
        self._find_application = find_application
        self._wake = wake

    def list_routes(self) -> tuple[ActionRoute, ...]:
        """Return path, method and endpoint of each route."""
        resource = "/api/v1/applications/{name}/resource"
        return (
            (f"{resource}/actions", "GET", self.list_actions),
            (f"{resource}/actions/v2", "POST", self.run_action),
            (resource, "DELETE", self.delete_resource),
        )

    async def list_actions(self, request: Request) -> Response:
        """GET …/resource/actions."""
        self._authenticate(request)
        app = self._find_requested(request, request.query_params)
        query = request.query_params
        if query.get("kind") == "Pod":
            self._find_pod(app, query)
            return json_response(request, {})
        actions = build_actions(_find_live_object(app, query))
        return json_response(request, {"actions": actions} if actions else {})

    async def run_action(self, request: Request) -> Response:
        """POST …/resource/actions/v2: everything is in the body."""
        fields = parse_body(await request.body(), "ResourceActionRunRequestV2", ACTION_FIELDS)
        session, app = self._authenticate(request), self._find_requested(request, fields)
        if not session.is_allowed("applications", "action", app.rbac_name):
            raise GrpcError(7, "permission denied")
        live, action = _find_live_object(app, fields), fields.get("action", "")
        if action not in {offered["name"] for offered in build_actions(live)}:
            raise GrpcError(2, f"error getting Lua resource action: action {action} does not exist")
        parameters = {str(item.get("name")): item.get("value") for item in fields.get("resourceActionParameters", ())}
        self._carry_out(app, live, action, parameters)
        self._wake()
        return json_response(request, {})

    async def delete_resource(self, request: Request) -> Response:
        """DELETE …/resource: of pods only; their workload creates them again."""
        query = request.query_params
        session, app = self._authenticate(request), self._find_requested(request, query)
        if not session.is_allowed("applications", "delete", app.rbac_name):
            raise GrpcError(7, "permission denied")
        if query.get("kind") != "Pod":
            raise GrpcError(3, f"deletion of {query.get('kind')} is not supported here")
        live, number = self._find_pod(app, query)
        self._controller.replace_pod(app, live, number, self._clock.now())
        self._wake()
        return json_response(request, {})

    def _find_requested(self, request: Request, fields: Mapping[str, Any]) -> ClusterApplication:
        return self._find_application(
            request.path_params["name"], fields.get("appNamespace") or "", fields.get("project") or ""
        )

    @staticmethod
    def _find_pod(app: ClusterApplication, fields: Mapping[str, Any]) -> tuple[ClusterObject, int]:
        """Return the workload of a pod, and the number of the pod in it. Raises GrpcError if it does not exist."""
        wanted = fields.get("namespace", ""), fields.get("resourceName", "")
        for live in app.live.values():
            for replica_set in list_replica_sets(app, live):
                for number, pod in enumerate(replica_set.pods):
                    if (pod.namespace, pod.name) == wanted:
                        return live, number
        raise GrpcError(3, f"Pod  {wanted[1]} not found as part of application {app.name}")

    def _carry_out(
        self, app: ClusterApplication, live: ClusterObject, action: str, parameters: Mapping[str, object]
    ) -> None:
        at = self._clock.now()
        match action:
            case "restart":
                template = {"metadata": {"annotations": {RESTARTED_AT: format_rfc3339(at)}}}
                self._change_spec(live, {"template": template})
                self._controller.roll_out(app, live, at)
            case "pause":
                self._change_spec(live, {"paused": True})
                live.health, live.message = "Suspended", "Deployment is paused"
            case "resume":
                self._change_spec(live, {"paused": None})
                self._controller.roll_out(app, live, at)
            case "scale":
                replicas = str(parameters.get("replicas", ""))
                if not replicas.isdecimal():
                    raise GrpcError(2, f"invalid number: {replicas}")
                self._change_spec(live, {"replicas": int(replicas)})
                self._controller.roll_out(app, live, at)
            case "retry":
                self._controller.retry_job(app, live, at)
        app.update_health(at)
        self._controller.on_cluster_change(app, at)

    @staticmethod
    def _change_spec(live: ClusterObject, spec: JsonObject) -> None:
        """Apply a merge patch to the spec of a live object, beside what git sets."""
        live.last_applied = live.last_applied or live.resource
        manifest = apply_merge_patch(live.resource.manifest, {"spec": spec})
        live.resource = resource_from_manifest(manifest, live.resource.namespace)
        live.generation += 1


def build_actions(live: ClusterObject) -> list[JsonObject]:
    """Return the actions that Argo CD offers for an object."""
    resource = live.resource
    if resource.kind == "Job":
        retry: JsonObject = {"name": "retry", "iconClass": "fa fa-fw fa-redo"}
        return [retry if live.health == "Degraded" else {**retry, "disabled": True}]
    if resource.kind != "Deployment":
        return []
    is_paused = bool(resource.manifest["spec"].get("paused"))
    resume: JsonObject = {"name": "resume", "iconClass": "fa fa-fw fa-play-circle"}
    pause: JsonObject = {"name": "pause", "iconClass": "fa fa-fw fa-pause-circle"}
    return [
        {"name": "restart", "iconClass": "fa fa-fw fa-redo"},
        resume if is_paused else {**resume, "disabled": True},
        {"name": "scale", "params": [{"name": "replicas"}], "iconClass": "fa fa-fw fa-plus-circle"},
        {**pause, "disabled": True} if is_paused else pause,
    ]


def _find_live_object(app: ClusterApplication, fields: Mapping[str, Any]) -> ClusterObject:
    key = tuple(fields.get(name, "") for name in ("group", "kind", "namespace", "resourceName"))
    for live in app.live.values():
        if live.resource.key == key:
            return live
    raise GrpcError(3, f"{key[1]} {key[0]} {key[3]} not found as part of application {app.name}")

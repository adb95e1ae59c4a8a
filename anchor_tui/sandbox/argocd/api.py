"""Argo CD's HTTP API over an `ApplicationController`.

Responses, errors and oddities are those of tests/recordings/argocd.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.encoded_applications import EncodedApplications
from anchor_tui.sandbox.argocd.projections import InvalidFieldsError, make_list_projection, make_watch_projection
from anchor_tui.sandbox.argocd.responses import (
    ContentTypeMiddleware,
    GrpcError,
    encoded_response,
    error_response,
    json_response,
    plain_error_response,
    stream_error_response,
)
from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.argocd.server_info import BUILD_INFO, CAN_I_RESOURCES, PUBLIC_SETTINGS, SETTINGS
from anchor_tui.sandbox.argocd.sessions import ArgoCDSession, TokenIssuer, UnauthorizedError
from anchor_tui.sandbox.argocd.stream import EVENT_STREAM, HEARTBEAT_S, WatchRequest, WatchResponse
from anchor_tui.sandbox.argocd.sync_windows import serialize_project, serialize_sync_windows
from anchor_tui.sandbox.argocd.workloads.actions import ResourceActionRoutes
from anchor_tui.sandbox.argocd.workloads.api import InspectionRoutes
from anchor_tui.sandbox.argocd.writes import ApplicationWrites
from anchor_tui.sandbox.clock import Clock, format_rfc3339
from anchor_tui.sandbox.faults.switches import FaultSwitches

ARGOCD_NAMESPACE = "argocd"
SHA_LENGTH = 40
ArgumentT = TypeVar("ArgumentT")
Endpoint = Callable[[Request], Awaitable[Response]]


class ArgoCDServer:
    """The API server. It accepts the tokens that `sessions` issues."""

    def __init__(
        self,
        controller: ApplicationController,
        clock: Clock,
        faults: FaultSwitches,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.controller = controller
        self.sessions = TokenIssuer(clock)
        self.closing = asyncio.Event()
        self._clock = clock
        self._faults = faults
        self._heartbeat_s = heartbeat_s
        self._wake = wake
        self.encoded = EncodedApplications()
        self._sorted: list[ClusterApplication] = []
        self._writes = ApplicationWrites(controller, clock, self._find_application)
        inspection = InspectionRoutes(controller, clock, self._authenticate, self._find_requested, self.closing)
        actions = ResourceActionRoutes(controller, clock, self._authenticate, self._find_application, wake)
        self.app: ASGIApp = ContentTypeMiddleware(
            Starlette(
                routes=[
                    self._route("/api/version", self.get_version),
                    self._route("/api/v1/settings", self.get_settings),
                    self._route("/api/v1/account/can-i/{resource}/{action}/{subresource:path}", self.get_permission),
                    self._route("/api/v1/applications", self.list_applications),
                    self._route("/api/v1/applications/{name}", self.get_application, "GET", "PATCH"),
                    self._route("/api/v1/applications/{name}/sync", self.sync_application, "POST"),
                    self._route("/api/v1/applications/{name}/operation", self.terminate_operation, "DELETE"),
                    self._route("/api/v1/applications/{name}/managed-resources", self.get_managed_resources),
                    self._route("/api/v1/applications/{name}/syncwindows", self.get_sync_windows),
                    self._route(
                        "/api/v1/applications/{name}/revisions/{revision}/metadata", self.get_revision_metadata
                    ),
                    self._route("/api/v1/projects/{name}", self.get_project),
                    self._route("/api/v1/stream/applications", self.watch_applications),
                    *(self._route(path, endpoint) for path, endpoint in inspection.list_routes()),
                    *(self._route(path, endpoint, method) for path, method, endpoint in actions.list_routes()),
                ],
                exception_handlers={404: plain_error_response, 405: plain_error_response},
            )
        )

    @staticmethod
    def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
        async def respond(request: Request) -> Response:
            try:
                return await endpoint(request)
            except UnauthorizedError as error:
                return error_response(request, 16, str(error))
            except GrpcError as error:
                return error_response(request, error.code, error.message)

        return Route(path, respond, methods=methods or ["GET"])

    # --- accounts --------------------------------------------------------------------------------

    def _authenticate(self, request: Request) -> ArgoCDSession:
        if self._faults.is_active("argocd", "invalid-token"):
            raise UnauthorizedError("invalid session: token is revoked, please re-login")
        return self.sessions.authenticate(request.headers)

    def _authenticate_or_none(self, request: Request) -> ArgoCDSession | None:
        try:
            return self._authenticate(request)
        except UnauthorizedError:
            return None

    async def get_version(self, request: Request) -> Response:
        """GET /api/version: the version for everyone, build details only with a token."""
        full = self._authenticate_or_none(request) is not None
        return json_response(request, BUILD_INFO if full else {"Version": BUILD_INFO["Version"]})

    async def get_settings(self, request: Request) -> Response:
        """GET /api/v1/settings: fewer fields without a token."""
        return json_response(request, SETTINGS if self._authenticate_or_none(request) else PUBLIC_SETTINGS)

    async def get_permission(self, request: Request) -> Response:
        """GET /api/v1/account/can-i/…: `yes` or `no`."""
        session = self._authenticate(request)
        resource, action = request.path_params["resource"], request.path_params["action"]
        if resource not in CAN_I_RESOURCES:
            raise GrpcError(3, f"[{' '.join(CAN_I_RESOURCES)}] does not contain {resource}")
        allowed = session.is_allowed(resource, action, request.path_params["subresource"])
        return json_response(request, {"value": "yes" if allowed else "no"})

    # --- applications ----------------------------------------------------------------------------

    async def list_applications(self, request: Request) -> Response:
        """GET /api/v1/applications."""
        self._authenticate(request)
        query = request.query_params
        matches = self._make_filter(request, namespace_alone=True)
        try:
            project = make_list_projection(query["fields"]) if query.get("fields") else None
        except InvalidFieldsError:
            return json_response(request, {"error": "failed to marshal error message"}, 500)
        apps = filter(matches, self._sort_applications())
        found = self.encoded.encode_list(
            self.controller.resource_version,
            apps,
            lambda app: self.encoded.encode_list_item(app, query.get("fields", ""), project),
        )
        return encoded_response(request, found.body, compress=lambda _body: found.compressed)

    def _sort_applications(self) -> list[ClusterApplication]:
        """Return all applications by name. They are sorted again when one is added or removed."""
        known = self.controller.applications
        if len(self._sorted) != len(known) or any(known.get(app.key) is not app for app in self._sorted):
            self._sorted = sorted(known.values(), key=lambda app: (app.name, app.namespace))
        return self._sorted

    async def get_application(self, request: Request) -> Response:
        """GET and PATCH /api/v1/applications/{name}; `refresh` waits for the comparison."""
        if request.method == "PATCH":
            return await self._write(request, self._writes.patch_application, await request.body())
        self._authenticate(request)
        app = self._find_requested(request)
        kind = request.query_params.get("refresh")
        if kind:
            await self._refresh(app, "hard" if kind == "hard" else "normal")
        return json_response(request, serialize_application(app))

    async def sync_application(self, request: Request) -> Response:
        """POST …/sync."""
        return await self._write(request, self._writes.sync_application, await request.body())

    async def terminate_operation(self, request: Request) -> Response:
        """DELETE …/operation."""
        return await self._write(request, self._writes.terminate_operation, request.query_params)

    async def _write(
        self, request: Request, write: Callable[[Callable[[], ArgoCDSession], str, ArgumentT], Any], argument: ArgumentT
    ) -> Response:
        document = write(lambda: self._authenticate(request), request.path_params["name"], argument)
        self._wake()
        return json_response(request, document)

    async def get_managed_resources(self, request: Request) -> Response:
        """GET …/managed-resources: target and live state of every resource."""
        self._authenticate(request)
        return encoded_response(request, self.encoded.encode_managed_resources(self._find_requested(request)))

    async def get_sync_windows(self, request: Request) -> Response:
        """GET …/syncwindows."""
        self._authenticate(request)
        windows = self.controller.list_windows(self._find_requested(request))
        return json_response(request, serialize_sync_windows(windows, self._clock.now()))

    async def get_project(self, request: Request) -> Response:
        """GET /api/v1/projects/{name}: its sync windows only."""
        self._authenticate(request)
        name = request.path_params["name"]
        if name not in {app.project for app in self.controller.applications.values()}:
            raise GrpcError(5, f'appprojects.argoproj.io "{name}" not found')
        return json_response(request, serialize_project(name, self.controller.windows))

    async def get_revision_metadata(self, request: Request) -> Response:
        """GET …/revisions/{revision}/metadata: for full commit ids only."""
        self._authenticate(request)
        self._find_requested(request)
        revision = request.path_params["revision"]
        if len(revision) != SHA_LENGTH:
            raise GrpcError(2, f"revision {revision} must be resolved")
        commit = self.controller.find_commit(revision)
        if commit is None:
            raise GrpcError(2, f"rpc error: code = Internal desc = Failed to checkout revision {revision}")
        author = f"{commit.author.name} <{commit.author.email}>"
        found = {"author": author, "date": format_rfc3339(commit.time), "message": commit.message}
        return json_response(request, found)

    async def watch_applications(self, request: Request) -> Response:
        """GET /api/v1/stream/applications."""
        query = request.query_params
        as_events = request.headers.get("accept") == EVENT_STREAM
        fields = query.get("fields", "")
        project = make_watch_projection(fields) if fields else lambda line: line
        try:
            self._authenticate(request)
        except UnauthorizedError as error:
            return stream_error_response(16, str(error), project, as_events)
        matches = self._make_filter(request, namespace_alone=False)
        version = query.get("resourceVersion", "")
        since = int(version) if version.isdigit() else 2**63 if version else None
        watch = WatchRequest(
            matches,
            lambda event, app: self.encoded.encode_event(app, event, fields, project),
            as_events,
            gzip=not as_events and "gzip" in request.headers.get("accept-encoding", ""),
            since=since,
            is_dead=lambda: self._faults.is_active("argocd", "dead-stream"),
            heartbeat_s=self._heartbeat_s,
        )
        return WatchResponse(self.controller, watch, self.closing)

    def _make_filter(self, request: Request, *, namespace_alone: bool) -> Callable[[ClusterApplication], bool]:
        """Return the filter for a query's parameters. A watch ignores `appNamespace` without `name`."""
        query = request.query_params
        projects = set(query.getlist("projects")) | set(query.getlist("project"))
        name, namespace = query.get("name"), query.get("appNamespace")
        hidden = self._faults.values_of("argocd", "forbidden")
        if name and not namespace:
            namespace = ARGOCD_NAMESPACE
        elif not name and not namespace_alone:
            namespace = None

        def matches(app: ClusterApplication) -> bool:
            return (
                (not name or app.name == name)
                and (not namespace or app.namespace == namespace)
                and (not projects or app.project in projects)
                and app.name not in hidden
            )

        return matches

    def _find_requested(self, request: Request) -> ClusterApplication:
        """Return the application that a path names."""
        query = request.query_params
        return self._find_application(
            request.path_params["name"], query.get("appNamespace", ""), query.get("project", "")
        )

    def _find_application(self, name: str, namespace: str, project: str) -> ClusterApplication:
        """Return an application. Raises GrpcError: 403 for an unknown one, 404 if the request names a project."""
        app = self.controller.applications.get((namespace or ARGOCD_NAMESPACE, name))
        if name in self._faults.values_of("argocd", "forbidden"):
            raise GrpcError(7, "permission denied")
        if app is None or (project and app.project != project):
            if project:
                raise GrpcError(5, f'applications.argoproj.io "{name}" not found')
            raise GrpcError(7, "permission denied")
        return app

    async def _refresh(self, app: ClusterApplication, kind: Literal["normal", "hard"]) -> None:
        """Ask the controller for a comparison and wait for it."""
        done = asyncio.Event()

        def listen(_event: object, changed: ClusterApplication) -> None:
            if changed is app and app.refresh is None:
                done.set()

        self.controller.request_refresh(app, kind, self._clock.now())
        self.controller.listeners.append(listen)
        self._wake()
        tasks = [asyncio.create_task(event.wait()) for event in (done, self.closing)]
        try:
            # Without a running controller, only the end of the server ends this wait.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.controller.listeners.remove(listen)
            for task in tasks:
                task.cancel()

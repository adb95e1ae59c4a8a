"""Argo CD's HTTP API over a `Controller`: the answers, errors and oddities that tests/recordings/argocd shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from anchor_tui.sandbox import manifests
from anchor_tui.sandbox.answers import ApiError, ContentTypeGate, error_answer, json_answer, plain_error, stream_error
from anchor_tui.sandbox.applications import Application
from anchor_tui.sandbox.clock import Clock, rfc3339
from anchor_tui.sandbox.controller import Controller
from anchor_tui.sandbox.documents import application_document
from anchor_tui.sandbox.faults import Faults
from anchor_tui.sandbox.projects import BUILD, CAN_I_RESOURCES, PUBLIC_SETTINGS, SETTINGS, project_document
from anchor_tui.sandbox.render import RenderError
from anchor_tui.sandbox.selectors import (
    BadFieldsError,
    BadSelectorError,
    item_projection,
    label_selector,
    list_projection,
    watch_projection,
)
from anchor_tui.sandbox.sessions import Session, Sessions, Unauthorized
from anchor_tui.sandbox.watch import EVENT_STREAM, HEARTBEAT_S, Watch, WatchResponse
from anchor_tui.sandbox.windows import sync_windows_document
from anchor_tui.sandbox.writes import Writes

NAMESPACE = "argocd"
WHOLE_COMMIT = 40
T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


class ArgoCD:
    """The API server. `accepts` are the tokens of `sessions`."""

    def __init__(
        self,
        controller: Controller,
        clock: Clock,
        faults: Faults,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.controller = controller
        self.sessions = Sessions(clock)
        self.closing = asyncio.Event()
        self._clock = clock
        self._faults = faults
        self._heartbeat_s = heartbeat_s
        self._wake = wake
        self._writes = Writes(controller, clock, self._find)
        self.app: ASGIApp = ContentTypeGate(
            Starlette(
                routes=[
                    self._route("/api/version", self.version),
                    self._route("/api/v1/session/userinfo", self.userinfo),
                    self._route("/api/v1/settings", self.settings),
                    self._route("/api/v1/projects", self.projects),
                    self._route("/api/v1/projects/{name}", self.project),
                    self._route("/api/v1/account/can-i/{resource}/{action}/{subresource:path}", self.can_i),
                    self._route("/api/v1/applications", self.list_applications),
                    self._route("/api/v1/applications/{name}", self.application, "GET", "PATCH"),
                    self._route("/api/v1/applications/{name}/sync", self.sync, "POST"),
                    self._route("/api/v1/applications/{name}/operation", self.terminate, "DELETE"),
                    self._route("/api/v1/applications/{name}/managed-resources", self.managed_resources),
                    self._route("/api/v1/applications/{name}/manifests", self.manifests),
                    self._route("/api/v1/applications/{name}/resource", self.resource),
                    self._route("/api/v1/applications/{name}/syncwindows", self.sync_windows),
                    self._route("/api/v1/applications/{name}/revisions/{revision}/metadata", self.revision_metadata),
                    self._route("/api/v1/stream/applications", self.watch_applications),
                ],
                exception_handlers={404: plain_error, 405: plain_error},
            )
        )

    @staticmethod
    def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Unauthorized as error:
                return error_answer(request, 16, str(error))
            except ApiError as error:
                return error_answer(request, error.code, error.message)

        return Route(path, answer, methods=methods or ["GET"])

    # --- who asks --------------------------------------------------------------------------------

    def _session(self, request: Request) -> Session:
        if self._faults.is_on("argocd", "invalid-token"):
            raise Unauthorized("invalid session: token is revoked, please re-login")
        return self.sessions.read(request.headers)

    def _session_or_none(self, request: Request) -> Session | None:
        try:
            return self._session(request)
        except Unauthorized:
            return None

    async def version(self, request: Request) -> Response:
        """GET /api/version: for anyone, but all of it only with a token."""
        full = self._session_or_none(request) is not None
        return json_answer(request, BUILD if full else {"Version": BUILD["Version"]})

    async def userinfo(self, request: Request) -> Response:
        """GET /api/v1/session/userinfo: `{}` for anyone not logged in, never 401."""
        session = self._session_or_none(request)
        if session is None:
            return json_answer(request, {})
        return json_answer(request, {"loggedIn": True, "username": session.username, "iss": "argocd"})

    async def settings(self, request: Request) -> Response:
        """GET /api/v1/settings: for anyone, shorter without a token."""
        return json_answer(request, SETTINGS if self._session_or_none(request) else PUBLIC_SETTINGS)

    async def can_i(self, request: Request) -> Response:
        """GET /api/v1/account/can-i/…: yes or no."""
        session = self._session(request)
        resource, action = request.path_params["resource"], request.path_params["action"]
        if resource not in CAN_I_RESOURCES:
            raise ApiError(3, f"[{' '.join(CAN_I_RESOURCES)}] does not contain {resource}")
        may = session.may(resource, action, request.path_params["subresource"])
        return json_answer(request, {"value": "yes" if may else "no"})

    async def projects(self, request: Request) -> Response:
        """GET /api/v1/projects."""
        self._session(request)
        items = [self._project(name) for name in sorted(self._project_names())]
        return json_answer(
            request, {"metadata": {"resourceVersion": str(self.controller.resource_version)}, "items": items}
        )

    async def project(self, request: Request) -> Response:
        """GET /api/v1/projects/{name}."""
        self._session(request)
        name = request.path_params["name"]
        if name not in self._project_names():
            raise ApiError(5, f'appprojects.argoproj.io "{name}" not found')
        return json_answer(request, self._project(name))

    def _project_names(self) -> set[str]:
        return {"default"} | {app.project for app in self.controller.applications.values()}

    def _project(self, name: str) -> dict[str, Any]:
        apps = self.controller.applications.values()
        created = min((app.created_at for app in apps), default=self._clock.now())
        return project_document(name, apps, created - timedelta(minutes=5), self.controller.windows)

    # --- applications ----------------------------------------------------------------------------

    async def list_applications(self, request: Request) -> Response:
        """GET /api/v1/applications."""
        self._session(request)
        query = request.query_params
        try:
            matches = self._matcher(request, namespace_alone=True)
        except BadSelectorError as error:
            raise ApiError(2, f"error parsing the selector: {error}") from error
        try:
            project = list_projection(query["fields"]) if query.get("fields") else None
        except BadFieldsError:
            return json_answer(request, {"error": "failed to marshal error message"}, 500)
        apps = sorted(filter(matches, self.controller.applications.values()), key=lambda app: (app.name, app.namespace))
        documents = (application_document(app, with_health=False) for app in apps)
        items = [project(document) if project else document for document in documents]
        metadata = {"resourceVersion": str(self.controller.resource_version)}
        return json_answer(request, {"metadata": metadata, "items": items or None})

    async def application(self, request: Request) -> Response:
        """GET and PATCH /api/v1/applications/{name}; with `refresh` it waits for the comparison."""
        if request.method == "PATCH":
            return await self._write(request, self._writes.patch, await request.body())
        self._session(request)
        app = self._application(request)
        how = request.query_params.get("refresh")
        if how:
            await self._refresh(app, "hard" if how == "hard" else "normal")
        return json_answer(request, application_document(app))

    async def sync(self, request: Request) -> Response:
        """POST …/sync."""
        return await self._write(request, self._writes.sync, await request.body())

    async def terminate(self, request: Request) -> Response:
        """DELETE …/operation."""
        return await self._write(request, self._writes.terminate, request.query_params)

    async def _write(
        self, request: Request, write: Callable[[Callable[[], Session], str, T], Any], what: T
    ) -> Response:
        answer = write(lambda: self._session(request), request.path_params["name"], what)
        self._wake()
        return json_answer(request, answer)

    async def managed_resources(self, request: Request) -> Response:
        """GET …/managed-resources: target and live of every resource; Secret values would be masked."""
        self._session(request)
        app, query = self._application(request), request.query_params
        answer = manifests.managed_resources(app, query)
        if fields := query.get("fields"):
            answer = item_projection(fields)(answer)
        return json_answer(request, answer)

    async def manifests(self, request: Request) -> Response:
        """GET …/manifests: what the head, or `revision`, renders."""
        self._session(request)
        app = self._application(request)
        revision = request.query_params.get("revision")
        try:
            target = self.controller.rendered(app, revision) if revision else app.target
        except RenderError as error:
            raise ApiError(2, f"failed to generate manifest: {error}") from error
        return json_answer(request, manifests.rendered(app, target))

    async def resource(self, request: Request) -> Response:
        """GET …/resource: one live object; unknown ones are 400, a missing parameter is 500."""
        self._session(request)
        app, query = self._application(request), request.query_params
        for name in ("resourceName", "version", "kind"):
            if name not in query:
                raise ApiError(13, f'error getting cached app resource tree: required field "{name}" not set')
        kind, where, name = query["kind"], query.get("namespace", ""), query["resourceName"]
        found = manifests.live_object(app, kind, where, name)
        if found is None:
            what = f"{kind} {query.get('group', '')} {name}"
            raise ApiError(3, f"{what} not found as part of application {app.name}")
        return json_answer(request, {"manifest": json.dumps(found, separators=(",", ":"), sort_keys=True)})

    async def sync_windows(self, request: Request) -> Response:
        """GET …/syncwindows."""
        self._session(request)
        windows = self.controller.windows_of(self._application(request))
        return json_answer(request, sync_windows_document(windows, self._clock.now()))

    async def revision_metadata(self, request: Request) -> Response:
        """GET …/revisions/{revision}/metadata: of a whole commit only."""
        self._session(request)
        self._application(request)
        revision = request.path_params["revision"]
        if len(revision) != WHOLE_COMMIT:
            raise ApiError(2, f"revision {revision} must be resolved")
        commit = self.controller.commit(revision)
        if commit is None:
            raise ApiError(2, f"rpc error: code = Internal desc = Failed to checkout revision {revision}")
        author = f"{commit.author.name} <{commit.author.email}>"
        found = {"author": author, "date": rfc3339(commit.time), "message": commit.message}
        return json_answer(request, found)

    async def watch_applications(self, request: Request) -> Response:
        """GET /api/v1/stream/applications."""
        query = request.query_params
        as_events = request.headers.get("accept") == EVENT_STREAM
        fields = query.get("fields", "")
        project = watch_projection(fields) if fields else lambda line: line
        try:
            self._session(request)
        except Unauthorized as error:
            return stream_error(16, str(error), project, as_events)
        try:
            matches = self._matcher(request, namespace_alone=False)
        except BadSelectorError as error:
            return stream_error(2, f"error parsing labels with selectors: {error}", project, as_events)
        version = query.get("resourceVersion", "")
        since = int(version) if version.isdigit() else 2**63 if version else None
        watch = Watch(
            matches,
            project,
            as_events,
            gzip=not as_events and "gzip" in request.headers.get("accept-encoding", ""),
            since=since,
            is_dead=lambda: self._faults.is_on("argocd", "dead-stream"),
            heartbeat_s=self._heartbeat_s,
        )
        return WatchResponse(self.controller, watch, self.closing)

    def _matcher(self, request: Request, *, namespace_alone: bool) -> Callable[[Application], bool]:
        """The applications of a query. A watch ignores `appNamespace` without `name`."""
        query = request.query_params
        projects = set(query.getlist("projects")) | set(query.getlist("project"))
        name, namespace = query.get("name"), query.get("appNamespace")
        has_labels = label_selector(query["selector"]) if query.get("selector") else lambda _: True
        hidden = self._faults.values("argocd", "forbidden")
        if name and not namespace:
            namespace = NAMESPACE
        elif not name and not namespace_alone:
            namespace = None

        def matches(app: Application) -> bool:
            return (
                (not name or app.name == name)
                and (not namespace or app.namespace == namespace)
                and (not projects or app.project in projects)
                and app.name not in hidden
                and has_labels(app.labels)
            )

        return matches

    def _application(self, request: Request) -> Application:
        """The application a path names."""
        query = request.query_params
        return self._find(request.path_params["name"], query.get("appNamespace", ""), query.get("project", ""))

    def _find(self, name: str, namespace: str, project: str) -> Application:
        """Unknown applications are forbidden, unless the project is sent."""
        app = self.controller.applications.get((namespace or NAMESPACE, name))
        if name in self._faults.values("argocd", "forbidden"):
            raise ApiError(7, "permission denied")
        if app is None or (project and app.project != project):
            if project:
                raise ApiError(5, f'applications.argoproj.io "{name}" not found')
            raise ApiError(7, "permission denied")
        return app

    async def _refresh(self, app: Application, how: Literal["normal", "hard"]) -> None:
        """Ask the controller to compare, and wait until it has."""
        done = asyncio.Event()

        def listen(_event: object, changed: Application) -> None:
            if changed is app and app.refresh is None:
                done.set()

        self.controller.refresh(app, how, self._clock.now())
        self.controller.listeners.append(listen)
        self._wake()
        waits = [asyncio.create_task(event.wait()) for event in (done, self.closing)]
        try:
            # Where no controller is there to compare, this ends only with the server.
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.controller.listeners.remove(listen)
            for task in waits:
                task.cancel()

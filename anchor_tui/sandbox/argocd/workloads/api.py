"""The routes about the inside of an application: tree, events, logs, and the live objects of pods."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.manifests import find_live_manifest
from anchor_tui.sandbox.argocd.responses import GrpcError, json_response, stream_error_response
from anchor_tui.sandbox.argocd.sessions import ArgoCDSession
from anchor_tui.sandbox.argocd.stream import EVENT_STREAM
from anchor_tui.sandbox.argocd.workloads.events import serialize_events
from anchor_tui.sandbox.argocd.workloads.logs import (
    FOLLOW_INTERVAL_S,
    build_last_line,
    build_log_lines,
    follow_pods,
    select_pods,
)
from anchor_tui.sandbox.argocd.workloads.pods import build_pod_manifest, list_pods
from anchor_tui.sandbox.argocd.workloads.tree import serialize_tree
from anchor_tui.sandbox.clock import Clock
from anchor_tui.sandbox.json_types import JsonObject

InspectionRoute = tuple[str, Callable[[Request], Awaitable[Response]]]


class InspectionRoutes:
    """The routes. `authenticate` and `find_application` are those of the server."""

    def __init__(
        self,
        controller: ApplicationController,
        clock: Clock,
        authenticate: Callable[[Request], ArgoCDSession],
        find_application: Callable[[Request], ClusterApplication],
        closing: asyncio.Event,
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._authenticate = authenticate
        self._find_application = find_application
        self._closing = closing

    def list_routes(self) -> tuple[InspectionRoute, ...]:
        """Return path and endpoint of each route."""
        application = "/api/v1/applications/{name}"
        return (
            (f"{application}/resource-tree", self.get_tree),
            (f"{application}/events", self.get_events),
            (f"{application}/logs", self.get_logs),
            (f"{application}/resource", self.get_resource),
            ("/api/v1/stream/applications/{name}/resource-tree", self.watch_tree),
        )

    async def get_tree(self, request: Request) -> Response:
        """GET …/resource-tree."""
        self._authenticate(request)
        return json_response(request, serialize_tree(self._find_application(request)))

    async def get_events(self, request: Request) -> Response:
        """GET …/events."""
        self._authenticate(request)
        app, uid = self._find_application(request), request.query_params.get("resourceUID", "")
        return json_response(request, serialize_events(app, uid, self._clock.now()))

    async def get_resource(self, request: Request) -> Response:
        """GET …/resource: one live object. An unknown object is 400, a missing parameter 500."""
        self._authenticate(request)
        app, query = self._find_application(request), request.query_params
        for name in ("resourceName", "version", "kind"):
            if name not in query:
                raise GrpcError(13, f'error getting cached app resource tree: required field "{name}" not set')
        kind, namespace, name = query["kind"], query.get("namespace", ""), query["resourceName"]
        if kind == "Pod":
            pods = (pod for pod in list_pods(app) if (pod.namespace, pod.name) == (namespace, name))
            found = next((build_pod_manifest(pod) for pod in pods), None)
        else:
            found = find_live_manifest(app, kind, namespace, name)
        if found is None:
            raise GrpcError(3, f"{kind} {query.get('group', '')} {name} not found as part of application {app.name}")
        return json_response(request, {"manifest": json.dumps(found, separators=(",", ":"), sort_keys=True)})

    async def get_logs(self, request: Request) -> Response:
        """GET …/logs: a stream of lines. Without the right, one line with the error."""
        session, app = self._authenticate(request), self._find_application(request)
        as_events = request.headers.get("accept") == EVENT_STREAM
        if not session.is_allowed("logs", "get", app.rbac_name):
            message = session.build_denial("logs", "get", app.rbac_name)
            return stream_error_response(7, message, lambda line: line, as_events)
        query, now = dict(request.query_params), self._clock.now()
        pods = select_pods(app, query)
        lines = list(build_log_lines(pods, query, now))

        async def stream() -> AsyncIterator[bytes]:
            for line in lines:
                yield _encode_line(line, as_events)
            if query.get("follow") == "true" and pods:
                for line in follow_pods(pods, now):
                    if await self._wait(FOLLOW_INTERVAL_S):
                        return
                    yield _encode_line(line, as_events)
            if pods:
                yield _encode_line(build_last_line(self._clock.now()), as_events)

        return StreamingResponse(stream(), media_type=EVENT_STREAM if as_events else "application/json")

    async def watch_tree(self, request: Request) -> Response:
        """GET /api/v1/stream/applications/{name}/resource-tree: the whole tree after each change, none at the start."""
        self._authenticate(request)
        app = self._find_application(request)
        as_events = request.headers.get("accept") == EVENT_STREAM
        changed = asyncio.Event()

        def listen(_event: object, application: ClusterApplication) -> None:
            if application is app:
                changed.set()

        async def stream() -> AsyncIterator[bytes]:
            self._controller.listeners.append(listen)
            try:
                while not self._closing.is_set():
                    waits = [asyncio.ensure_future(event.wait()) for event in (changed, self._closing)]
                    try:
                        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for wait in waits:
                            wait.cancel()
                    if changed.is_set():
                        changed.clear()
                        yield _encode_line(serialize_tree(app), as_events)
            finally:
                self._controller.listeners.remove(listen)

        return StreamingResponse(stream(), media_type=EVENT_STREAM if as_events else "application/json")

    async def _wait(self, seconds: float) -> bool:
        """Wait; return True at once if the server closes."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _encode_line(result: JsonObject, as_events: bool) -> bytes:
    line: Any = {"result": result}
    body = msgspec.json.encode(line)
    return b"data: " + body + b"\n\n\n" if as_events else body + b"\n"

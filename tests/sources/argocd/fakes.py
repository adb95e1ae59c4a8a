"""A fake Argo CD below httpx, clients and sources that use it, and the readings they publish."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import Application
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.evidence import EvidenceLimits
from anchor_tui.sources.argocd.source import ArgoSource
from anchor_tui.sources.credentials.argocd import ArgocdAccess
from anchor_tui.sources.credentials.secret import Secret

NOW = datetime(2026, 11, 23, 6, 32, tzinfo=UTC)
URL = "https://argocd.anchor.example"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.very-secret.signature"
LIST = "/api/v1/applications"
STREAM = "/api/v1/stream/applications"
Environments = Mapping[str, tuple[str, ...] | ApplicationSelector]
PROD = {"prod": ("prod",)}
BOTH = {"staging": ("staging",), "prod": ("prod",)}
SELECTED = {"prod": ApplicationSelector((("env", "prod"),))}


def make_access(url: str = URL, **changes: Any) -> ArgocdAccess:
    return ArgocdAccess(**{"url": url, "token": Secret(TOKEN), "origin": "test", **changes})


def make_client(transport: httpx.AsyncBaseTransport, *, read_only: bool = True) -> ArgoClient:
    return ArgoClient(
        resolve_connection(make_access(token=Secret("a-token"))), read_only=read_only, transport=transport
    )


def make_source(
    transport: httpx.AsyncBaseTransport,
    environments: Environments,
    *,
    read_only: bool = True,
    now: Callable[[], datetime] = lambda: NOW,
    relist_s: float = 180,
) -> ArgoSource:
    """Return a source for environments of these applications, each `name` or `namespace/name`."""

    async def connect() -> ArgoClient:
        return make_client(transport, read_only=read_only)

    server = ServerConfig(relist_s=relist_s)  # type: ignore[arg-type]  # less than a second, to save time
    return ArgoSource(server, make_environment_configs(environments), connect, now, EvidenceLimits(200))


def make_environment_configs(environments: Environments) -> tuple[EnvironmentConfig, ...]:
    return tuple(
        EnvironmentConfig(
            name=name,
            applications=wanted if isinstance(wanted, ApplicationSelector) else tuple(map(_parse_name, wanted)),
        )
        for name, wanted in environments.items()
    )


def _parse_name(text: str) -> ApplicationName:
    namespace, _, name = text.rpartition("/")
    return ApplicationName(name, namespace)


def application_json(name: str, namespace: str = "argocd", *, labels: Any = None, **status: Any) -> dict[str, Any]:
    """Return an application as the server sends it, Synced and Healthy by default."""
    usual = {"sync": {"status": "Synced", "revision": "a" * 40}, "health": {"status": "Healthy"}}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"project": "anchor", "source": {"targetRevision": "main"}},
        "status": usual | status,
    }


def error_response(status: int, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": message, "message": message}, headers=headers)


class FakeArgoCD(httpx.AsyncBaseTransport):
    """An Argo CD with a list, streams, and responses by path that replace both."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = {
            (document["metadata"]["namespace"], document["metadata"]["name"]): document for document in documents
        }
        self.responses: dict[str, Callable[[httpx.Request], httpx.Response]] = {}
        self.requests: list[httpx.Request] = []
        self.streams: list[FakeStream] = []
        self.stream_response: httpx.Response | Exception | None = None
        self._changed = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self._changed.set()
        path = request.url.path
        if answer := self.responses.get(path):
            await asyncio.sleep(0)
            return answer(request)
        if path == STREAM:
            return await self._open_stream()
        if path == LIST:
            return httpx.Response(200, json={"metadata": {}, "items": list(self.documents.values()) or None})
        if path == "/api/version":
            return httpx.Response(200, json={"Version": "v3.5.1"})
        if path == "/api/v1/settings":
            return httpx.Response(200, json={"url": URL, "controllerNamespace": "argocd"})
        if path.startswith(LIST + "/"):
            return self._one(request)
        return httpx.Response(404, text="Not Found\n")

    def _one(self, request: httpx.Request) -> httpx.Response:
        namespace = request.url.params.get("appNamespace", "argocd")
        found = self.documents.get((namespace, request.url.path.removeprefix(LIST + "/")))
        project = request.url.params.get("project")
        if found and project in {None, found["spec"]["project"]}:
            return httpx.Response(200, json=found)
        return error_response(404, "not found") if project else error_response(403, "permission denied")

    async def _open_stream(self) -> httpx.Response:
        if isinstance(self.stream_response, Exception):
            raise self.stream_response
        if self.stream_response is not None:
            return self.stream_response
        stream = FakeStream()
        self.streams.append(stream)
        self._changed.set()
        await stream.started.wait()  # as Argo CD does: headers are sent with the first event
        return httpx.Response(200, stream=stream, headers={"content-type": "text/event-stream"})

    async def wait_for_request(self, path: str, times: int = 1) -> None:
        """Wait until a path has been requested so many times."""
        await self._wait(lambda: sum(request.url.path == path for request in self.requests) >= times)

    async def wait_for_stream(self, number: int = 1) -> FakeStream:
        """Wait for the n-th stream and return it."""
        await self._wait(lambda: len(self.streams) >= number)
        return self.streams[number - 1]

    async def _wait(self, predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not predicate():
                self._changed.clear()
                await self._changed.wait()

    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]


class FakeStream(httpx.AsyncByteStream):
    """An open event stream that a test feeds."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self._queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    def send(self, kind: str, application: dict[str, Any]) -> None:
        self.send_text(f"data: {json.dumps({'result': {'type': kind, 'application': application}})}\n\n")

    def send_heartbeat(self) -> None:
        self.send_text(":\n")

    def send_text(self, text: str) -> None:
        self.send_bytes(text.encode())

    def send_bytes(self, part: bytes) -> None:
        self._put(part)

    def end(self) -> None:
        self._put(None)

    def fail(self, failure: Exception) -> None:
        self._put(failure)

    def _put(self, item: bytes | Exception | None) -> None:
        self._queue.put_nowait(item)
        self.started.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (item := await self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


class PublishedReadings:
    """The readings that a source has published."""

    def __init__(self) -> None:
        self.readings: list[Reading[Any]] = []
        self._changed = asyncio.Event()

    def publish(self, reading: Reading[Any]) -> None:
        self.readings.append(reading)
        self._changed.set()

    async def wait_until(self, predicate: Callable[[Reading[Any]], bool]) -> Any:
        """Return the first reading, the latest or a later one, for which `predicate` is true."""
        start = max(0, len(self.readings) - 1)
        async with asyncio.timeout(5):
            while True:
                for reading in self.readings[start:]:
                    if predicate(reading):
                        return reading
                start = len(self.readings)
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def run_source(source: Any) -> AsyncIterator[PublishedReadings]:
    """Run a source during the block."""
    seen = PublishedReadings()
    task = asyncio.create_task(source.run(seen.publish))
    try:
        yield seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def applications_by_id(reading: Reading[ArgoCDData]) -> dict[str, Application]:
    """Return a fresh reading's applications by `namespace/name`."""
    assert isinstance(reading, Fresh), reading
    return {str(observed.application.id): observed.application for observed in reading.value.applications}


def has_application(name: str, **values: Any) -> Callable[[Reading[ArgoCDData]], bool]:
    """Return a predicate: the reading is fresh and the application `namespace/name` has these values."""

    def predicate(reading: Reading[ArgoCDData]) -> bool:
        if not isinstance(reading, Fresh):
            return False
        found = applications_by_id(reading).get(name)
        return found is not None and all(getattr(found, key) == value for key, value in values.items())

    return predicate


def is_fresh(reading: Reading[ArgoCDData]) -> bool:
    return isinstance(reading, Fresh)


def is_stale(reading: Reading[ArgoCDData]) -> bool:
    return isinstance(reading, Stale)


def is_unavailable(reading: Reading[ArgoCDData]) -> bool:
    return isinstance(reading, Unavailable)

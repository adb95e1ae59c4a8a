"""Argo CD's stream of applications: NDJSON or an event stream.

The headers are sent with the first event. The event stream's heartbeat begins after it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController, EventType

MAX_PENDING_EVENTS = 1000
"""Events that a slow reader may be behind; later ones are dropped silently."""
MAX_WRITE_BYTES = 256 * 1024
HEARTBEAT_S = 15.0
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """The parameters of a stream. `since` is its resourceVersion; None sends all applications first."""

    matches: Callable[[ClusterApplication], bool]
    encode: Callable[[EventType, ClusterApplication], bytes]
    as_events: bool
    gzip: bool
    since: int | None
    is_dead: Callable[[], bool]
    heartbeat_s: float = HEARTBEAT_S


class WatchResponse(Response):
    """An open stream. It ends when the client disconnects or `closing` is set."""

    def __init__(self, controller: ApplicationController, watch: WatchRequest, closing: asyncio.Event) -> None:
        super().__init__()
        self._controller = controller
        self._watch = watch
        self._closing = closing
        self._compressor = zlib.compressobj(level=1, wbits=31) if watch.gzip else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the stream ends."""
        del scope
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()

        def listen(event: EventType, app: ClusterApplication) -> None:
            if self._wants(app) and queue.qsize() < MAX_PENDING_EVENTS:
                queue.put_nowait(self._encode_event(event, app))

        if self._watch.since is None:
            for app in sorted(self._controller.applications.values(), key=lambda app: (app.name, app.namespace)):
                if self._wants(app):
                    queue.put_nowait(self._encode_event("ADDED", app))
        self._controller.listeners.append(listen)
        ends = [asyncio.create_task(self._wait_for_disconnect(receive)), asyncio.create_task(self._closing.wait())]
        for task in ends:
            task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            if not await self._pump(queue, send):
                # Without a response there is nothing to end: the server aborts the connection.
                await asyncio.wait(ends[:1])
        finally:
            self._controller.listeners.remove(listen)
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    def _wants(self, app: ClusterApplication) -> bool:
        watch = self._watch
        return (watch.since is None or app.resource_version >= watch.since) and watch.matches(app)

    @staticmethod
    async def _wait_for_disconnect(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _pump(self, queue: asyncio.Queue[bytes | None], send: Send) -> bool:
        """Send events until the stream ends; return whether anything was sent."""
        loop = asyncio.get_running_loop()
        started, first_round = False, queue.qsize()
        next_heartbeat = loop.time() + self._watch.heartbeat_s
        while True:
            timeout_s = max(0.0, next_heartbeat - loop.time()) if started and self._watch.as_events else None
            try:
                line = await asyncio.wait_for(queue.get(), timeout_s)
            except TimeoutError:
                next_heartbeat += self._watch.heartbeat_s
                line = b":\n"
            if line is None:
                break
            if first_round > 0:
                first_round -= 1
            elif self._watch.is_dead():
                continue
            if not started:
                await send({"type": "http.response.start", "status": 200, "headers": self._start_headers()})
                started = True
            else:
                pending = self._take_pending(queue)
                first_round -= len(pending)
                line += b"".join(pending)
            await send({"type": "http.response.body", "body": self._compress(line), "more_body": True})
        if started and self._closing.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        return started

    def _take_pending(self, queue: asyncio.Queue[bytes | None]) -> list[bytes]:
        """Return the events that are already waiting, up to a size: one write for many events."""
        if self._watch.is_dead():
            return []
        lines: list[bytes] = []
        size = 0
        while size < MAX_WRITE_BYTES and not queue.empty():
            line = queue.get_nowait()
            if line is None:
                queue.put_nowait(None)  # the end comes after the events
                break
            lines.append(line)
            size += len(line)
        return lines

    def _start_headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"grpc-metadata-content-type", b"application/grpc")]
        if self._watch.as_events:
            return [(b"content-type", EVENT_STREAM.encode()), (b"x-content-type-options", b"nosniff"), *headers]
        packed = [(b"content-encoding", b"gzip")] if self._compressor else []
        return [(b"content-type", b"application/json"), (b"vary", b"Accept-Encoding"), *headers, *packed]

    def _compress(self, line: bytes) -> bytes:
        if self._compressor is None:
            return line
        return self._compressor.compress(line) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def _encode_event(self, event: EventType, app: ClusterApplication) -> bytes:
        body = self._watch.encode(event, app)
        return b"data: " + body + b" \n\n\n" if self._watch.as_events else body + b"\n"

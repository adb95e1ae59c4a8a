"""The first requests to an Argo CD, sent before the event loop and httpx are loaded.

The server needs time to answer, and our imports need time to load: sending the requests first makes the two
overlap. Each request runs on its own thread with the standard library, which takes 10 ms to import; httpx takes
65 ms, asyncio and msgspec 20 ms. Hence the imports inside `PrefetchingClient`: this module has to load quickly.

Only a response with status 200 is used. After any other outcome `PrefetchingClient` repeats the request through
httpx, so that failures are described in one place. A response that is not complete at the deadline is a timeout.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from anchor_tui.sources.argocd.connection import REQUEST_DEADLINE_S, RESPONSE_TIMEOUT_S, ConnectionSettings

if TYPE_CHECKING:
    import asyncio

    from anchor_tui.sources.argocd.read_client import ReadClient
    from anchor_tui.sources.argocd.response import ApiResponse
    from anchor_tui.sources.argocd.schema import StreamEvent

READ_BYTES = 1024 * 1024
"""The largest part that is read at once. After each, the thread waits for the interpreter, which imports the screen."""
DRAW_DELAY_S = 0.05
"""The pause before httpx is loaded, in seconds: the prefetched data is drawn first."""

RequestKey = tuple[str, tuple[tuple[str, str], ...]]


class PrefetchedResponse:
    """One GET that was sent before there was a client.

    `sent` is set when the request has left, or cannot leave. `body` becomes the body of a 200, else None.
    `duration_s` is the time from the request to the last byte, in seconds; valid once `body` is done.
    """

    def __init__(self, connection: ConnectionSettings, path: str, params: Mapping[str, str]) -> None:
        self.sent = threading.Event()
        self.body: Future[bytes | None] = Future()
        self.duration_s = 0.0
        self.deadline = time.monotonic() + REQUEST_DEADLINE_S
        self._http = _create_connection(connection)
        threading.Thread(
            target=self._fetch, args=(connection, path, dict(params)), name="argocd-prefetch", daemon=True
        ).start()

    def abandon(self) -> None:
        """End the request: its thread may wait for a server that sends a byte now and then."""
        if not self.body.done() and (connected := self._http.sock) is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def forget_body(self) -> None:
        """Release the body, which is several megabytes of a list. It was used."""
        self.body = Future()
        self.body.set_result(None)

    def _fetch(self, connection: ConnectionSettings, path: str, params: dict[str, str]) -> None:
        self.body.set_running_or_notify_cancel()  # from here on, a waiting task that is cancelled leaves it alone
        started = time.monotonic()
        body = None
        try:
            body = self._request_body(connection, path, params)
        except (OSError, ValueError, http.client.HTTPException):
            pass  # PrefetchingClient sends the request again and reports its failure
        finally:
            self.duration_s = time.monotonic() - started
            self.sent.set()
            self.body.set_result(body)

    def _request_body(self, connection: ConnectionSettings, path: str, params: dict[str, str]) -> bytes | None:
        try:
            query = f"?{urlencode(params)}" if params else ""
            root = urlsplit(connection.base_url).path
            self._http.request("GET", f"{root}{path}{query}", headers=connection.headers)
            self.sent.set()
            response = self._http.getresponse()
            if response.status != http.client.OK or response.getheader("content-encoding", "identity") != "identity":
                return None
            return self._read_body(response, connection.max_response_bytes)
        finally:
            self._http.close()

    def _read_body(self, response: http.client.HTTPResponse, max_bytes: int) -> bytes | None:
        """Return the whole body; None if it is too large or late."""
        body = bytearray()
        while part := response.read1(READ_BYTES):
            body += part
            if len(body) > max_bytes or time.monotonic() > self.deadline:
                return None
        return bytes(body) if not response.length else None


def _create_connection(connection: ConnectionSettings) -> http.client.HTTPConnection:
    address = urlsplit(connection.base_url)
    assert address.hostname is not None
    if isinstance(connection.verify, bool):
        return http.client.HTTPConnection(address.hostname, address.port, timeout=RESPONSE_TIMEOUT_S)
    return http.client.HTTPSConnection(
        address.hostname, address.port, timeout=RESPONSE_TIMEOUT_S, context=connection.verify
    )


def send_prefetch_requests(
    connection: ConnectionSettings, requests: tuple[tuple[str, Mapping[str, str]], ...]
) -> dict[RequestKey, PrefetchedResponse]:
    """Send a GET for each (path, query), in parallel. Return nothing if the connection needs a proxy."""
    if connection.proxy:
        return {}
    return {request_key(path, params): PrefetchedResponse(connection, path, params) for path, params in requests}


def request_key(path: str, params: Mapping[str, str]) -> RequestKey:
    """Return a GET as a dictionary key."""
    return path, tuple(sorted(params.items()))


class PrefetchingClient:
    """An Argo CD client that answers each prefetched request once, from its response.

    `connect` creates the client for every other request, and for a prefetched one that failed. It is called when
    the first such request comes, on a worker thread, because it loads httpx.
    """

    def __init__(
        self, url: str, responses: Mapping[RequestKey, PrefetchedResponse], connect: Callable[[], ReadClient]
    ) -> None:
        self.url = url
        self._responses = dict(responses)
        self._connect = connect
        self._client: ReadClient | None = None
        self._opening: asyncio.Lock | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> ApiResponse:
        """Return the prefetched response, else send the request. Raises SourceError."""
        from anchor_tui.sources.argocd.response import ApiResponse

        prefetched = self._responses.pop(request_key(path, params or {}), None)
        if prefetched is not None and (body := await self._await_body(prefetched)) is not None:
            prefetched.forget_body()
            return ApiResponse(body, prefetched.duration_s)
        return await (await self._get_client()).get(path, params)

    @asynccontextmanager
    async def stream_events(
        self, path: str, params: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[StreamEvent | None]]:
        """Open an event stream, as `ArgoClient.stream_events` does."""
        async with (await self._get_client()).stream_events(path, params) as events:
            yield events

    async def aclose(self) -> None:
        """Close every connection."""
        for response in self._responses.values():
            response.abandon()
        if self._client is not None:
            await self._client.aclose()

    async def _await_body(self, prefetched: PrefetchedResponse) -> bytes | None:
        """Wait without a worker thread: a server that hangs must not use up the few there are. Raises Timeout."""
        import asyncio

        from anchor_tui.sources.errors import Timeout

        if prefetched.body.done():
            return prefetched.body.result()
        try:
            async with asyncio.timeout(prefetched.deadline - time.monotonic()):
                return await asyncio.wrap_future(prefetched.body)
        except TimeoutError as error:
            raise Timeout(f"{self.url}: no complete answer within {REQUEST_DEADLINE_S:g} s") from error
        finally:
            prefetched.abandon()

    async def _get_client(self) -> ReadClient:
        import asyncio

        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:  # several readers ask at the same time
            if self._client is None:
                await asyncio.sleep(DRAW_DELAY_S)
                self._client = await asyncio.to_thread(self._connect)
            return self._client

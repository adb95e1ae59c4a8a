"""Requests sent before there is an event loop to wait for them, or a library that could send them.

A server's answer takes time, and so does loading the screen: the requests leave first, by the standard
library (10 ms to import, where httpx takes 65), each on a thread of its own. Only an answer that is well
counts; anything else is asked again, so that every failure is told in one place.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from anchor_tui.sources.argocd.connection import RESPONSE_TIMEOUT_S, ConnectionSettings

RequestKey = tuple[str, tuple[tuple[str, str], ...]]


class PrefetchedResponse:
    """One GET under way. `sent` is set when it has left or cannot; `body` is that of a 200, None where none came."""

    def __init__(self, route: ConnectionSettings, path: str, params: Mapping[str, str]) -> None:
        self.sent = threading.Event()
        self.body: bytes | None = None
        self.duration_s = 0.0
        self._lock = threading.Lock()
        self._done = False
        self._callback: Callable[[], object] | None = None
        threading.Thread(target=self._fetch, args=(route, path, dict(params)), name="ahead", daemon=True).start()

    def notify_when_done(self, receiver: Callable[[], object]) -> None:
        """Calls once everything is told that will be, on whatever thread; at once where it is."""
        with self._lock:
            if not self._done:
                self._callback = receiver
                return
        receiver()

    def _fetch(self, route: ConnectionSettings, path: str, params: dict[str, str]) -> None:
        began = time.monotonic()
        try:
            self.body = self._request_body(route, path, params)
        except (OSError, ValueError, http.client.HTTPException):
            self.body = None
        self.duration_s = time.monotonic() - began
        self.sent.set()
        with self._lock:
            self._done = True
        if self._callback is not None:
            self._callback()

    def _request_body(self, route: ConnectionSettings, path: str, params: dict[str, str]) -> bytes | None:
        connection = _create_connection(route)
        try:
            query = f"?{urlencode(params)}" if params else ""
            connection.request("GET", f"{urlsplit(route.base_url).path}{path}{query}", headers=route.headers)
            self.sent.set()
            response = connection.getresponse()
            return response.read() if response.status == http.client.OK else None
        finally:
            connection.close()


def _create_connection(route: ConnectionSettings) -> http.client.HTTPConnection:
    where = urlsplit(route.base_url)
    assert where.hostname is not None
    if isinstance(route.verify, bool):
        return http.client.HTTPConnection(where.hostname, where.port, timeout=RESPONSE_TIMEOUT_S)
    return http.client.HTTPSConnection(where.hostname, where.port, timeout=RESPONSE_TIMEOUT_S, context=route.verify)


def send_prefetch_requests(
    route: ConnectionSettings, requests: tuple[tuple[str, Mapping[str, str]], ...]
) -> dict[RequestKey, PrefetchedResponse]:
    """Sends these GETs side by side, and nothing but GETs. Through a proxy nothing is sent ahead."""
    if route.proxy:
        return {}
    return {request_key(path, params): PrefetchedResponse(route, path, params) for path, params in requests}


def request_key(path: str, params: Mapping[str, str]) -> RequestKey:
    """A GET, as a key."""
    return path, tuple(sorted(params.items()))

"""Requests sent before there is an event loop to wait for them.

A server's answer takes time, and so does loading the screen: the requests leave first, each on a thread of
its own, and whoever wants an answer later finds it there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from anchor_tui.sources.argocd.lean import httpx
from anchor_tui.sources.argocd.route import LIMITS, TIMEOUT, Route

Asked = tuple[str, tuple[tuple[str, str], ...]]


def asked(path: str, params: Mapping[str, str]) -> Asked:
    """A GET, as a key."""
    return path, tuple(sorted(params.items()))


class Parcel:
    """One GET under way. `sent` is set when it has left, `arrived` when it was answered or failed."""

    def __init__(self, client: _Shared, path: str, params: Mapping[str, str]) -> None:
        self.sent = threading.Event()
        self._arrived = threading.Event()
        self._answer: httpx.Response | Exception | None = None
        self.took_s = 0.0
        threading.Thread(target=self._fetch, args=(client, path, dict(params)), name="ahead", daemon=True).start()

    def wait(self) -> httpx.Response:
        """The answer; raises what httpx raised. Blocks until then."""
        self._arrived.wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        assert self._answer is not None
        return self._answer

    def _fetch(self, client: _Shared, path: str, params: dict[str, str]) -> None:
        began = time.monotonic()
        try:
            self._answer = client.http.get(path, params=params, extensions={"trace": self._trace})
        except Exception as error:  # noqa: BLE001 - raised again where the answer is wanted
            self._answer = error
        client.done()
        self.took_s = time.monotonic() - began
        self.sent.set()
        self._arrived.set()

    def _trace(self, event: str, _info: object) -> None:
        if event.endswith("send_request_body.complete"):
            self.sent.set()


class _Shared:
    """The client of several requests; the last of them closes its connections."""

    def __init__(self, http: httpx.Client, requests: int) -> None:
        self.http = http
        self._left = requests
        self._lock = threading.Lock()

    def done(self) -> None:
        """One more request was answered, or failed."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.http.close()


def send_ahead(route: Route, requests: tuple[tuple[str, Mapping[str, str]], ...]) -> dict[Asked, Parcel]:
    """Sends these GETs side by side. Reading is all that can be sent from here."""
    http = httpx.Client(
        base_url=route.base_url,
        headers=route.headers,
        timeout=TIMEOUT,
        trust_env=False,
        transport=httpx.HTTPTransport(verify=route.verify, proxy=route.proxy, limits=LIMITS),
    )
    client = _Shared(http, len(requests))
    return {asked(path, params): Parcel(client, path, params) for path, params in requests}

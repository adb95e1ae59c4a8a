"""Argo CD over httpx: one door for every request, and every failure in words.

httpx is used here and nowhere else. The read-only gate is a transport, so that nothing can go round it.
"""

from __future__ import annotations

import http.cookiejar
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from anchor_tui.sources.argocd.connection import CONNECT_TIMEOUT_S, RESPONSE_TIMEOUT_S, ConnectionSettings
from anchor_tui.sources.argocd.response import ApiResponse, decode_json, html_error_text, is_html
from anchor_tui.sources.argocd.schema import ErrorResponse, StreamError, StreamEvent
from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)
from anchor_tui.sources.http import httpx

LIMITS = httpx.Limits(max_connections=32)
TIMEOUT = httpx.Timeout(RESPONSE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Lets through what only reads: GET, and not one with `refresh`, which writes an annotation."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuses before a byte leaves."""
        if request.method != "GET":
            raise WriteRefused(f"read-only: {request.method} {request.url.path} was not sent to Argo CD")
        if "refresh" in request.url.params:
            raise WriteRefused(f"read-only: the refresh of {request.url.path} was not sent to Argo CD")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes what lies behind the gate."""
        await self._inner.aclose()


class ArgoClient:
    """A client of one Argo CD. It never repeats a request: only the caller knows if that is harmless."""

    def __init__(
        self,
        route: ConnectionSettings,
        *,
        read_only: bool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = route.access.url
        inner = transport or httpx.AsyncHTTPTransport(verify=route.verify, proxy=route.proxy, limits=LIMITS)
        self._http = httpx.AsyncClient(
            base_url=route.base_url,
            headers=route.headers,
            transport=ReadOnlyTransport(inner) if read_only else inner,
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            timeout=TIMEOUT,
            trust_env=False,
        )

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> ApiResponse:
        """Send a GET for a path below the server's root, such as `api/v1/applications`. Raises SourceError."""
        began = time.monotonic()
        with _translate_transport_errors(self.url):
            response = await self._http.get(path, params=dict(params or {}))
        self._store_renewed_token(response)
        _raise_for_status(response)
        return _to_api_response(response, began)

    async def send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = RESPONSE_TIMEOUT_S,
    ) -> ApiResponse:
        """Send a request that changes something, once. Raises SourceError with `maybe_applied` set."""
        began = time.monotonic()
        content = msgspec.json.encode(body) if body is not None else None
        # Exactly this value, on a DELETE without a body too: Argo CD answers anything else with 415.
        headers = {"Content-Type": "application/json"} if method != "GET" else {}
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
        with _translate_transport_errors(self.url, timeout_s):
            response = await self._http.request(
                method, path, params=dict(params or {}), content=content, headers=headers, timeout=timeout
            )
        self._store_renewed_token(response)
        _raise_for_status(response)
        return _to_api_response(response, began)

    @asynccontextmanager
    async def stream_events(
        self, path: str, params: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[StreamEvent | None]]:
        """Open an event stream: each event as it arrives, and None for each heartbeat.

        There is no time limit for the headers, because a server sends none before the first event. The caller
        limits the time between two items.
        """
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
        headers = {"Accept": "text/event-stream"}  # exactly this: any other value gets NDJSON without heartbeats
        with _translate_transport_errors(self.url):
            async with self._http.stream(
                "GET", path, params=dict(params), headers=headers, timeout=timeout
            ) as response:
                self._store_renewed_token(response)
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    _raise_for_status(response)
                yield _parse_events(response)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    def _store_renewed_token(self, response: httpx.Response) -> None:
        """Use the new token that the server sends shortly before a login session expires."""
        if renewed := response.headers.get("Grpc-Metadata-Renew-Token"):
            self._http.headers["Authorization"] = f"Bearer {renewed}"


def _to_api_response(response: httpx.Response, began: float) -> ApiResponse:
    return ApiResponse(response.content, time.monotonic() - began, response.headers.get("date", ""))


async def _parse_events(response: httpx.Response) -> AsyncIterator[StreamEvent | None]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield _parse_event(line[5:])
        elif line.startswith("{"):  # NDJSON: a proxy took our Accept away
            yield _parse_event(line)
        elif line.startswith(":"):
            yield None
        elif line.lstrip().startswith("<"):
            raise InvalidResponse(html_error_text(str(response.url.copy_with(query=None))))


def _parse_event(line: str) -> StreamEvent:
    event = decode_json(line.encode(), StreamEvent)
    if event.error is not None:
        raise error_for_status(event.error.http_code, event.error.message)
    if event.result is None:
        raise ServerError("the stream ended with an error that the server did not name")
    return event


def _raise_for_status(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.OK:
        if response.headers.get("content-type", "").startswith("text/html"):
            raise InvalidResponse(html_error_text(str(response.url.copy_with(query=None))))
        return
    if response.is_redirect:
        try:
            target = httpx.URL(response.headers.get("location", ""))
        except httpx.InvalidURL as error:
            raise InvalidResponse("the server redirects to what is no address: is a login proxy in between?") from error
        if target.scheme == "https" and response.url.scheme == "http":
            raise InvalidResponse(f"the server speaks TLS: say https://{response.url.netloc.decode()} instead of http")
        raise InvalidResponse(f"the server redirects to {target.host or target.path}: is a login proxy in between?")
    raise error_for_status(response.status_code, _error_message(response), response.headers.get("retry-after"))


def error_for_status(status: int, message: str, retry_after: str | None = None) -> SourceError:
    """The error of an HTTP status and the server's own words."""
    words = f": {message}" if message else ""
    match status:
        case 401 if "expired" in message:
            return Unauthenticated("401: the token has expired; log in again (`argocd login`)")
        case 401 if "no session information" in message:
            return Unauthenticated("401: no valid token was sent; log in (`argocd login`) or set ARGOCD_AUTH_TOKEN")
        case 401:
            return Unauthenticated(f"401{words}; log in again (`argocd login`)")
        case 403:
            return Forbidden(f"403{words}")
        case 404:
            return NotFound(f"404{words}")
        case 429:
            wait_s = float(retry_after) if retry_after and retry_after.isdecimal() else None
            return RateLimited(f"429: too many requests{words}", wait_s)
        case _ if 400 <= status < 500:
            return ClientError(f"HTTP {status}{words}", status)
        case _:
            return ServerError(f"HTTP {status}{words}", status)


def _error_message(response: httpx.Response) -> str:
    if is_html(response.content):
        return "a page of HTML, as from a proxy"
    body = response.content.removeprefix(b"data:")  # an event stream's error is an event
    try:
        answer = msgspec.json.decode(body, type=ErrorResponse)
    except msgspec.DecodeError:
        return response.text.strip()[:200]
    inner = answer.error.message if isinstance(answer.error, StreamError) else answer.error
    return answer.message or inner


@contextmanager
def _translate_transport_errors(url: str, timeout_s: float = RESPONSE_TIMEOUT_S) -> Iterator[None]:
    """Turns httpx's exceptions into ours, `from` the cause."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise Timeout(f"{url}: no connection within {CONNECT_TIMEOUT_S:.0f} s", sent=False) from error
    except httpx.PoolTimeout as error:
        raise Timeout(f"{url}: no connection was free within {timeout_s:g} s", sent=False) from error
    except httpx.TimeoutException as error:
        raise Timeout(f"{url}: no answer within {timeout_s:g} s") from error
    except httpx.ConnectError as error:
        if _is_tls_error(error):
            raise TlsError(
                f"{url}: TLS: {_tls_error_text(error)}; name the authority with ca_file, or set insecure = true"
            ) from error
        raise Unreachable(f"{url}: cannot connect: {error or 'no reason given'}", sent=False) from error
    except httpx.RemoteProtocolError as error:
        raise InvalidResponse(f"{url}: the answer ended early or is no HTTP: {error}") from error
    except httpx.DecodingError as error:
        raise InvalidResponse(f"{url}: the answer cannot be decompressed: {error}") from error
    except httpx.TransportError as error:
        raise Unreachable(f"{url}: the connection broke: {str(error) or type(error).__name__}") from error
    except httpx.InvalidURL as error:
        raise InvalidResponse(f"{url} is no address: {error}") from error


def _is_tls_error(error: BaseException) -> bool:
    text = str(error).upper()
    return "CERTIFICATE" in text or "SSL" in text or "TLS" in text


def _tls_error_text(error: BaseException) -> str:
    return str(error).removeprefix("[SSL: ").replace("]", "", 1).split(" (_ssl.c")[0]

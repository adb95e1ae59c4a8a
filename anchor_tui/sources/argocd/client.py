"""Argo CD's API over httpx: every request, and every failure as an error of `sources.errors`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import httpx
import msgspec

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.sources.argocd.connection import REQUEST_DEADLINE_S, RESPONSE_TIMEOUT_S, ConnectionSettings
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import ErrorResponse, StreamError, StreamEvent
from anchor_tui.sources.credentials.secret import parse_token
from anchor_tui.sources.errors import CredentialError, InvalidResponse, ServerError, SourceError
from anchor_tui.sources.http import (
    HTML_PAGE,
    ReadRules,
    Service,
    create_client,
    create_timeout,
    describe_redirect,
    error_for_status,
    limit_request,
    translate_transport_errors,
)
from anchor_tui.sources.json_body import decode_json, html_error_text, is_html
from anchor_tui.sources.response_limits import IS_STREAM, LOG_UNITS_PER_S, iterate_line_batches

ARGOCD = Service(
    name="Argo CD",
    login_hint="log in again (`argocd login`) or set ARGOCD_AUTH_TOKEN",
    tls_hint="; name the authority with ca_file, or set insecure = true",
)
MAX_ERROR_BYTES = 64 * 1024
"""The part of a refused stream's body that is read."""


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
        self._http = create_client(
            route.headers,
            base_url=route.base_url,
            verify=route.verify,
            proxy=route.proxy,
            timeout_s=RESPONSE_TIMEOUT_S,
            read_rules=ReadRules(ARGOCD.name) if read_only else None,
            max_response_bytes=route.max_response_bytes,
            transport=transport,
        )

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> ApiResponse:
        """Send a GET for a path below the server's root, such as `api/v1/applications`. Raises SourceError."""
        began = time.monotonic()
        async with limit_request(ARGOCD, self.url, RESPONSE_TIMEOUT_S, REQUEST_DEADLINE_S):
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
        """Send a request that changes something, once. Raises SourceError with `maybe_applied` set.

        `timeout_s` includes the whole answer, which is short.
        """
        began = time.monotonic()
        content = msgspec.json.encode(body) if body is not None else None
        # Exactly this value, on a DELETE without a body too: Argo CD answers anything else with 415.
        headers = {"Content-Type": "application/json"} if method != "GET" else {}
        async with limit_request(ARGOCD, self.url, timeout_s, timeout_s):
            response = await self._http.request(
                method,
                path,
                params=dict(params or {}),
                content=content,
                headers=headers,
                timeout=create_timeout(timeout_s),
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
        # The header is exactly this: any other value gets NDJSON without heartbeats.
        async with self._open_stream(path, params, {"Accept": "text/event-stream"}) as response:
            yield _parse_events(response)

    @asynccontextmanager
    async def stream_lines(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        """Open a stream of JSON lines: those that arrived together as one list. Leaving it closes the connection.

        There is no time limit: a process can be silent for hours.
        """
        async with self._open_stream(path, params, {}) as response:
            yield _iterate_json_lines(response)

    @asynccontextmanager
    async def _open_stream(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        timeout = create_timeout(None)
        with translate_transport_errors(ARGOCD, self.url, RESPONSE_TIMEOUT_S):
            async with self._http.stream(
                "GET", path, params=dict(params), headers=dict(headers), timeout=timeout, extensions={IS_STREAM: True}
            ) as response:
                self._store_renewed_token(response)
                if response.status_code != 200:
                    await self._raise_for_stream_status(response)
                yield response

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _raise_for_stream_status(self, response: httpx.Response) -> None:
        """Raise the error that a stream was refused with. Its body may be endless: only its start is read."""
        body = bytearray()
        async with limit_request(ARGOCD, self.url, RESPONSE_TIMEOUT_S, RESPONSE_TIMEOUT_S):
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ERROR_BYTES:
                    break
        _raise_for_status(
            httpx.Response(
                response.status_code, headers=response.headers, content=bytes(body), request=response.request
            )
        )

    def _store_renewed_token(self, response: httpx.Response) -> None:
        """Use the new token that the server sends shortly before a login session expires, unless it is not a token."""
        if renewed := response.headers.get("Grpc-Metadata-Renew-Token"):
            with contextlib.suppress(CredentialError):
                if token := parse_token(renewed, "the renewed token").reveal():
                    self._http.headers["Authorization"] = f"Bearer {token}"


def _to_api_response(response: httpx.Response, began: float) -> ApiResponse:
    return ApiResponse(response.content, time.monotonic() - began, response.headers.get("date", ""))


async def _parse_events(response: httpx.Response) -> AsyncIterator[StreamEvent | None]:
    """Yield the events. The heartbeats that arrive together are one, so that a flood of them costs nothing."""
    async for lines in iterate_line_batches(response):
        is_alive = False
        for line in lines:
            if line.startswith(b"data:"):
                yield _parse_event(line.removeprefix(b"data:"))
            elif line.startswith(b"{"):  # NDJSON: a proxy took our Accept away
                yield _parse_event(line)
            elif line.startswith(b":"):
                is_alive = True
            elif is_html(line):
                raise InvalidResponse(html_error_text(str(response.url.copy_with(query=None))))
        if is_alive:
            yield None


async def _iterate_json_lines(response: httpx.Response) -> AsyncIterator[list[bytes]]:
    """Yield the JSON of each line. A proxy can make an event stream of it."""
    async for lines in iterate_line_batches(response, LOG_UNITS_PER_S):
        found = [line.removeprefix(b"data:").lstrip() for line in lines if line.startswith((b"{", b"data:"))]
        if found:
            yield found
        elif any(map(is_html, lines)):
            raise InvalidResponse(html_error_text(str(response.url.copy_with(query=None))))


def raise_stream_error(error: StreamError) -> NoReturn:
    """Raise the error that a line of a stream contains."""
    raise _to_source_error(error.http_code, error.message, {})


def _parse_event(line: bytes) -> StreamEvent:
    if line.strip() == b"null":
        raise InvalidResponse("the stream contains an event without content (null)")
    event = decode_json(line, StreamEvent)
    if event.error is not None:
        raise_stream_error(event.error)
    if event.result is None:
        raise ServerError("the stream ended with an error that the server did not name")
    return event


def _raise_for_status(response: httpx.Response) -> None:
    if response.status_code == 200:
        if response.headers.get("content-type", "").startswith("text/html"):
            raise InvalidResponse(html_error_text(str(response.url.copy_with(query=None))))
        return
    if response.is_redirect:
        raise InvalidResponse(describe_redirect(response))
    raise _to_source_error(response.status_code, _error_message(response), response.headers)


def _to_source_error(status: int, message: str, headers: Mapping[str, str]) -> SourceError:
    if status == 401 and "expired" in message:
        message = "the token has expired"
    elif status == 401 and "no session information" in message:
        message = "no valid token was sent"
    return error_for_status(ARGOCD, status, message, headers)


def _error_message(response: httpx.Response) -> str:
    if is_html(response.content):
        return HTML_PAGE
    body = response.content.removeprefix(b"data:")  # an event stream's error is an event
    try:
        answer = decode_json(body, ErrorResponse)
    except InvalidResponse:
        return body[:200].decode(errors="replace").strip()
    inner = answer.error.message if isinstance(answer.error, StreamError) else answer.error
    return shorten_text(answer.message or inner)

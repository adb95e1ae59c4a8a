"""Argo CD's responses: JSON, gRPC errors, plain text, and the errors of a stream."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from anchor_tui.sandbox.argocd.stream import EVENT_STREAM

HTTP_STATUS_TEXTS = {401: "Unauthorized", 403: "Forbidden", 500: "Internal Server Error"}
GRPC_TO_HTTP = {2: 500, 3: 400, 5: 404, 7: 403, 9: 400, 13: 500, 16: 401}
GZIP_MIN_BYTES = 1024


class GrpcError(Exception):
    """A refused request: a gRPC code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class ContentTypeMiddleware:
    """Refuse every request but GET without exactly `application/json`, before all other checks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            types = [value for name, value in scope["headers"] if name == b"content-type"]
            if types != [b"application/json"]:
                response = text_response(415, "Invalid content type\n")
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def text_response(status: int, text: str) -> Response:
    """Return plain text, as the router itself does."""
    headers = {"x-content-type-options": "nosniff", "content-type": "text/plain; charset=utf-8"}
    return Response(text, status, headers)


def plain_error_response(_request: Request, error: Exception) -> Response:
    """Return 404 or 405 for unknown paths and methods."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return text_response(
        status, {404: "Not Found\n", 405: "Method Not Allowed\n"}.get(status, "Internal Server Error\n")
    )


def json_response(request: Request, value: Any, status: int = 200) -> Response:  # noqa: ANN401 - JSON
    """Return JSON, compressed if the client accepts it and it is large enough."""
    return encoded_response(request, msgspec.json.encode(value), status)


def compress_body(body: bytes) -> bytes:
    """Return a body compressed with gzip; equal bodies give equal bytes."""
    return gzip.compress(body, compresslevel=1, mtime=0)


def encoded_response(
    request: Request, body: bytes, status: int = 200, *, compress: Callable[[bytes], bytes] = compress_body
) -> Response:
    """Return JSON that is already encoded."""
    headers = {"content-type": "application/json", "vary": "Accept-Encoding"}
    if status == 200:
        headers["grpc-metadata-content-type"] = "application/grpc"
    if len(body) >= GZIP_MIN_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = compress(body)
        headers["content-encoding"] = "gzip"
    return Response(body, status, headers)


def error_response(request: Request, code: int, message: str) -> Response:
    """Return the error of a gRPC code."""
    return json_response(request, {"error": message, "code": code, "message": message}, GRPC_TO_HTTP[code])


def stream_error_response(
    code: int, message: str, project: Callable[[dict[str, Any]], dict[str, Any]], as_events: bool
) -> Response:
    """Return an error before a stream begins: one line, reduced to the requested fields."""
    status = GRPC_TO_HTTP[code]
    line = {
        "error": {
            "grpc_code": code,
            "http_code": status,
            "message": message,
            "http_status": HTTP_STATUS_TEXTS[status],
        }
    }
    body = msgspec.json.encode(project(line))
    if as_events:
        headers = {"content-type": EVENT_STREAM, "x-content-type-options": "nosniff"}
        return Response(b"data: " + body + b" \n\n", status, headers)
    return Response(body + b"\n", status, {"content-type": "application/json", "vary": "Accept-Encoding"})

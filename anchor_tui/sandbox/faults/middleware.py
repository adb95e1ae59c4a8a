"""The middleware that applies faults to requests, with the error bodies of real servers and proxies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anchor_tui.sandbox.faults.switches import Fault, FaultKind, FaultSwitches, Side

Headers = Mapping[str, str]
ClientAddress = tuple[str, int]
SandboxRequest = tuple[Side, str, str]
"""The server, the method and the path of a request."""
JSON_HEADERS = {"content-type": "application/json"}
GITHUB_JSON_HEADERS = {"content-type": "application/json; charset=utf-8"}
HTML_HEADERS = {"content-type": "text/html; charset=utf-8"}

LOGIN_PAGE = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Corporate proxy</h1><form method="post" action="/login">
<input name="user"><input name="password" type="password"><button>Sign in</button></form></body></html>
"""
GATEWAY_ERROR_PAGE = """<html>
<head><title>{status} {word}</title></head>
<body>
<center><h1>{status} {word}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
GATEWAY_STATUS_TEXTS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


def _argocd_error_body(status: int) -> tuple[Headers, str]:
    if status in GATEWAY_STATUS_TEXTS:
        return HTML_HEADERS, GATEWAY_ERROR_PAGE.format(status=status, word=GATEWAY_STATUS_TEXTS[status])
    code, message = {
        401: (16, "no session information"),
        403: (7, "permission denied"),
        404: (5, "not found"),
        429: (8, "too many requests"),
        500: (2, 'Get "https://10.0.0.1:443/apis/argoproj.io/v1alpha1/applications": context deadline exceeded'),
    }[status]
    return JSON_HEADERS, json.dumps({"error": message, "code": code, "message": message})


SECONDARY_LIMIT_MESSAGE = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
RATE_LIMIT_DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"


UNICORN_PAGE = """<!DOCTYPE html>
<html><head><title>Unicorn! &middot; GitHub</title></head>
<body><p><strong>No server is currently available to service your request.</strong></p></body></html>
"""


def _github_error_body(status: int) -> tuple[Headers, str]:
    if status == 503:
        return HTML_HEADERS, UNICORN_PAGE
    message, documentation = {
        401: ("Bad credentials", "https://docs.github.com/rest"),
        403: ("Resource not accessible by personal access token", "https://docs.github.com/rest"),
        404: ("Not Found", "https://docs.github.com/rest"),
        429: (SECONDARY_LIMIT_MESSAGE, RATE_LIMIT_DOCS),
    }.get(status, ("Server Error", ""))
    more = {"retry-after": "60"} if status == 429 else {}
    if not documentation:
        return GITHUB_JSON_HEADERS, json.dumps({"message": message})
    body = {"message": message, "documentation_url": documentation, "status": str(status)}
    return {**GITHUB_JSON_HEADERS, **more}, json.dumps(body)


def _status_api_error_body(status: int) -> tuple[Headers, str]:
    if status in GATEWAY_STATUS_TEXTS:
        return HTML_HEADERS, GATEWAY_ERROR_PAGE.format(status=status, word=GATEWAY_STATUS_TEXTS[status])
    words = {401: "unauthorized", 403: "forbidden", 404: "not found", 429: "too many requests"}
    return JSON_HEADERS, json.dumps({"error": words.get(status, "internal error")})


ERROR_BODIES: Mapping[Side, Callable[[int], tuple[Headers, str]]] = {
    "argocd": _argocd_error_body,
    "github": _github_error_body,
    "status": _status_api_error_body,
}
OPERATIONS_SCOPE_KEY = "anchor.operations"
"""The key in an ASGI scope: the fields of a request's mutation."""


STREAM_PATH = "/stream/"
CACHED_PARTS = {"managed-resources": "managed resources", "resource-tree": "resource tree"}
"""The ends of the paths that Argo CD answers from its cache, and their names in its errors."""
CACHE_DEADLINE_S = 60.0
"""The time that Argo CD waits for an empty cache to be filled."""
MESSAGE_TEXT = re.compile(rb'"message":"(?!")')
"""The start of a message in JSON that is not empty."""


class _TruncatedError(Exception):
    """The response has been truncated."""


class FaultMiddleware:
    """A server's application with its faults.

    `connections` are the transports by the client's address. Each request is counted in `requests`. Exceptions of the
    application are kept in `errors`: writing them to the terminal would disturb the user interface.
    """

    def __init__(
        self,
        app: ASGIApp,
        side: Side,
        faults: FaultSwitches,
        connections: Mapping[ClientAddress, asyncio.Transport],
        closing: asyncio.Event,
        errors: list[Exception],
        requests: Counter[SandboxRequest],
    ) -> None:
        self._app = app
        self._side = side
        self._faults = faults
        self._connections = connections
        self._closing = closing
        self._errors = errors
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, with the faults that match it."""
        if scope["type"] != "http":
            return
        self._requests[self._side, scope["method"], scope["path"]] += 1
        try:
            await self._handle(scope, receive, send)
        except Exception as error:
            self._errors.append(error)
            raise

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._faults.needs_operations(self._side) and scope["path"].endswith("/graphql"):
            raw = await _read_body(receive)
            scope = {**scope, OPERATIONS_SCOPE_KEY: parse_mutation_fields(raw)}
            receive = _replay_body(raw, receive)
        if fault := self._take_fault("latency", scope):
            await self._wait(float(fault.value))
        if fault := self._take_fault("hang", scope):
            if fault.value == "after":
                await self._app(scope, receive, _discard_message)
            await self._wait_for_disconnect(receive)
        elif fault := self._take_fault("reset", scope):
            if fault.value == "after":
                await self._app(scope, receive, _discard_message)
            self._reset_connection(scope)
            await self._wait_for_disconnect(receive)
        elif (part := CACHED_PARTS.get(scope["path"].rpartition("/")[2])) and (
            fault := self._take_fault("cold-cache", scope)
        ):
            await self._wait(float(fault.value or CACHE_DEADLINE_S))
            text = f"error getting cached app {part}: application refresh deadline exceeded"
            await _send_response(500, JSON_HEADERS, json.dumps({"error": text, "code": 2, "message": text}), send)
        elif fault := self._take_fault("status", scope):
            await self._send_error(int(fault.value), send)
        elif self._take_fault("secondary-limit", scope):
            headers, body = _github_error_body(429)
            await _send_response(403, headers, body, send)
        elif self._take_fault("duplicate", scope):
            raw = await _read_body(receive)
            await self._app(dict(scope), _replay_body(raw, receive), _discard_message)
            await self._app(scope, _replay_body(raw, receive), send)
        elif self._take_fault("html", scope):
            await _send_response(200, HTML_HEADERS, LOGIN_PAGE, send)
        elif self._take_fault("truncated", scope):
            await self._send_truncated(scope, receive, send)
        elif STREAM_PATH in scope["path"] and self._take_fault("cut-stream", scope):
            await self._send_first_part(scope, receive, send)
        elif STREAM_PATH in scope["path"] and self._take_fault("next-line", scope):
            await self._send_next_line_characters(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _wait(self, seconds: float) -> None:
        """Wait, or until the server closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _take_fault(self, kind: FaultKind, scope: Scope) -> Fault | None:
        operations = scope.get(OPERATIONS_SCOPE_KEY, frozenset())
        return self._faults.take_match(self._side, kind, scope["method"], scope["path"], operations)

    async def _wait_for_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send_error(self, status: int, send: Send) -> None:
        headers, body = ERROR_BODIES[self._side](status)
        await _send_response(status, headers, body, send)

    def _reset_connection(self, scope: Scope) -> None:
        """Close the connection with RST: the client gets `connection reset by peer`."""
        transport = self._connections.get(tuple(scope["client"]))
        if transport is not None:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    async def _send_truncated(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the first part of the body as if it were all."""

        async def send_half(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
                await send({**message, "headers": headers})
            elif body := message.get("body", b""):
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": False})
                raise _TruncatedError

        try:
            await self._app(_without_compression(scope), receive, send_half)
        except _TruncatedError:
            return

    async def _send_first_part(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first part of the body as if it were all: the first event of a stream."""

        async def send_first(message: Message) -> None:
            if message.get("body"):
                await send({**message, "more_body": False})
                raise _TruncatedError
            await send(message)

        try:
            await self._app(_without_compression(scope), receive, send_first)
        except _TruncatedError:
            return

    async def _send_next_line_characters(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put U+0085 at the start of each message. Go's encoder does not escape it either."""

        async def send_changed(message: Message) -> None:
            body = message.get("body", b"")
            await send({**message, "body": MESSAGE_TEXT.sub(rb"\g<0>" + "\x85".encode(), body)} if body else message)

        await self._app(_without_compression(scope), receive, send_changed)


def _without_compression(scope: Scope) -> Scope:
    """Return a request that does not accept a compressed response, so that its text can be changed."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


def parse_mutation_fields(body: bytes) -> frozenset[str]:
    """Return the fields of a GraphQL mutation; none for a query or another body."""
    if b"mutation" not in body:
        return frozenset()
    import graphql  # takes 0.1 s, so it is imported only for such a fault

    try:
        document = graphql.parse(json.loads(body)["query"])
    except (ValueError, KeyError, TypeError, graphql.GraphQLError):
        return frozenset()
    return frozenset(
        field.name.value
        for definition in document.definitions
        if isinstance(definition, graphql.OperationDefinitionNode)
        and definition.operation is graphql.OperationType.MUTATION
        for field in definition.selection_set.selections
        if isinstance(field, graphql.FieldNode)
    )


async def _read_body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was already read, then later messages."""
    left = [body]

    async def receive_again() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return receive_again


async def _discard_message(_message: Message) -> None:
    """Drop a message of a lost response."""


async def _send_response(status: int, headers: Headers, body: str, send: Send) -> None:
    raw = body.encode()
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(raw)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": raw})

"""The middleware that lets requests go wrong as `Faults` says, with the bodies of real servers and proxies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anchor_tui.sandbox.faults import Fault, Faults, Kind, Side

Headers = Mapping[str, str]
Address = tuple[str, int]
JSON = {"content-type": "application/json"}
GITHUB_JSON = {"content-type": "application/json; charset=utf-8"}
HTML = {"content-type": "text/html; charset=utf-8"}

LOGIN_PAGE = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Corporate proxy</h1><form method="post" action="/login">
<input name="user"><input name="password" type="password"><button>Sign in</button></form></body></html>
"""
BAD_GATEWAY = """<html>
<head><title>{status} {word}</title></head>
<body>
<center><h1>{status} {word}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
WORDS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


def _argocd_body(status: int) -> tuple[Headers, str]:
    if status in WORDS:
        return HTML, BAD_GATEWAY.format(status=status, word=WORDS[status])
    code, message = {
        401: (16, "no session information"),
        403: (7, "permission denied"),
        404: (5, "not found"),
        429: (8, "too many requests"),
        500: (2, 'Get "https://10.0.0.1:443/apis/argoproj.io/v1alpha1/applications": context deadline exceeded'),
    }[status]
    return JSON, json.dumps({"error": message, "code": code, "message": message})


SECONDARY_LIMIT = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
LIMITS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"


UNICORN = """<!DOCTYPE html>
<html><head><title>Unicorn! &middot; GitHub</title></head>
<body><p><strong>No server is currently available to service your request.</strong></p></body></html>
"""


def _github_body(status: int) -> tuple[Headers, str]:
    if status == 503:
        return HTML, UNICORN
    message, documentation = {
        401: ("Bad credentials", "https://docs.github.com/rest"),
        403: ("Resource not accessible by personal access token", "https://docs.github.com/rest"),
        404: ("Not Found", "https://docs.github.com/rest"),
        429: (SECONDARY_LIMIT, LIMITS),
    }.get(status, ("Server Error", ""))
    more = {"retry-after": "60"} if status == 429 else {}
    if not documentation:
        return GITHUB_JSON, json.dumps({"message": message})
    body = {"message": message, "documentation_url": documentation, "status": str(status)}
    return {**GITHUB_JSON, **more}, json.dumps(body)


def _status_api_body(status: int) -> tuple[Headers, str]:
    if status in WORDS:
        return HTML, BAD_GATEWAY.format(status=status, word=WORDS[status])
    words = {401: "unauthorized", 403: "forbidden", 404: "not found", 429: "too many requests"}
    return JSON, json.dumps({"error": words.get(status, "internal error")})


BODIES: Mapping[Side, Callable[[int], tuple[Headers, str]]] = {
    "argocd": _argocd_body,
    "github": _github_body,
    "status": _status_api_body,
}
OPERATIONS = "anchor.operations"
"""In a scope: the fields of the mutation that a request carries."""


class _CutShortError(Exception):
    """Enough was sent."""


class FaultyApp:
    """One side's application, behind its faults. `connections` are the transports by the client's address; what the
    application itself stumbles over is kept in `errors`, for nobody may write to the screen here.
    """

    def __init__(
        self,
        app: ASGIApp,
        side: Side,
        faults: Faults,
        connections: Mapping[Address, asyncio.Transport],
        closing: asyncio.Event,
        errors: list[Exception],
    ) -> None:
        self._app = app
        self._side = side
        self._faults = faults
        self._connections = connections
        self._closing = closing
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or not."""
        if scope["type"] != "http":
            return
        try:
            await self._pass(scope, receive, send)
        except Exception as error:
            self._errors.append(error)
            raise

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._faults.asks_for_operations(self._side) and scope["path"].endswith("/graphql"):
            raw = await _whole_body(receive)
            scope = {**scope, OPERATIONS: mutated(raw)}
            receive = _again(raw, receive)
        if fault := self._striking("latency", scope):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), float(fault.value))
        if fault := self._striking("hang", scope):
            if fault.value == "after":
                await self._app(scope, receive, _discard)
            await self._until_gone(receive)
        elif fault := self._striking("reset", scope):
            if fault.value == "after":
                await self._app(scope, receive, _discard)
            self._reset(scope)
            await self._until_gone(receive)
        elif fault := self._striking("status", scope):
            await self._refuse(int(fault.value), send)
        elif self._striking("secondary-limit", scope):
            headers, body = _github_body(429)
            await _answer(403, headers, body, send)
        elif self._striking("duplicate", scope):
            raw = await _whole_body(receive)
            await self._app(dict(scope), _again(raw, receive), _discard)
            await self._app(scope, _again(raw, receive), send)
        elif self._striking("html", scope):
            await _answer(200, HTML, LOGIN_PAGE, send)
        elif self._striking("truncated", scope):
            await self._truncate(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _striking(self, kind: Kind, scope: Scope) -> Fault | None:
        operations = scope.get(OPERATIONS, frozenset())
        return self._faults.striking(self._side, kind, scope["method"], scope["path"], operations)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _refuse(self, status: int, send: Send) -> None:
        headers, body = BODIES[self._side](status)
        await _answer(status, headers, body, send)

    def _reset(self, scope: Scope) -> None:
        """Close with RST, so that the client sees `connection reset by peer`."""
        transport = self._connections.get(tuple(scope["client"]))
        if transport is not None:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    async def _truncate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the first half of the first part on, and end there as if that were all."""

        async def half(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
                await send({**message, "headers": headers})
            elif body := message.get("body", b""):
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": False})
                raise _CutShortError

        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        try:
            await self._app({**scope, "headers": plain}, receive, half)
        except _CutShortError:
            return


def mutated(body: bytes) -> frozenset[str]:
    """The fields of the GraphQL mutation in a body; none of a query, and of what is neither."""
    if b"mutation" not in body:
        return frozenset()
    import graphql  # a tenth of a second: not before such a fault is on

    try:
        document = graphql.parse(json.loads(body)["query"])
    except (ValueError, KeyError, TypeError, graphql.GraphQLError):
        return frozenset()
    return frozenset(
        field.name.value
        for each in document.definitions
        if isinstance(each, graphql.OperationDefinitionNode) and each.operation is graphql.OperationType.MUTATION
        for field in each.selection_set.selections
        if isinstance(field, graphql.FieldNode)
    )


async def _whole_body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, and then what else comes."""
    left = [body]

    async def give() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return give


async def _discard(_message: Message) -> None:
    """The answer that is lost."""


async def _answer(status: int, headers: Headers, body: str, send: Send) -> None:
    raw = body.encode()
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(raw)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": raw})

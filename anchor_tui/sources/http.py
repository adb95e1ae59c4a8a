"""The HTTP layer of every source: one client factory, one read-only transport, one total deadline, one error map, one
Retry-After rule.

Only this module and `network.find_proxy` create httpx objects that send requests. `response_limits` bounds what they
receive.
"""

from __future__ import annotations

import asyncio
import errno
import http.cookiejar
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
import msgspec

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
from anchor_tui.sources.network import CONNECT_TIMEOUT_S, MAX_RESPONSE_BYTES, USER_AGENT
from anchor_tui.sources.response_limits import ACCEPT_ENCODING, BoundedTransport

if TYPE_CHECKING:
    import ssl

HTML_PAGE = "a page of HTML, as from a proxy"
MAX_MESSAGE_LENGTH = 300
MAX_RETRY_AFTER_S = 86_400.0
"""A longer requested pause is not believed."""
_GRPC_SIZE_LIMIT = "message larger than max"
"""Part of gRPC's message-size error. It has the code of a rate limit, ResourceExhausted, which becomes a 429."""
_LIMITS = httpx.Limits(max_connections=32)


class Service(NamedTuple):
    """The texts of the error map that depend on the service."""

    name: str
    login_hint: str
    """The way out after a 401."""
    tls_hint: str = ""
    """The way out if a certificate is not trusted; starts with a separator."""
    not_found_hint: str = ""
    """Another meaning of a 404; starts with a separator."""
    default_retry_after_s: float | None = None
    """The pause after a rate limit that names none, in seconds."""


# --- client -------------------------------------------------------------------------------------------


class ReadRules(NamedTuple):
    """The reads of a service beside GET and HEAD: POSTs of these GraphQL documents to this URL."""

    service: str
    graphql_url: str = ""
    query_texts: frozenset[str] = frozenset()


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Refuse every request that is not a read, where requests leave.

    GET and HEAD are reads, unless they have a `refresh` parameter: Argo CD answers that by writing an annotation.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, rules: ReadRules) -> None:
        self._inner = inner
        self._rules = rules

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward a read; raise WriteRefused for anything else before a byte leaves."""
        if not self._is_read(request):
            refresh = "the refresh of " if "refresh" in request.url.params else ""
            target = f"{refresh}{request.method} {request.url.path}"
            raise WriteRefused(f"read-only: {target} was not sent to {self._rules.service}")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    def _is_read(self, request: httpx.Request) -> bool:
        if request.method in {"GET", "HEAD"}:
            return "refresh" not in request.url.params
        return request.method == "POST" and self._is_registered_query(request)

    def _is_registered_query(self, request: httpx.Request) -> bool:
        if not self._rules.graphql_url or request.url != httpx.URL(self._rules.graphql_url):
            return False
        try:
            body = msgspec.json.decode(request.content)
        except (msgspec.DecodeError, UnicodeDecodeError, httpx.RequestNotRead):
            return False
        query = body.get("query") if isinstance(body, dict) else None
        return isinstance(query, str) and query in self._rules.query_texts


def create_client(
    headers: Mapping[str, str],
    *,
    base_url: str = "",
    verify: ssl.SSLContext | bool = False,
    proxy: str | None = None,
    timeout_s: float | None,
    read_rules: ReadRules | None,
    max_response_bytes: int = MAX_RESPONSE_BYTES,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Create a client that keeps no cookies, follows no redirects and retries nothing.

    With `read_rules` the client is read-only. `timeout_s` limits each read and write; `limit_request` limits the whole
    request. `transport` replaces the network in tests. `verify` is False for plain http only.
    """
    network = transport or httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=_LIMITS, trust_env=False)
    inner = BoundedTransport(network, max_response_bytes)
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING, **headers},
        transport=ReadOnlyTransport(inner, read_rules) if read_rules else inner,
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
        timeout=create_timeout(timeout_s),
        trust_env=False,
        follow_redirects=False,
    )


def create_timeout(timeout_s: float | None) -> httpx.Timeout:
    """Return the time limits of a request: `timeout_s` for each read and write, None for no limit."""
    return httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)


@asynccontextmanager
async def limit_request(service: Service, url: str, timeout_s: float, deadline_s: float) -> AsyncIterator[None]:
    """Limit a request and its whole answer to `deadline_s`, and raise httpx's exceptions as ours.

    `timeout_s` is the limit of a single read, for the texts. A server that sends a byte now and then never exceeds it.
    """
    try:
        async with asyncio.timeout(deadline_s):
            with translate_transport_errors(service, url, timeout_s):
                yield
    except TimeoutError as error:
        raise Timeout(f"{url}: no complete answer within {deadline_s:g} s") from error


# --- error map ----------------------------------------------------------------------------------------


def error_for_status(service: Service, status: int, message: str, headers: Mapping[str, str]) -> SourceError:
    """Return the error of an HTTP status. `message` is the server's text; header names are in lower case."""
    detail = f": {message}" if message else ""
    if status == 429 and _GRPC_SIZE_LIMIT in message:
        return ServerError(f"{service.name}'s answer is larger than its gRPC limit{detail}; raise the limit", status)
    is_rate_limit = status == 429 or (status == 403 and "rate limit" in message.lower())
    if is_rate_limit:
        return RateLimited(
            f"{status}: too many requests{detail}", parse_retry_after(headers, service.default_retry_after_s)
        )
    match status:
        case 401:
            return Unauthenticated(f"401{detail or ': the token was not accepted'}; {service.login_hint}")
        case 403:
            return Forbidden(f"403{detail}")
        case 404:
            return NotFound(f"404{detail}{service.not_found_hint}")
        case _ if 400 <= status < 500:
            return ClientError(f"{service.name} answered HTTP {status}{detail}", status)
        case _:
            return ServerError(f"{service.name} answered HTTP {status}{detail}", status)


def parse_retry_after(headers: Mapping[str, str], default_s: float | None = None) -> float | None:
    """Return how long the server wants clients to wait, in seconds.

    `retry-after` in seconds comes first, then `x-ratelimit-reset` if `x-ratelimit-remaining` is 0.
    """
    retry_after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if retry_after.isdecimal():
        return min(float(retry_after), MAX_RETRY_AFTER_S)
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(1.0, min(float(reset) - time.time(), MAX_RETRY_AFTER_S))
    return default_s


@contextmanager
def translate_transport_errors(service: Service, url: str, timeout_s: float) -> Iterator[None]:
    """Raise httpx's exceptions as ours. `url` and `timeout_s` are for the texts."""
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
            raise TlsError(f"{url}: TLS: {_tls_error_text(error)}{service.tls_hint}") from error
        raise Unreachable(f"{url}: cannot connect: {_connect_error_text(error)}", sent=False) from error
    except httpx.ProxyError as error:
        raise Unreachable(f"{url}: the proxy refused the connection: {error}", sent=False) from error
    except httpx.RemoteProtocolError as error:
        raise InvalidResponse(f"{url}: the answer ended early or is not HTTP: {error}") from error
    except httpx.DecodingError as error:
        raise InvalidResponse(f"{url}: the answer cannot be decompressed: {error}") from error
    except httpx.TransportError as error:
        raise Unreachable(f"{url}: the connection broke: {str(error) or type(error).__name__}") from error
    except httpx.InvalidURL as error:
        raise InvalidResponse(f"{url} is not an address: {error}") from error


def describe_redirect(response: httpx.Response) -> str:
    """Return where a response redirects to, for an error text."""
    try:
        target = httpx.URL(response.headers.get("location", ""))
    except httpx.InvalidURL:
        return "the server redirects to an invalid address: is a login proxy in between?"
    is_same_host = target.host == response.url.host
    if is_same_host and target.scheme == "https" and response.url.scheme == "http":
        return f"the server expects TLS: use https://{response.url.netloc.decode()} instead of http"
    return f"the server redirects to {target.host or target.path}: is a login proxy in between?"


def _is_tls_error(error: BaseException) -> bool:
    text = str(error).upper()
    return "CERTIFICATE" in text or "SSL" in text or "TLS" in text


def _tls_error_text(error: BaseException) -> str:
    return str(error).removeprefix("[SSL: ").replace("]", "", 1).split(" (_ssl.c")[0]


def _connect_error_text(error: BaseException) -> str:
    """Return the operating system's reason: httpx reports only that all attempts failed."""
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    if isinstance(cause, socket.gaierror):
        return f"{cause.strerror}"
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno in errno.errorcode:
        return os.strerror(cause.errno)
    return str(error) or "no reason given"

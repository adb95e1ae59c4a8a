"""The shared HTTP layer: the read-only transport, the error map, and the Retry-After rule."""

from __future__ import annotations

import time

import httpx
import pytest

from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)
from anchor_tui.sources.http import (
    ReadOnlyTransport,
    ReadRules,
    Service,
    create_client,
    describe_redirect,
    error_for_status,
    parse_retry_after,
    translate_transport_errors,
)

SERVICE = Service("Example", "log in", "; add ca_file", "; or it is hidden", 60.0)
GRAPHQL_URL = "https://api.example/graphql"
QUERY = "query X { y }"


class Recorder(httpx.AsyncBaseTransport):
    """Notes every request that leaves."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json={})

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
async def client(recorder):
    rules = ReadRules("Example", GRAPHQL_URL, frozenset({QUERY}))
    async with create_client({}, timeout_s=5, read_rules=rules, transport=recorder) as client:
        yield client
    assert recorder.is_closed


# --- the read-only transport --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_get_and_head_are_reads(client, recorder, method):
    await client.request(method, "https://api.example/x?appNamespace=refresh")
    assert [request.method for request in recorder.requests] == [method]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "SYNC", "get"])
async def test_no_other_method_leaves(client, recorder, method):
    request = httpx.Request(method, "https://api.example/x")
    request.method = method
    with pytest.raises(WriteRefused, match=f"read-only: {method} /x was not sent to Example"):
        await client.send(request)
    assert recorder.requests == []


@pytest.mark.parametrize("query", ["refresh=normal", "refresh=", "refresh", "a=b&%72efresh=hard"])
async def test_a_refresh_is_a_write(client, recorder, query):
    with pytest.raises(WriteRefused, match="refresh"):
        await client.get(f"https://api.example/x?{query}")
    assert recorder.requests == []


async def test_a_registered_query_is_a_read(client, recorder):
    await client.post(GRAPHQL_URL, json={"query": QUERY, "variables": {}})
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    "body", [{"query": "mutation { x }"}, {"query": QUERY + " "}, {"query": [QUERY]}, {"query": None}, {}, [], None, 7]
)
async def test_no_other_document_leaves(client, recorder, body):
    with pytest.raises(WriteRefused):
        await client.post(GRAPHQL_URL, json=body)
    assert recorder.requests == []


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b'{"query": '])
async def test_a_body_that_is_not_json_does_not_leave(client, recorder, content):
    with pytest.raises(WriteRefused):
        await client.post(GRAPHQL_URL, content=content)
    assert recorder.requests == []


async def test_a_streamed_body_does_not_leave(client, recorder):
    async def stream():
        yield b'{"query": "query X { y }"}'

    with pytest.raises(WriteRefused):
        await client.post(GRAPHQL_URL, content=stream())
    assert recorder.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/x",
        "https://api.example/graphql?x=1",
        "https://other.example/graphql",
        "http://api.example/graphql",
    ],
)
async def test_a_query_leaves_to_the_graphql_endpoint_only(client, recorder, url):
    with pytest.raises(WriteRefused):
        await client.post(url, json={"query": QUERY})
    assert recorder.requests == []


async def test_without_documents_no_post_is_a_read(recorder):
    async with create_client({}, timeout_s=5, read_rules=ReadRules("Example"), transport=recorder) as client:
        with pytest.raises(WriteRefused):
            await client.post("https://api.example/", json={})


async def test_without_read_rules_writes_leave(recorder):
    async with create_client({}, timeout_s=5, read_rules=None, transport=recorder) as client:
        await client.delete("https://api.example/x")
    assert len(recorder.requests) == 1


async def test_a_client_keeps_no_cookies_and_follows_no_redirects():
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(302, headers={"set-cookie": "a=b; Path=/", "location": "https://other.example/"})

    transport = httpx.MockTransport(answer)
    async with create_client({"X-Test": "1"}, timeout_s=5, read_rules=None, transport=transport) as client:
        await client.get("https://api.example/")
        await client.get("https://api.example/")
    assert [request.headers.get("cookie") for request in requests] == [None, None]
    assert {request.headers["x-test"] for request in requests} == {"1"}
    assert requests[0].headers["user-agent"].startswith("anchor-tui/")


def test_the_transport_cannot_be_bypassed_by_proxies(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    client = create_client({}, timeout_s=5, read_rules=ReadRules("Example"), proxy="http://proxy.example:3128")
    assert isinstance(client._transport, ReadOnlyTransport)
    assert not client._mounts


# --- the error map ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "kind", "text"),
    [
        (401, "", Unauthenticated, "401: the token was not accepted; log in"),
        (401, "expired", Unauthenticated, "401: expired; log in"),
        (403, "no", Forbidden, "403: no"),
        (403, "API rate limit exceeded", RateLimited, "403: too many requests: API rate limit exceeded"),
        (404, "", NotFound, "404; or it is hidden"),
        (429, "", RateLimited, "429: too many requests"),
        (422, "no", ClientError, "Example answered HTTP 422: no"),
        (500, "", ServerError, "Example answered HTTP 500"),
        (302, "", ServerError, "Example answered HTTP 302"),
        (
            429,
            "grpc: received message larger than max (105 vs. 104)",
            ServerError,
            "Example's answer is larger than its gRPC limit: grpc: received message larger than max (105 vs. 104); "
            "raise the limit",
        ),
    ],
)
def test_each_status_has_its_error(status, message, kind, text):
    error = error_for_status(SERVICE, status, message, {})
    assert type(error) is kind
    assert error.message == text
    assert error.maybe_applied == (kind is ServerError)


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "17", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 17.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1.0),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "9" * 400}, 86_400.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, 86_400.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "²"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_comes_from_the_headers(headers, expected_s):
    assert parse_retry_after(headers) == expected_s
    assert parse_retry_after(headers, 60.0) == (expected_s if expected_s is not None else 60.0)


def test_a_rate_limit_ends_at_its_reset():
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 120)}
    assert parse_retry_after(headers) == pytest.approx(120, abs=5)


@pytest.mark.parametrize(
    ("failure", "kind", "text", "maybe_applied"),
    [
        (httpx.ConnectTimeout("x"), Timeout, "no connection within 10 s", False),
        (httpx.PoolTimeout("x"), Timeout, "no connection was free within 5 s", False),
        (httpx.ReadTimeout("x"), Timeout, "no answer within 5 s", True),
        (httpx.ConnectError("[SSL: X] certificate (_ssl.c:1)"), TlsError, "TLS: X certificate; add ca_file", False),
        (httpx.ConnectError(""), Unreachable, "cannot connect: no reason given", False),
        (httpx.ProxyError("x"), Unreachable, "the proxy refused the connection: x", False),
        (httpx.RemoteProtocolError("x"), InvalidResponse, "the answer ended early or is not HTTP: x", True),
        (httpx.DecodingError("x"), InvalidResponse, "the answer cannot be decompressed: x", True),
        (httpx.ReadError(""), Unreachable, "the connection broke: ReadError", True),
        (httpx.InvalidURL("x"), InvalidResponse, "is not an address: x", True),
    ],
)
def test_each_transport_error_has_its_error(failure, kind, text, maybe_applied):
    with pytest.raises(kind) as caught, translate_transport_errors(SERVICE, "https://api.example", 5):
        raise failure
    assert type(caught.value) is kind
    assert caught.value.message.startswith("https://api.example")
    assert text in caught.value.message
    assert caught.value.maybe_applied == maybe_applied


def test_the_error_of_a_proxy_hides_its_password():
    failure = httpx.ProxyError("407 of http://user:hunter2@proxy.example:3128")
    with pytest.raises(Unreachable) as caught, translate_transport_errors(SERVICE, "https://u:hunter2@api.example", 5):
        raise failure
    assert "hunter2" not in str(caught.value) + caught.value.message + caught.value.failure.message
    assert "proxy.example:3128" in caught.value.message


def test_a_connection_error_shows_the_reason_of_the_system():
    failure = httpx.ConnectError("All connection attempts failed")
    failure.__cause__ = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")
    reason = pytest.raises(Unreachable, match="cannot connect: Connection refused")
    with reason, translate_transport_errors(SERVICE, "https://api.example", 5):
        raise failure


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("https://api.example/v1", "the server expects TLS: use https://api.example:8080 instead of http"),
        ("https://sso.example/login", "the server redirects to sso.example: is a login proxy in between?"),
        ("/login", "the server redirects to /login: is a login proxy in between?"),
        ("http://a:b/", "the server redirects to an invalid address: is a login proxy in between?"),
    ],
)
def test_only_a_redirect_to_the_same_host_means_tls(location, text):
    request = httpx.Request("GET", "http://api.example:8080/v1")
    assert describe_redirect(httpx.Response(302, headers={"location": location}, request=request)) == text

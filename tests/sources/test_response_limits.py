"""The limits of what a server may send: its time, its bytes, its lines and its pages, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from anchor_tui.domain.actions.steps import CreateBranch
from anchor_tui.sources import response_limits, status_api
from anchor_tui.sources.argocd import client as argocd_client
from anchor_tui.sources.argocd import prefetch
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.prefetch import PrefetchingClient, send_prefetch_requests
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import ClientError, InvalidResponse, SourceError, Timeout
from anchor_tui.sources.github import client as github_client
from anchor_tui.sources.github import writer as github_writer
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.queries import QueryDocument
from anchor_tui.sources.github.writer import GitHubWriter
from anchor_tui.sources.response_limits import (
    BURST_UNITS,
    MAX_PAUSE_S,
    PIECE_BYTES,
    UNITS_PER_S,
    StreamThrottle,
    _decompress,
)
from anchor_tui.sources.status_api import StatusAccess, send_event
from tests.sources.argocd.fakes import make_access
from tests.sources.github.fakes import access_to
from tests.sources.loopback_server import Request, serve_requests

DEADLINE_S = 0.15
SMALL = 50_000
BOMB = gzip.compress(bytes(20_000_000))
QUERY = QueryDocument("query Poll { viewer { login } }")
STEP = CreateBranch("anchor/ops", "b", "a" * 40)
STREAM = "api/v1/stream/applications"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def _short_deadlines(monkeypatch):
    for module in (argocd_client, github_client, github_writer, prefetch):
        monkeypatch.setattr(module, "REQUEST_DEADLINE_S", DEADLINE_S)
    monkeypatch.setattr(status_api, "TIMEOUT_S", DEADLINE_S)


def argo_client(url: str, max_bytes: int = SMALL) -> ArgoClient:
    return ArgoClient(resolve_connection(make_access(url), max_bytes), read_only=False)


async def get_from_argocd(url: str) -> object:
    argo = argo_client(url)
    try:
        return await argo.get("api/v1/applications")
    finally:
        await argo.aclose()


async def sync_with_argocd(url: str) -> object:
    argo = argo_client(url)
    try:
        return await argo.send(
            "POST", "api/v1/applications/prod/sync", body={}, timeout_s=argocd_client.REQUEST_DEADLINE_S
        )
    finally:
        await argo.aclose()


async def get_prefetched(url: str) -> object:
    connection = resolve_connection(make_access(url), SMALL)
    responses = send_prefetch_requests(connection, (("api/version", {}),))
    argo = PrefetchingClient(url, responses, lambda: ArgoClient(connection, read_only=True))
    try:
        return await argo.get("api/version")
    finally:
        await argo.aclose()
        for thread in threading.enumerate():
            if thread.name == "argocd-prefetch":
                await asyncio.to_thread(thread.join, 5)
                assert not thread.is_alive(), "an abandoned request ends its thread"


async def query_github(url: str) -> object:
    client = GitHubClient(access_to(url), frozenset({QUERY.text}), max_response_bytes=SMALL)
    try:
        return await client.query(QUERY)
    finally:
        await client.aclose()


async def get_from_github(url: str) -> object:
    client = GitHubClient(access_to(url), frozenset(), max_response_bytes=SMALL)
    try:
        return await client.get_json("/repos/a/b")
    finally:
        await client.aclose()


async def write_to_github(url: str) -> object:
    writer = GitHubWriter(access_to(url), max_response_bytes=SMALL)
    try:
        return await writer.send_step(STEP)
    finally:
        writer.close()


async def post_event(url: str) -> None:
    await send_event(StatusAccess(url, Secret("st-verysecret")), {"event": "x", "idempotency_key": "1"})


READS = [get_from_argocd, get_prefetched, query_github, get_from_github]
WRITES = [sync_with_argocd, write_to_github]
Send = Callable[[str], Awaitable[object]]


async def catch(kind: type[SourceError], call: Awaitable[object]) -> SourceError:
    """Return the error of a call that ends soon."""
    with pytest.raises(kind) as caught:
        async with asyncio.timeout(10):
            await call
    return caught.value


@contextmanager
def serve_until_end(answer: Callable[[Request, threading.Event], None]) -> Iterator[str]:
    """Serve with an event that is set when the test ends."""
    ended = threading.Event()
    with serve_requests(lambda request: answer(request, ended)) as url:
        try:
            yield url
        finally:
            ended.set()


# --- time ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_short_deadlines")
@pytest.mark.parametrize("send", READS + WRITES, ids=lambda send: send.__name__)
async def test_a_dripping_answer_ends_at_the_deadline(send: Send):
    with serve_until_end(lambda request, ended: request.drip(lambda: ended.wait(0.01))) as url:
        caught = await catch(Timeout, send(url))
    assert f"no complete answer within {DEADLINE_S} s" in caught.message
    assert caught.maybe_applied


@pytest.mark.usefixtures("_short_deadlines")
@pytest.mark.parametrize("send", [get_from_argocd, sync_with_argocd, write_to_github, get_prefetched, post_event])
async def test_dripping_headers_end_at_the_deadline(send: Send):
    def drip_headers(request: Request, ended: threading.Event) -> None:
        request.send_part(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not ended.wait(0.01):
            request.send_part(b"x")

    with serve_until_end(drip_headers) as url, pytest.raises(Timeout):
        async with asyncio.timeout(5):
            await send(url)


async def test_an_accepted_event_needs_no_body():
    with serve_until_end(lambda request, ended: request.drip(lambda: ended.wait(0.01))) as url:
        await post_event(url)


async def test_a_refused_stream_with_an_endless_body_ends(monkeypatch):
    monkeypatch.setattr(argocd_client, "RESPONSE_TIMEOUT_S", DEADLINE_S)

    def refuse(request: Request, ended: threading.Event) -> None:
        request.send_part(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        while not ended.wait(0.01):
            request.send_part(b"x")

    with serve_until_end(refuse) as url:
        await catch(Timeout, read_stream(url))


# --- bytes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", READS + WRITES, ids=lambda send: send.__name__)
@pytest.mark.parametrize("headers", [{}, {"content_encoding": "gzip"}], ids=["plain", "gzip"])
async def test_a_large_answer_is_not_read(send: Send, headers):
    body = BOMB if headers else b" " * (SMALL + 1)
    with serve_requests(lambda request: request.respond(200, body, **headers)) as url:
        error = await catch(InvalidResponse, send(url))
    assert "larger than 0.0476837 MiB: raise max_response_mb" in error.message


@pytest.mark.parametrize("send", READS + WRITES, ids=lambda send: send.__name__)
async def test_a_compressed_answer_is_read(send: Send):
    body = gzip.compress(b'{"ref": "x", "data": {"viewer": {"login": "a"}}}')
    with serve_requests(lambda request: request.respond(200, body, content_encoding="gzip")) as url:
        assert await send(url)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate"])
async def test_an_unknown_compression_is_an_error(encoding):
    with serve_requests(lambda request: request.respond(200, b"{}", content_encoding=encoding)) as url:
        error = await catch(InvalidResponse, get_from_argocd(url))
    assert "cannot be decompressed: unknown encoding" in error.message


def test_a_bomb_is_decompressed_in_small_pieces():
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    tracemalloc.start()
    sizes = [len(piece) for piece in _decompress(decompressor, BOMB + b"after the end")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= PIECE_BYTES
    assert peak < 4 * PIECE_BYTES


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_every_size_is_decompressed_completely(size):
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    compressed = gzip.compress(bytes(size))
    half = len(compressed) // 2
    pieces = [*_decompress(decompressor, compressed[:half]), *_decompress(decompressor, compressed[half:])]
    assert b"".join(pieces) == bytes(size)


# --- lines --------------------------------------------------------------------------------------------


async def read_stream(url: str, count: int = 1_000_000) -> list[object]:
    """Return the first items of the stream."""
    argo = argo_client(url)
    found: list[object] = []
    try:
        async with argo.stream_events(STREAM, {}) as events:
            async for event in events:
                found.append(event)
                if len(found) == count:
                    break
    finally:
        await argo.aclose()
    return found


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_a_line_without_an_end_is_an_error(monkeypatch, compress):
    monkeypatch.setattr(response_limits, "MAX_LINE_BYTES", 10_000)
    encoding = {"content_encoding": "gzip"} if compress is gzip.compress else {}
    body = compress(b"data: " + b"x" * 100_000)
    with serve_requests(lambda request: request.stream([body], **encoding)) as url:
        error = await catch(InvalidResponse, read_stream(url))
    assert "a line of the stream is longer than" in error.message


async def test_a_stream_may_be_larger_than_an_answer():
    event = b'data: {"result": {"type": "ADDED", "application": {}}}\n\n'
    with serve_requests(lambda request: request.stream([event] * (2 * SMALL // len(event)))) as url:
        assert len(await read_stream(url)) == 2 * SMALL // len(event)


async def test_heartbeats_that_arrive_together_are_one():
    heartbeats = b":\n\n" * 50_000
    with serve_requests(lambda request: request.stream([heartbeats])) as url:
        found = await read_stream(url)
    assert set(found) == {None}
    assert len(found) < 1_000


async def test_a_flood_of_lines_is_read_with_pauses(monkeypatch):
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(response_limits.asyncio, "sleep", pause)
    with serve_requests(lambda request: request.stream([b":\n" * int(2 * BURST_UNITS)])) as url:
        await read_stream(url)
    assert sum(pauses) > 0.5 * BURST_UNITS / UNITS_PER_S


def test_only_a_flood_is_read_with_pauses():
    throttle = StreamThrottle(0.0)
    assert throttle.pause_s(int(BURST_UNITS), 0, 0.0) == 0.0
    assert throttle.pause_s(200, 0, 0.0) == pytest.approx(200 / UNITS_PER_S)
    assert throttle.pause_s(0, 1024 * 200, 0.0) == pytest.approx(400 / UNITS_PER_S)
    assert throttle.pause_s(10_000_000, 0, 0.0) == MAX_PAUSE_S
    assert throttle.pause_s(1, 100, 10_000.0) == 0.0


# --- redirects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("send", [*READS, *WRITES, post_event], ids=lambda send: send.__name__)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_loop_ends_at_once(send: Send, status):
    arrived: list[str] = []

    def redirect(request: Request) -> None:
        arrived.append(request.method)
        request.respond(status, location=f"http://{request.headers['Host']}/again{len(arrived)}")

    with serve_requests(redirect) as url, pytest.raises(SourceError):
        await send(url)
    allowed = {get_from_github: 4, get_prefetched: 2}
    assert len(arrived) == allowed.get(send, 1)


async def test_a_redirected_write_was_not_applied():
    with serve_requests(lambda request: request.respond(301, location="/elsewhere")) as url:
        error = await catch(ClientError, write_to_github(url))
    assert "was the repository renamed" in error.message
    assert not error.maybe_applied


# --- the client ---------------------------------------------------------------------------------------


async def test_only_gzip_is_requested():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-encoding"])
        return httpx.Response(200, json={})

    argo = ArgoClient(resolve_connection(make_access()), read_only=True, transport=httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.aclose()
    assert seen == ["gzip"]

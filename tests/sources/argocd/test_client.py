"""The client of Argo CD: read-only mode, headers and the token."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import InvalidResponse, SourceError, Unreachable, WriteRefused
from anchor_tui.sources.http import ReadOnlyTransport
from tests.sources.argocd.fakes import (
    TOKEN,
    URL,
    make_access,
    make_client,
)
from tests.sources.loopback_server import serve_requests

# --- read-only ------------------------------------------------------------------------------


def recorder() -> tuple[list[httpx.Request], httpx.MockTransport]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={})

    return requests, httpx.MockTransport(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "SYNC"])
async def test_read_only_refuses_other_methods(method):
    requests, transport = recorder()
    argo = make_client(transport)
    request = httpx.Request(method, f"{URL}/api/v1/applications/prod/sync")
    request.method = method
    with pytest.raises(WriteRefused, match="read-only"):
        await argo._http.send(request)
    await argo.aclose()
    assert requests == []


@pytest.mark.parametrize("query", ["refresh=normal", "refresh=hard", "refresh=", "refresh", "a=b&%72efresh=hard"])
async def test_read_only_sends_no_refresh(query):
    requests, transport = recorder()
    argo = make_client(transport)
    with pytest.raises(WriteRefused, match="refresh"):
        await argo._http.get(f"{URL}/api/v1/applications/prod?{query}")
    with pytest.raises(WriteRefused):
        await argo.get("api/v1/applications/prod", {"refresh": "hard"})
    await argo.aclose()
    assert requests == []


async def test_read_only_sends_reads():
    requests, transport = recorder()
    argo = make_client(transport)
    await argo.get("api/v1/applications/prod", {"appNamespace": "refresh"})
    await argo.aclose()
    assert [request.method for request in requests] == ["GET"]


async def test_writes_are_sent_without_read_only():
    requests, transport = recorder()
    argo = make_client(transport, read_only=False)
    await argo._http.post("api/v1/applications/prod/sync", json={})
    await argo.aclose()
    assert len(requests) == 1


async def test_read_only_applies_to_proxies_too(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    argo = ArgoClient(resolve_connection(make_access()), read_only=True)
    assert isinstance(argo._http._transport, ReadOnlyTransport)
    assert not argo._http._mounts
    await argo.aclose()


# --- headers -----------------------------------------------------------------------------------------


async def test_a_renewed_token_replaces_the_old_one():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={}, headers={"Grpc-Metadata-Renew-Token": "the-next"})

    argo = make_client(httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.get("api/version")
    await argo.aclose()
    assert seen == ["Bearer a-token", "Bearer the-next"]


@pytest.mark.parametrize("token", ["t\u00f6ken", "two words", "t\u200bken", "\u00a0"])
async def test_a_renewed_token_that_is_none_is_ignored(token):
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={}, headers=[(b"Grpc-Metadata-Renew-Token", token.encode())])

    argo = make_client(httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.get("api/version")
    await argo.aclose()
    assert seen == ["Bearer a-token", "Bearer a-token"]


async def test_cookies_are_neither_stored_nor_sent():
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, json={}, headers={"set-cookie": "argocd.token=stolen; Path=/"})

    argo = make_client(httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.get("api/version")
    await argo.aclose()
    assert seen == [None, None]


# --- the token -------------------------------------------------------------------------


async def test_no_text_contains_the_token(caplog):
    caplog.set_level(logging.DEBUG)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/boom":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(401, json={"message": "invalid session"}, headers={"x": "y"})

    argo = ArgoClient(resolve_connection(make_access()), read_only=True, transport=httpx.MockTransport(answer))
    texts = [repr(argo), repr(make_access()), str(make_access()), repr(Secret(TOKEN)), f"{Secret(TOKEN)}"]
    for path in ("boom", "api/version"):
        with pytest.raises(SourceError) as caught:
            await argo.get(path)
        texts += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    with pytest.raises(WriteRefused) as refused:
        await argo._http.post("api/v1/session")
    texts += [str(refused.value), repr(argo._http.headers), caplog.text]
    await argo.aclose()
    assert not [text for text in texts if "very-secret" in text]


async def test_the_token_is_sent_in_a_header_only():
    requests, transport = recorder()
    argo = ArgoClient(resolve_connection(make_access()), read_only=True, transport=transport)
    await argo.get("api/v1/applications", {"fields": "items"})
    await argo.aclose()
    assert TOKEN not in str(requests[0].url)
    assert requests[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_a_closed_port_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    argo = ArgoClient(resolve_connection(make_access(url)), read_only=True)
    with pytest.raises(Unreachable, match="cannot connect"):
        await argo.get("api/version")
    await argo.aclose()


@pytest.mark.parametrize("body", [b"data: null\n\n", b"data:null\r\n\r\n"])
async def test_an_event_of_null_is_named_as_such(body):
    argo = make_client(httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises(InvalidResponse, match=r"an event without content \(null\)"):
        async with argo.stream_events("api/v1/stream/applications", {}) as events:
            await anext(events)
    await argo.aclose()

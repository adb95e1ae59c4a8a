"""Requests that are sent before the client exists."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.prefetch import PrefetchingClient, send_prefetch_requests
from anchor_tui.sources.errors import Unauthenticated, Unreachable
from tests.sources.argocd.fakes import (
    make_access,
)
from tests.sources.loopback_server import serve_requests


def ahead_client(route, *requests) -> PrefetchingClient:
    return PrefetchingClient(
        route.access.url, send_prefetch_requests(route, requests), lambda: ArgoClient(route, read_only=True)
    )


async def test_only_a_failed_prefetch_is_requested_again():
    paths: list[str] = []

    def answer(request) -> None:
        paths.append(request.path)
        request.respond(200 if request.path == "/api/version" else 401, '{"message":"no session information"}')

    with serve_requests(answer) as url:
        argo = ahead_client(
            resolve_connection(make_access(url)), ("api/version", {}), ("api/v1/applications", {"fields": "x"})
        )
        await argo.get("api/version")
        with pytest.raises(Unauthenticated):
            await argo.get("api/v1/applications", {"fields": "x"})
        refused = "/api/v1/applications?fields=x"
        assert sorted(paths) == [refused, refused, "/api/version"]
        await argo.get("api/version")
        assert paths[3:] == ["/api/version"]
        await argo.aclose()


async def test_a_used_body_is_released():
    with serve_requests(lambda request: request.respond(body='{"items":[]}')) as url:
        connection = resolve_connection(make_access(url))
        responses = send_prefetch_requests(connection, (("api/v1/applications", {}),))
        argo = PrefetchingClient(url, responses, lambda: ArgoClient(connection, read_only=True))
        assert (await argo.get("api/v1/applications")).body == b'{"items":[]}'
        assert [response.body.result() for response in responses.values()] == [None]
        await argo.aclose()


async def test_a_prefetch_without_a_server_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    argo = ahead_client(resolve_connection(make_access(url)), ("api/version", {}))
    with pytest.raises(Unreachable, match="cannot connect"):
        await argo.get("api/version")
    await argo.aclose()


async def test_waiting_for_a_hanging_server_blocks_no_worker_thread():
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    ended = threading.Event()
    with serve_requests(lambda request: ended.wait(20) and request.respond(body="{}")) as url:
        argo = ahead_client(resolve_connection(make_access(url)), ("api/version", {}), ("api/v1/settings", {}))
        asked = [asyncio.create_task(argo.get(path)) for path in ("api/version", "api/v1/settings")]
        await asyncio.sleep(0)  # both requests wait now
        async with asyncio.timeout(5):
            await asyncio.to_thread(lambda: None)  # as the credential look-up of another source does
        assert not any(task.done() for task in asked)
        ended.set()
        assert [answer.body for answer in await asyncio.gather(*asked)] == [b"{}", b"{}"]
        await argo.aclose()

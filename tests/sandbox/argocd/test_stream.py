from __future__ import annotations

import asyncio

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release, wait_until

STREAM = "/api/v1/stream/applications"


async def _bytes(response: httpx.Response, enough: int) -> bytes:
    seen = b""
    async for part in response.aiter_raw():
        seen += part
        if len(seen) >= enough or seen.count(b":\n") > 1:
            break
    return seen


async def test_an_event_stream_is_framed_as_recorded_with_a_heartbeat(argocd: httpx.AsyncClient) -> None:
    headers = {"accept": "text/event-stream"}
    async with argocd.stream("GET", STREAM, params={"name": "anchor-msp-dev"}, headers=headers) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in stream.headers
        text = (await _bytes(stream, 10**6)).decode()
    first, rest = text.split("\n", 1)
    assert first.startswith('data: {"result":{')
    assert first.endswith(" ")
    assert rest.startswith("\n\n:\n:\n")


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream, */*", "application/json"])
async def test_anything_but_exactly_event_stream_is_json_lines(argocd: httpx.AsyncClient, accept: str) -> None:
    async with argocd.stream("GET", STREAM, headers={"accept": accept, "accept-encoding": "identity"}) as stream:
        assert stream.headers["content-type"] == "application/json"
        assert (await _bytes(stream, 1)).startswith(b'{"result":{"type":"ADDED"')


async def test_json_lines_are_compressed_line_by_line_on_request(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async with argocd.stream("GET", STREAM, headers={"accept-encoding": "gzip"}) as stream:
        assert stream.headers["content-encoding"] == "gzip"
        lines = stream.aiter_lines()
        assert [(await anext(lines))[:25] for _ in range(3)] == ['{"result":{"type":"ADDED"'] * 3
        box.commit({"README.md": "x\n"}, "Words")
        box.advance(2)
        assert (await anext(lines)).startswith('{"result":{"type":"MODIFIED"')


@pytest.mark.parametrize("query", [{"name": "nope"}, {"projects": "nope"}, {"resourceVersion": "abc"}])
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_a_stream_without_matches_sends_no_headers(
    argocd: httpx.AsyncClient, query: dict[str, str], accept: str
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        async with argocd.stream("GET", STREAM, params=query, headers={"accept": accept}, timeout=0.15):
            raise AssertionError("there were headers")


async def test_a_stream_from_a_resource_version_sends_only_changes(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    listed = (await argocd.get("/api/v1/applications", params={"fields": "items.metadata.name"})).json()
    version = str(int(listed["metadata"]["resourceVersion"]) + 1)

    async def change() -> None:
        await wait_until(lambda: bool(box.controller.listeners))
        box.commit(edit_release(box, "dev", "1.43.2"), "Back")
        box.advance(2)

    changing = asyncio.create_task(change())
    async with argocd.stream("GET", STREAM, params={"resourceVersion": version}) as stream:
        first = await anext(stream.aiter_lines())
    await changing
    assert first.startswith('{"result":{"type":"MODIFIED"')


async def test_fields_of_a_watch_are_any_dotted_path(argocd: httpx.AsyncClient) -> None:
    fields = "result.type,result.application.metadata.name,result.application.status.reconciledAt"
    async with argocd.stream("GET", STREAM, params={"fields": fields, "name": "anchor-msp-dev"}) as stream:
        line = await anext(stream.aiter_lines())
    assert line.startswith(
        '{"result":{"type":"ADDED","application":{"metadata":{"name":"anchor-msp-dev"},"status":{"rec'
    )


async def test_a_deleted_application_sends_its_last_state(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async with argocd.stream("GET", STREAM, params={"name": "anchor-msp-dev"}) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        app = box.applications["argocd", "anchor-msp-dev"]
        box.controller.remove_application(app, box.clock.now())
        line = await anext(lines)
    assert line.startswith('{"result":{"type":"DELETED"')
    assert '"sync":{"status":"Synced"' in line


async def test_a_disconnected_client_leaves_no_listener(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async with argocd.stream("GET", STREAM) as stream:
        await anext(stream.aiter_lines())
        assert len(box.controller.listeners) == 1
    await wait_until(lambda: not box.controller.listeners)


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_closing_ends_open_streams_cleanly_and_at_once(accept: str) -> None:
    async with httpx.AsyncClient(headers={"accept": accept}, verify=False) as client:
        loop = asyncio.get_running_loop()
        async with Sandbox.start() as box:
            headers = {"authorization": f"Bearer {box.argocd_token}"}
            stream = await client.send(
                client.build_request("GET", box.argocd_url + STREAM, headers=headers), stream=True
            )
            silent = asyncio.create_task(client.get(box.argocd_url + STREAM + "?name=nope", headers=headers))
            lines = stream.aiter_lines()
            await anext(lines)
            began = loop.time()
        assert loop.time() - began < 0.5
        async for _ in lines:
            pass
        await stream.aclose()
        with pytest.raises(httpx.HTTPError):
            (await silent).raise_for_status()

"""The endless answers of a real Argo CD: logs that are followed, and the tree after each change."""

from __future__ import annotations

import asyncio
import threading

import httpx
import msgspec
import pytest

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.logs import LogLine, LogSelection, UnreadLogLine, read_line
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.inspection_reader import parse_log_lines, scan_log_lines
from anchor_tui.sources.argocd.inspection_streams import open_log_stream, open_tree_stream, parse_streamed_tree
from anchor_tui.sources.errors import Forbidden, InvalidResponse, ServerError, SourceError
from tests.argocd_recordings import FOLDER, load_recording, replay_transport
from tests.sources.argocd.fakes import make_client

DEV, STAGING = AppId("main", "argocd", "anchor-msp-dev"), AppId("main", "argocd", "anchor-msp-staging")
LOGS = "/api/v1/applications/anchor-msp-dev/logs"
TREE = "/api/v1/stream/applications/anchor-msp-staging/resource-tree"


async def follow(transport: httpx.AsyncBaseTransport) -> list[LogLine]:
    client = make_client(transport)
    try:
        async with open_log_stream(client, DEV, "anchor-msp", LogSelection("anchor-dev", "a-pod")) as batches:
            return [line async for lines in batches for line in parse_log_lines(lines)]
    finally:
        await client.aclose()


async def test_a_followed_log_has_the_recorded_lines():
    lines = await follow(replay_transport({LOGS: "pod-logs-follow"}))
    assert "upstream timed out" in lines[0].text
    assert [line.text[-2] for line in lines[1:5]] == ["2", "0", "1", "2"]
    assert {line.pod for line in lines} == {"anchor-gateway-564c498b7c-b2xhf"}
    assert all(line.at for line in lines)


async def test_an_event_stream_has_the_same_lines():
    lines = await follow(replay_transport({LOGS: "pod-logs-sse"}))
    assert [line.text for line in lines][1] == '{"level":"info","msg":"GET /healthz 200","ms":2}'
    assert len(lines) == 2


async def test_the_request_follows_and_limits_the_tail():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return load_recording("pod-logs-unknown-pod").response(request)

    assert await follow(replay_transport({LOGS: answer})) == []
    query = dict(seen[0].url.params)
    assert (query["follow"], query["tailLines"], query["podName"]) == ("true", "200", "a-pod")


async def test_a_missing_right_is_named():
    with pytest.raises(Forbidden, match="logs, get"):
        await follow(replay_transport({LOGS: "pod-logs-not-permitted"}))


async def test_a_note_of_the_server_does_not_have_a_time():
    (line,) = await follow(replay_transport({LOGS: "pod-logs-unknown-container"}))
    assert "is not valid for pod" in line.text
    assert line.at is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"http_code":500,"message":"EOF"}}\n', ServerError),
        (b"<html>log in</html>\n", InvalidResponse),
        (b"{not json}\n", InvalidResponse),
    ],
)
async def test_a_broken_stream_is_an_error(body, error):
    with pytest.raises(error):
        await follow(replay_transport({LOGS: lambda _: httpx.Response(200, content=body)}))


async def test_each_change_brings_the_whole_tree():
    client = make_client(replay_transport({TREE: "resource-tree-stream"}))
    async with open_tree_stream(client, STAGING, None) as batches:
        trees = [parse_streamed_tree(line, ApplicationDetails()) async for lines in batches for line in lines]
    await client.aclose()
    assert len(trees) == len(load_recording("resource-tree-stream").raw["lines"])
    assert all(tree is not None and tree.nodes for tree in trees)


async def test_leaving_a_stream_closes_its_connection():
    closed = threading.Event()

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b'{"result":{"content":"first"}}\n'
            await asyncio.Event().wait()

        async def aclose(self):
            closed.set()

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(200, stream=Endless())

    client = make_client(Transport())
    async with open_log_stream(client, DEV, None, LogSelection()) as batches:
        assert parse_log_lines(await anext(batches)) == [LogLine("first")]
    assert closed.is_set()
    await client.aclose()


# --- lines whose texts are not read yet ---------------------------------------------------------------

LOG_RECORDINGS = sorted(
    path.stem for path in FOLDER.glob("*pod-logs*.json") if "lines" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", LOG_RECORDINGS)
def test_a_scanned_line_equals_the_parsed_one(name):
    events = [found["line"] for found in load_recording(name).raw.get("lines", ()) if found["line"]]
    lines = [msgspec.json.encode(event) for event in events]
    if any("error" in event for event in events):
        with pytest.raises(SourceError):
            scan_log_lines(lines)
    else:
        assert [read_line(line) for line in scan_log_lines(lines)] == parse_log_lines(lines)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "",
        '","timeStamp":"x","timeStampStr":"2020-01-01T00:00:00Z","podName":"fake"}}',
        "ends with a backslash \\",
        'ends with a quote "',
        "\x00 \u2028 \U0001f600 é",
        "x" * 5_000,
    ],
    ids=range(7),
)
def test_a_text_cannot_change_the_time_or_pod(text):
    at = "2026-11-23T13:54:01.123456789Z"
    result = {"content": text, "timeStamp": at[:19] + "Z", "last": False, "timeStampStr": at, "podName": "gateway-1"}
    (line,) = scan_log_lines([msgspec.json.encode({"result": result})])
    assert isinstance(line, UnreadLogLine)
    assert (line.text, line.pod) == (text, "gateway-1")
    assert line.at is not None
    assert line.at.isoformat() == "2026-11-23T13:54:01.123456+00:00"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "2026-02-31T00:00:00Z", "soon"])
def test_a_line_with_an_odd_time_is_parsed(at):
    result = {"content": "x", "timeStamp": None, "last": False, "timeStampStr": at, "podName": "gateway-1"}
    assert scan_log_lines([msgspec.json.encode({"result": result})]) == [LogLine("x", "gateway-1")]


def test_an_unreadable_text_is_shown_as_it_is():
    raw = (
        b'{"result":{"content":"a \\q b","timeStamp":"2026-11-23T13:54:01Z","last":false,'
        b'"timeStampStr":"2026-11-23T13:54:01Z","podName":"gateway-1"}}'
    )
    (line,) = scan_log_lines([raw])
    assert line.text == raw.decode()


def test_the_texts_of_a_busy_log_are_not_decoded():
    result = {
        "content": "x",
        "timeStamp": "2026-11-23T13:54:01Z",
        "last": False,
        "timeStampStr": "2026-11-23T13:54:01.5Z",
        "podName": "gateway-1",
    }
    found = scan_log_lines([msgspec.json.encode({"result": result})] * 1_000)
    assert {type(line) for line in found} == {UnreadLogLine}

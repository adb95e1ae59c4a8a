"""The event stream of Argo CD: its end, its failures and its silence."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from anchor_tui.domain.readings import Fresh
from anchor_tui.sources.argocd import source as module
from anchor_tui.sources.backoff import Backoff
from tests.argocd_recordings import load_recording, replay_transport
from tests.sources.argocd.fakes import (
    BOTH,
    LIST,
    NOW,
    PROD,
    SELECTED,
    STREAM,
    FakeArgoCD,
    application_json,
    applications_by_id,
    error_response,
    has_application,
    is_fresh,
    is_stale,
    make_client,
    make_source,
    run_source,
)


async def test_a_stream_that_ends_is_opened_again_without_staleness():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send_heartbeat()
        stream.end()
        argo.documents["argocd", "prod"]["status"]["sync"]["status"] = "OutOfSync"
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
        (await argo.wait_for_stream(2)).send("MODIFIED", application_json("prod", health={"status": "Progressing"}))
        await seen.wait_until(has_application("argocd/prod", health="Progressing"))
    assert all(map(is_fresh, seen.readings))


@pytest.mark.parametrize(
    "failure",
    [httpx.ReadError("reset"), httpx.RemoteProtocolError("peer closed connection"), httpx.ReadTimeout("x")],
)
async def test_a_cut_stream_is_not_a_failure(failure):
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("prod"))
        stream.fail(failure)
        (await argo.wait_for_stream(2)).send_heartbeat()
        await seen.wait_until(is_fresh)
    assert all(map(is_fresh, seen.readings))
    assert {problem for reading in seen.readings for problem in reading.problems} == set()


async def test_a_stream_error_is_followed_by_a_list():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send_heartbeat()
        stream.send_text('data: {"error":{"http_code":500,"message":"watch closed"}}\n\n')
        await argo.wait_for_stream(2)
    assert all(map(is_fresh, seen.readings))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(404, text="Not Found\n"),
        httpx.Response(200, text="<html>log in</html>"),
        httpx.ConnectError("refused"),
    ],
)
async def test_without_a_stream_applications_are_listed_and_fetched(answer):
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.stream_response = answer
    listed = application_json("prod")
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [listed]})
    async with run_source(make_source(argo, PROD)) as seen:
        reading = await seen.wait_until(
            lambda reading: is_fresh(reading) and bool(applications_by_id(reading)["argocd/prod"].conditions)
        )
    assert "changes are not streamed" in reading.problems[0].message
    assert all(map(is_fresh, seen.readings))


async def test_without_a_stream_old_details_are_fetched_again():
    minutes = 0

    def now():
        return NOW + timedelta(minutes=minutes)

    def listed(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": [application_json("prod")]})

    argo = FakeArgoCD(application_json("prod", reconciledAt="2026-11-23T06:32:00Z"))
    argo.stream_response = httpx.Response(404, text="Not Found\n")
    argo.responses[LIST] = listed
    async with run_source(make_source(argo, PROD, now=now)) as seen:
        await seen.wait_until(has_application("argocd/prod", reconciled_at=NOW))
        minutes = 6
        argo.documents["argocd", "prod"]["status"]["reconciledAt"] = "2026-11-23T06:37:00Z"
        await seen.wait_until(has_application("argocd/prod", reconciled_at=NOW + timedelta(minutes=5)))


async def test_pauses_grow_while_the_stream_is_cut(monkeypatch):
    asked: list[float] = []

    async def pause(wake: asyncio.Event, seconds: float) -> bool:
        asked.append(seconds)
        await asyncio.sleep(0 if seconds < module.FALLBACK_RELIST_S else 60)
        return False

    monkeypatch.setattr(module, "sleep_until_woken", pause)
    monkeypatch.setattr(module, "Backoff", lambda **_: Backoff(first=0.001, longest=10))
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        for number in range(1, 8):
            stream = await argo.wait_for_stream(number)
            stream.send_heartbeat()
            stream.end()
        await argo.wait_for_stream(8)
        await seen.wait_until(is_fresh)
    pauses = [pause_s for pause_s in asked if pause_s < module.FALLBACK_RELIST_S]
    assert pauses[6] > 20 * pauses[0]


async def test_an_empty_stream_is_reported():
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.stream_response = httpx.Response(200, text="")
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod")]})
    async with run_source(make_source(argo, PROD)) as seen:
        reading = await seen.wait_until(
            lambda reading: is_fresh(reading) and bool(applications_by_id(reading)["argocd/prod"].conditions)
        )
    assert "ended before its first event" in reading.problems[0].message


async def test_a_working_stream_removes_the_stream_problem():
    argo = FakeArgoCD(application_json("prod"))
    argo.stream_response = httpx.Response(404, text="Not Found\n")
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(lambda reading: bool(reading.problems))
        argo.stream_response = None
        (await argo.wait_for_stream()).send("ADDED", application_json("prod"))
        await seen.wait_until(lambda reading: not reading.problems)


async def test_a_stream_refused_with_401_makes_the_source_stale(monkeypatch):
    monkeypatch.setattr(module, "UNAUTHENTICATED_RETRY_S", 0.0)
    argo = FakeArgoCD(application_json("prod"))
    argo.stream_response = error_response(401, "invalid session: token has invalid claims: token is expired")
    async with run_source(make_source(argo, PROD)) as seen:
        stale = await seen.wait_until(is_stale)
    assert stale.error.kind == "unauthenticated"
    assert list(applications_by_id(Fresh(stale.last_good, NOW, NOW))) == ["argocd/prod"]


async def test_a_silent_stream_is_replaced_before_the_reading_is_stale(monkeypatch):
    monkeypatch.setattr(module, "STALE_AFTER_S", 0.03)
    assert 0 < module.STREAM_TIMEOUT_FACTOR < 1
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await argo.wait_for_request(LIST, 2)
        (await argo.wait_for_stream(2)).send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert all(map(is_fresh, seen.readings))


async def test_a_stream_without_headers_is_listed_periodically(monkeypatch):
    monkeypatch.setattr(module, "FALLBACK_RELIST_S", 0.005)
    moments = iter(NOW + timedelta(seconds=second) for second in range(10_000))
    argo = FakeArgoCD()
    async with run_source(make_source(argo, SELECTED, now=lambda: next(moments))) as seen:
        await argo.wait_for_request(LIST, 4)
        late = await seen.wait_until(lambda reading: reading.taken_at > NOW + timedelta(seconds=2))
    assert late.fresh_until == late.taken_at + timedelta(seconds=45)
    assert argo.paths().count(STREAM) == 1
    assert all(map(is_fresh, seen.readings))


# --- a stream that brings less than everything --------------------------------------------------------

ERRORS = {"conditions": [{"type": "ComparisonError", "message": "no such path"}]}


def list_without_details(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"items": [application_json(name) for name in names]})


async def test_a_stream_cut_after_one_event_leaves_no_gap():
    argo = FakeArgoCD(application_json("prod", **ERRORS), application_json("staging", **ERRORS))
    argo.responses[LIST] = lambda _: list_without_details("staging", "prod")
    async with run_source(make_source(argo, BOTH)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("prod", **ERRORS))
        stream.end()
        cut = await seen.wait_until(lambda reading: bool(reading.problems))
        complete = await seen.wait_until(
            lambda reading: bool(applications_by_id(reading)["argocd/staging"].conditions) and not reading.problems
        )
    assert [str(problem) for problem in cut.problems] == [
        "argocd: 1 of 2 applications without conditions, resources and messages: argocd/staging"
    ]
    (problem,) = applications_by_id(cut)["argocd/staging"].problems
    assert problem.message == "conditions, resources and messages have not been read"
    assert applications_by_id(cut)["argocd/prod"].problems == ()
    assert applications_by_id(complete)["argocd/staging"].problems == ()
    assert argo.paths().count(f"{LIST}/prod") == 0


async def test_details_missing_from_the_first_round_are_fetched(monkeypatch):
    monkeypatch.setattr(module, "FIRST_ROUND_S", 0.01)
    argo = FakeArgoCD(application_json("prod", **ERRORS), application_json("staging", **ERRORS))
    argo.responses[LIST] = lambda _: list_without_details("staging", "prod")
    async with run_source(make_source(argo, BOTH)) as seen:
        (await argo.wait_for_stream()).send("ADDED", application_json("prod", **ERRORS))
        await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/staging"].conditions))
    assert argo.paths().count(STREAM) == 1
    assert argo.paths().count(f"{LIST}/prod") == 0


async def test_details_that_cannot_be_read_are_reported(monkeypatch):
    monkeypatch.setattr(module, "FIRST_ROUND_S", 0.01)
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[f"{LIST}/prod"] = lambda _: error_response(500, "cache is empty")
    async with run_source(make_source(argo, PROD)) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        reading = await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/prod"].problems))
    assert "cache is empty" in applications_by_id(reading)["argocd/prod"].problems[0].message


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("prefix", ["data: ", ""], ids=["event stream", "json lines"])
async def test_only_line_feeds_end_a_line(character, prefix):
    message = f"one{character}two"
    document = application_json("prod", conditions=[{"type": "SyncError", "message": message}])
    text = json.dumps({"result": {"type": "ADDED", "application": document}}, ensure_ascii=False)
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        (await argo.wait_for_stream()).send_text(f"{prefix}{text}\r\n\r\n")
        reading = await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/prod"].conditions))
    assert applications_by_id(reading)["argocd/prod"].conditions[0].message == message
    assert len(argo.streams) == 1


async def test_an_event_may_come_in_any_pieces():
    argo = FakeArgoCD(application_json("prod"))
    document = application_json("prod", conditions=[{"type": "SyncError", "message": "ä"}])
    text = f"data: {json.dumps({'result': {'type': 'ADDED', 'application': document}}, ensure_ascii=False)}\r\n\r\n"
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        for byte in text.encode():
            stream.send_bytes(bytes([byte]))
        await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/prod"].conditions))


async def test_details_missing_from_the_stream_are_fetched_once(monkeypatch):
    monkeypatch.setattr(module, "FALLBACK_RELIST_S", 0.005)
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod")]})
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/prod"].conditions))
        await argo.wait_for_request(LIST, 4)
    assert argo.paths().count(f"{LIST}/prod") == 1


def recorded_argo(cut_after: int) -> httpx.MockTransport:
    """Return a transport with the recorded list, and a recorded stream that ends after so many events."""
    watch, gets = load_recording("watch-sse"), ("legacy", "qa", "staging")
    events = watch.content.split(b"\n\n\n")[:cut_after]
    return replay_transport(
        {
            LIST: "list-fields-lean",
            STREAM: lambda _: httpx.Response(
                200,
                headers={"content-type": "text/event-stream"},
                content=b"".join(event + b"\n\n\n" for event in events),
            ),
            "/api/version": "version",
            "/api/v1/settings": "settings",
            **{f"{LIST}/anchor-msp-{name}": f"get-{name}" for name in gets},
        }
    )


async def test_a_cut_recorded_stream_leaves_no_gap():
    names = {"demo": ("anchor-msp-demo",), "others": ("anchor-msp-legacy", "anchor-msp-qa", "anchor-msp-staging")}
    async with run_source(make_source(recorded_argo(cut_after=1), names)) as seen:
        reading = await seen.wait_until(
            lambda reading: (
                bool(applications_by_id(reading)["argocd/anchor-msp-legacy"].conditions) and not reading.problems
            )
        )
    applications = applications_by_id(reading)
    assert [condition.type for condition in applications["argocd/anchor-msp-legacy"].conditions] == ["ComparisonError"]
    assert applications["argocd/anchor-msp-qa"].unhealthy
    assert len(applications["argocd/anchor-msp-staging"].prunable) == 2


async def test_a_recorded_message_with_next_line_is_one_event():
    watch = load_recording("watch-sse").content
    broken = watch.replace(b"ComparisonError", "Comparison\x85Error".encode())
    assert broken != watch
    argo = make_client(
        httpx.MockTransport(
            lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=broken)
        )
    )
    async with argo.stream_events("api/v1/stream/applications", {}) as events:
        found = [event async for event in events if event is not None]
    await argo.aclose()
    assert len(found) == len([line for line in watch.split(b"\n") if line.startswith(b"data: ")])

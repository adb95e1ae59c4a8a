"""Argo CD as a source: listing, following and failing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from anchor_tui.sources.argocd import source as module
from anchor_tui.sources.argocd.endpoints import LIST_FIELDS, WATCH_FIELDS
from anchor_tui.sources.errors import SourceError
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
    is_unavailable,
    make_source,
    run_source,
)

# --- listing and following ---------------------------------------------------------------------------


async def test_the_list_comes_first_and_the_stream_adds_details():
    argo = FakeArgoCD(application_json("prod"))
    detailed = application_json(
        "prod",
        conditions=[{"type": "SyncError", "message": "hook failed"}],
        history=[{"revision": "b" * 40, "deployedAt": "2026-11-23T06:00:00Z"}],
        reconciledAt="2026-11-23T06:31:00Z",
        operationState={"phase": "Failed", "message": "one hook failed", "startedAt": "2026-11-23T06:00:00Z"},
        resources=[{"kind": "Job", "name": "migrate", "health": {"status": "Degraded", "message": "exit 1"}}],
    )
    async with run_source(make_source(argo, PROD)) as seen:
        first = await seen.wait_until(is_fresh)
        assert applications_by_id(first)["argocd/prod"].conditions == ()
        (await argo.wait_for_stream()).send("ADDED", detailed)
        app = applications_by_id(await seen.wait_until(has_application("argocd/prod", synced_revision="b" * 40)))[
            "argocd/prod"
        ]
    assert app.conditions[0].message == "hook failed"
    assert app.operation is not None
    assert app.operation.message == "one hook failed"
    assert app.unhealthy[0].message == "exit 1"
    assert app.reconciled_at == NOW - timedelta(minutes=1)


async def test_the_stream_requests_errors_and_has_no_selector():
    argo = FakeArgoCD(application_json("prod", labels={"env": "prod"}))
    async with run_source(make_source(argo, SELECTED)):
        await argo.wait_for_stream()
    asked = next(request for request in argo.requests if request.url.path == STREAM)
    assert set(asked.url.params) == {"fields"}
    assert "error" in asked.url.params["fields"].split(",")
    assert asked.headers["accept"] == "text/event-stream"
    assert asked.url.params["fields"] == ",".join(WATCH_FIELDS)
    listed = next(request for request in argo.requests if request.url.path == LIST)
    assert listed.url.params["fields"] == ",".join(LIST_FIELDS)


async def test_a_burst_of_events_is_one_reading(monkeypatch):
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        before = len(seen.readings)
        for number in range(50):
            stream.send("MODIFIED", application_json("prod", sync={"status": "OutOfSync", "revision": f"{number:040}"}))
        await seen.wait_until(has_application("argocd/prod", compared_revision=f"{49:040}"))
        assert len(seen.readings) - before <= 3


async def test_many_heartbeats_are_one_reading(monkeypatch):
    monkeypatch.setattr(module, "EVENT_BATCH_S", 0.0)
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        for _ in range(50):
            stream.send_heartbeat()
        stream.send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert len(seen.readings) < 10


async def test_a_heartbeat_renews_the_reading():
    moments = [NOW]
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD, now=lambda: moments[0])) as seen:
        stream = await argo.wait_for_stream()
        moments[0] = NOW + timedelta(seconds=30)
        stream.send_heartbeat()
        late = await seen.wait_until(lambda reading: reading.taken_at > NOW)
    assert late.taken_at == NOW + timedelta(seconds=30)
    assert late.fresh_until == NOW + timedelta(seconds=75)


async def test_a_named_application_is_absent_until_it_is_created_again():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("DELETED", application_json("prod"))
        gone = await seen.wait_until(has_application("argocd/prod", presence="absent"))
        assert applications_by_id(gone)["argocd/prod"].problems[0].message == "it was deleted"
        stream.send("ADDED", application_json("prod"))
        await seen.wait_until(has_application("argocd/prod", presence="found", sync="Synced"))


async def test_a_deleted_selected_application_disappears():
    labels = {"env": "prod"}
    argo = FakeArgoCD(application_json("one", labels=labels), application_json("two", labels=labels))
    async with run_source(make_source(argo, SELECTED)) as seen:
        (await argo.wait_for_stream()).send("DELETED", application_json("one", labels=labels))
        left = await seen.wait_until(lambda reading: list(applications_by_id(reading)) == ["argocd/two"])
    assert left.problems == ()


async def test_an_application_without_the_wanted_label_disappears():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}))
    async with run_source(make_source(argo, SELECTED)) as seen:
        await seen.wait_until(has_application("argocd/one"))
        (await argo.wait_for_stream()).send("MODIFIED", application_json("one", labels={"env": "dev"}))
        await seen.wait_until(lambda reading: not applications_by_id(reading))


async def test_an_event_of_an_unknown_type_is_an_update():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send_text('data: {"result":{"type":"BOOKMARK","application":{"metadata":{"resourceVersion":"7"}}}}\n\n')
        stream.send("REPLACED", application_json("prod", health={"status": "Degraded"}))
        await seen.wait_until(has_application("argocd/prod", health="Degraded"))
    assert all(map(is_fresh, seen.readings))


async def test_events_of_other_applications_are_ignored():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("tenant-1"))
        stream.send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        reading = await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert list(applications_by_id(reading)) == ["argocd/prod"]


async def test_json_lines_are_read_like_an_event_stream():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        (await argo.wait_for_stream()).send_text(
            '{"result":{"type":"DELETED","application":{"metadata":{"name":"prod"}}}}\n'
        )
        (await argo.wait_for_stream()).send_text(
            '{"result":{"type":"MODIFIED","application":{"metadata":{"name":"prod","namespace":"argocd"},'
            '"status":{"sync":{"status":"OutOfSync"}}}}}\n'
        )
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))


# --- listing again ------------------------------------------------------------------------------------


async def test_read_again_lists_at_once():
    argo = FakeArgoCD(application_json("prod"))
    source = make_source(argo, PROD)
    async with run_source(source) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await seen.wait_until(is_fresh)
        argo.documents["argocd", "prod"]["status"]["sync"]["status"] = "OutOfSync"
        source.read_again()
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert argo.paths().count(LIST) == 2


async def test_a_list_drops_applications_deleted_without_an_event():
    labels = {"env": "prod"}
    argo = FakeArgoCD(application_json("one", labels=labels), application_json("two", labels=labels))
    source = make_source(argo, SELECTED)
    async with run_source(source) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await seen.wait_until(has_application("argocd/one"))
        del argo.documents["argocd", "one"]
        source.read_again()
        await seen.wait_until(lambda reading: list(applications_by_id(reading)) == ["argocd/two"])


async def test_a_list_fetches_changed_applications_only():
    argo = FakeArgoCD(application_json("staging"), application_json("prod"))
    source = make_source(argo, BOTH)
    async with run_source(source) as seen:
        stream = await argo.wait_for_stream()
        for name in ("staging", "prod"):
            stream.send("ADDED", application_json(name, conditions=[{"type": "SyncError", "message": name}]))
        await seen.wait_until(
            lambda reading: all(application.conditions for application in applications_by_id(reading).values())
        )
        missed = application_json("prod", sync={"status": "OutOfSync"}, reconciledAt="2026-11-23T06:30:00Z")
        argo.documents["argocd", "prod"] = missed
        source.read_again()
        applications = applications_by_id(
            await seen.wait_until(has_application("argocd/prod", reconciled_at=NOW - timedelta(minutes=2)))
        )
    assert applications["argocd/prod"].conditions == ()
    assert applications["argocd/staging"].conditions[0].message == "staging"
    assert f"{LIST}/staging" not in argo.paths()


async def test_a_list_without_revision_keeps_the_streamed_revision():
    argo = FakeArgoCD(application_json("prod", sync={"status": "Synced"}))
    source = make_source(argo, PROD)
    async with run_source(source) as seen:
        (await argo.wait_for_stream()).send("ADDED", application_json("prod"))
        await seen.wait_until(has_application("argocd/prod", compared_revision="a" * 40))
        source.read_again()
        await argo.wait_for_request(LIST, 2)
        (await argo.wait_for_stream()).send("ADDED", application_json("other"))
        reading = await seen.wait_until(lambda reading: reading is not seen.readings[0])
    assert applications_by_id(reading)["argocd/prod"].compared_revision == "a" * 40
    assert f"{LIST}/prod" not in argo.paths()


async def test_an_absent_application_stays_absent_during_a_list():
    argo = FakeArgoCD(application_json("staging"))
    source = make_source(argo, BOTH)
    async with run_source(source) as seen:
        await seen.wait_until(has_application("argocd/prod", presence="absent"))
        settled = len(seen.readings) - 1
        source.read_again()
        await argo.wait_for_request(f"{LIST}/prod", 4)
        await seen.wait_until(lambda reading: reading is not seen.readings[settled])
        assert all(has_application("argocd/prod", presence="absent")(reading) for reading in seen.readings[settled:])


# --- a list that fails -------------------------------------------------------------------------------

FAILURES = {
    "403": (403, {}, b'{"message":"permission denied"}', "forbidden", "403: permission denied"),
    "429": (429, {}, b'{"message":"slow down"}', "rate-limited", "429: too many requests: slow down"),
    "500": (500, {}, b'{"message":"deadline exceeded"}', "server", "HTTP 500: deadline exceeded"),
    "502": (502, {}, b"<html>Bad Gateway</html>", "server", "HTTP 502: a page of HTML"),
    "html": (200, {"content-type": "text/html"}, b"<html>log in</html>", "bad-answer", "a proxy's login page"),
    "html without its type": (200, {}, b"<!DOCTYPE html>", "bad-answer", "a proxy's login page"),
    "redirect": (302, {"location": "https://sso.example/in?x=1"}, b"", "bad-answer", "redirects to sso.example:"),
    "redirect to nowhere": (302, {"location": "http://a:b/"}, b"", "bad-answer", "ended early or is not HTTP"),
    "truncated": (200, {}, b'{"metadata":{},"items":[{"metad', "bad-answer", "ended early"),
    "without items": (200, {}, b'{"metadata":{}}', "bad-answer", "unexpected shape"),
    "empty": (200, {}, b"", "bad-answer", "ended early"),
    "not UTF-8": (200, {}, b"\xff\xfe{}", "bad-answer", "is not JSON"),
    "not gzip": (200, {"content-encoding": "gzip"}, b"no gzip", "bad-answer", "cannot be decompressed"),
}


def failing(name: str) -> tuple[Callable[[httpx.Request], httpx.Response], str, str]:
    status, headers, body, kind, message = FAILURES[name]
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)), kind, message


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_first_list_is_unavailable_with_the_reason(name):
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[LIST], kind, message = failing(name)
    async with run_source(make_source(argo, PROD)) as seen:
        unavailable = await seen.wait_until(is_unavailable)
    assert unavailable.error.kind == kind
    assert message in unavailable.error.message


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_later_list_is_stale_until_it_succeeds(name):
    argo = FakeArgoCD(application_json("prod"))
    source = make_source(argo, PROD)
    async with run_source(source) as seen:
        await argo.wait_for_stream()
        argo.responses[LIST], kind, message = failing(name)
        source.read_again()
        stale = await seen.wait_until(is_stale)
        assert (stale.error.kind, message in stale.error.message) == (kind, True)
        assert [observed.application.name for observed in stale.last_good.applications] == ["prod"]
        assert stale.taken_at == NOW
        del argo.responses[LIST]
        await seen.wait_until(is_fresh)


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The pauses of the source, in seconds; the first one does not end."""
    seconds_list: list[float] = []

    async def record_pause(wake: asyncio.Event, seconds: float) -> bool:
        seconds_list.append(seconds)
        return await wake.wait()

    monkeypatch.setattr(module, "sleep_until_woken", record_pause)
    return seconds_list


async def test_a_refused_token_is_tried_every_half_minute(pauses):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: error_response(401, "no session information")
    async with run_source(make_source(argo, PROD)) as seen:
        unavailable = await seen.wait_until(is_unavailable)
        await asyncio.sleep(0)
    assert unavailable.error.kind == "unauthenticated"
    assert "argocd login" in unavailable.error.message
    assert pauses == [30.0]


@pytest.mark.parametrize(("header", "pause_s"), [("7", 7.0), ("86400", 3600.0)])
async def test_retry_after_is_honoured_up_to_an_hour(pauses, header, pause_s):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: error_response(429, "too many", **{"retry-after": header})
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(is_unavailable)
        await asyncio.sleep(0)
    assert pauses == [pause_s]


async def test_missing_credentials_make_the_source_unavailable():
    async def connect():
        raise SourceError("no token")

    source = make_source(FakeArgoCD(), PROD)
    source._connect = connect
    async with run_source(source) as seen:
        assert (await seen.wait_until(is_unavailable)).error.message == "no token"

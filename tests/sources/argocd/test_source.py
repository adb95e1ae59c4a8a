"""Argo CD as a source: what is published when, and what becomes of everything that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.model import Fresh, Stale, Unavailable
from anchor_tui.sources.argocd import application_reader
from anchor_tui.sources.argocd import source as module
from anchor_tui.sources.argocd.endpoints import LIST_FIELDS, WATCH_FIELDS
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.errors import Forbidden, InvalidResponse, RateLimited, ServerError, SourceError, Unauthenticated
from tests.argocd_recordings import load_recording, replay_transport
from tests.sources.argocd.fakes import (
    LIST,
    NOW,
    STREAM,
    FakeArgoCD,
    application_json,
    applications_by_id,
    error_response,
    has_application,
    make_source,
    run_source,
)

PROD = {"prod": ("prod",)}
BOTH = {"staging": ("staging",), "prod": ("prod",)}
SELECTED = {"prod": ApplicationSelector((("env", "prod"),))}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "EVENT_BATCH_S", 0.005)
    monkeypatch.setattr(module, "Backoff", lambda: Backoff(first=0.005, longest=0.02))


def is_stale(reading) -> bool:
    return isinstance(reading, Stale)


def is_missing(reading) -> bool:
    return isinstance(reading, Unavailable)


def is_fresh(reading) -> bool:
    return isinstance(reading, Fresh)


# --- listing and following ---------------------------------------------------------------------------


async def test_the_list_is_published_at_once_and_the_stream_brings_the_details():
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


async def test_the_stream_has_no_selector_and_asks_for_errors_too():
    argo = FakeArgoCD(application_json("prod", labels={"env": "prod"}))
    async with run_source(make_source(argo, SELECTED)):
        await argo.wait_for_stream()
    asked = next(each for each in argo.requests if each.url.path == STREAM)
    assert set(asked.url.params) == {"fields"}
    assert "error" in asked.url.params["fields"].split(",")
    assert asked.headers["accept"] == "text/event-stream"
    assert asked.url.params["fields"] == ",".join(WATCH_FIELDS)
    listed = next(each for each in argo.requests if each.url.path == LIST)
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


async def test_heartbeats_keep_the_reading_young():
    moments = [NOW]
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD, now=lambda: moments[0])) as seen:
        stream = await argo.wait_for_stream()
        moments[0] = NOW + timedelta(seconds=30)
        stream.send_heartbeat()
        late = await seen.wait_until(lambda reading: reading.taken_at > NOW)
    assert late.taken_at == NOW + timedelta(seconds=30)
    assert late.fresh_until == NOW + timedelta(seconds=75)


async def test_a_deleted_application_that_is_named_is_absent_and_comes_back_when_it_does():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("DELETED", application_json("prod"))
        gone = await seen.wait_until(has_application("argocd/prod", presence="absent"))
        assert applications_by_id(gone)["argocd/prod"].problems[0].message == "it was deleted"
        stream.send("ADDED", application_json("prod"))
        await seen.wait_until(has_application("argocd/prod", presence="found", sync="Synced"))


async def test_a_deleted_application_that_was_selected_disappears():
    labels = {"env": "prod"}
    argo = FakeArgoCD(application_json("one", labels=labels), application_json("two", labels=labels))
    async with run_source(make_source(argo, SELECTED)) as seen:
        (await argo.wait_for_stream()).send("DELETED", application_json("one", labels=labels))
        left = await seen.wait_until(lambda reading: list(applications_by_id(reading)) == ["argocd/two"])
    assert left.problems == ()


async def test_an_application_that_loses_the_wanted_label_disappears():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}))
    async with run_source(make_source(argo, SELECTED)) as seen:
        await seen.wait_until(has_application("argocd/one"))
        (await argo.wait_for_stream()).send("MODIFIED", application_json("one", labels={"env": "dev"}))
        await seen.wait_until(lambda reading: not applications_by_id(reading))


async def test_an_event_of_an_unknown_type_says_how_the_application_is_now():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send_text('data: {"result":{"type":"BOOKMARK","application":{"metadata":{"resourceVersion":"7"}}}}\n\n')
        stream.send("REPLACED", application_json("prod", health={"status": "Degraded"}))
        await seen.wait_until(has_application("argocd/prod", health="Degraded"))
    assert all(map(is_fresh, seen.readings))


async def test_events_of_other_applications_are_passed_over():
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("tenant-1"))
        stream.send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        told = await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert list(applications_by_id(told)) == ["argocd/prod"]


async def test_json_lines_are_read_too_where_a_proxy_took_the_accept_header_away():
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


# --- streams that end --------------------------------------------------------------------------------


async def test_a_stream_that_ends_is_listed_and_followed_again_and_nothing_turns_stale():
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
async def test_a_stream_that_a_proxy_cuts_is_no_failure_of_argo_cd(failure):
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        stream = await argo.wait_for_stream()
        stream.send_heartbeat()
        stream.fail(failure)
        (await argo.wait_for_stream(2)).send_heartbeat()
        await seen.wait_until(is_fresh)
    assert all(map(is_fresh, seen.readings))
    assert {problem for reading in seen.readings for problem in reading.problems} == set()


async def test_a_stream_error_in_the_middle_is_followed_by_a_list():
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
async def test_without_a_stream_the_list_and_single_answers_stand_in_and_a_problem_says_so(answer):
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.stream_response = answer
    listed = application_json("prod")
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [listed]})
    async with run_source(make_source(argo, PROD)) as seen:
        told = await seen.wait_until(
            lambda reading: is_fresh(reading) and bool(applications_by_id(reading)["argocd/prod"].conditions)
        )
    assert "changes are not streamed" in told.problems[0].message
    assert all(map(is_fresh, seen.readings))


async def test_without_a_stream_details_do_not_grow_so_old_that_the_controller_seems_dead():
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


async def test_a_stream_that_is_cut_again_and_again_is_asked_for_less_and_less_often(monkeypatch):
    asked: list[float] = []

    async def pause(wake: asyncio.Event, seconds: float) -> bool:
        asked.append(seconds)
        await asyncio.sleep(0 if seconds < module.FALLBACK_RELIST_S else 60)
        return False

    monkeypatch.setattr(module, "sleep_until_woken", pause)
    monkeypatch.setattr(module, "Backoff", lambda: Backoff(first=0.001, longest=10))
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        for number in range(1, 8):
            stream = await argo.wait_for_stream(number)
            stream.send_heartbeat()
            stream.end()
        await argo.wait_for_stream(8)
        await seen.wait_until(is_fresh)
    pauses = [each for each in asked if each < module.FALLBACK_RELIST_S]
    assert pauses[6] > 20 * pauses[0]


async def test_a_stream_that_ends_without_a_word_is_none():
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.stream_response = httpx.Response(200, text="")
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod")]})
    async with run_source(make_source(argo, PROD)) as seen:
        told = await seen.wait_until(
            lambda reading: is_fresh(reading) and bool(applications_by_id(reading)["argocd/prod"].conditions)
        )
    assert "ended before its first event" in told.problems[0].message


async def test_the_problem_of_the_stream_is_gone_when_it_comes_back():
    argo = FakeArgoCD(application_json("prod"))
    argo.stream_response = httpx.Response(404, text="Not Found\n")
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(lambda reading: bool(reading.problems))
        argo.stream_response = None
        (await argo.wait_for_stream()).send("ADDED", application_json("prod"))
        await seen.wait_until(lambda reading: not reading.problems)


async def test_a_stream_refused_for_the_token_is_the_whole_sources_failure(monkeypatch):
    monkeypatch.setattr(module, "UNAUTHENTICATED_RETRY_S", 0.0)
    argo = FakeArgoCD(application_json("prod"))
    argo.stream_response = error_response(401, "invalid session: token has invalid claims: token is expired")
    async with run_source(make_source(argo, PROD)) as seen:
        stale = await seen.wait_until(is_stale)
    assert stale.error.kind == "unauthenticated"
    assert list(applications_by_id(Fresh(stale.last_good, NOW, NOW))) == ["argocd/prod"]


async def test_silence_ends_a_stream_before_the_reading_is_too_old_and_it_is_listed_anew(monkeypatch):
    monkeypatch.setattr(module, "STALE_AFTER_S", 0.03)
    assert 0 < module.STREAM_TIMEOUT_FACTOR < 1
    argo = FakeArgoCD(application_json("prod"))
    async with run_source(make_source(argo, PROD)) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await argo.wait_for_request(LIST, 2)
        (await argo.wait_for_stream(2)).send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert all(map(is_fresh, seen.readings))


async def test_a_stream_that_never_sends_headers_is_listed_again_and_again(monkeypatch):
    monkeypatch.setattr(module, "FALLBACK_RELIST_S", 0.005)
    moments = iter(NOW + timedelta(seconds=second) for second in range(10_000))
    argo = FakeArgoCD()
    async with run_source(make_source(argo, SELECTED, now=lambda: next(moments))) as seen:
        await argo.wait_for_request(LIST, 4)
        late = await seen.wait_until(lambda reading: reading.taken_at > NOW + timedelta(seconds=2))
    assert late.fresh_until == late.taken_at + timedelta(seconds=45)
    assert argo.paths().count(STREAM) == 1
    assert all(map(is_fresh, seen.readings))


async def test_a_stream_that_says_nothing_of_what_is_listed_has_the_details_asked_for(monkeypatch):
    monkeypatch.setattr(module, "FALLBACK_RELIST_S", 0.005)
    argo = FakeArgoCD(application_json("prod", conditions=[{"type": "ComparisonError", "message": "no such path"}]))
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod")]})
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/prod"].conditions))
        await argo.wait_for_request(LIST, 4)
    assert argo.paths().count(f"{LIST}/prod") == 1


# --- listing anew ------------------------------------------------------------------------------------


async def test_read_again_lists_now():
    argo = FakeArgoCD(application_json("prod"))
    one = make_source(argo, PROD)
    async with run_source(one) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await seen.wait_until(is_fresh)
        argo.documents["argocd", "prod"]["status"]["sync"]["status"] = "OutOfSync"
        one.read_again()
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert argo.paths().count(LIST) == 2


async def test_listing_anew_drops_what_is_gone_without_an_event():
    labels = {"env": "prod"}
    argo = FakeArgoCD(application_json("one", labels=labels), application_json("two", labels=labels))
    one = make_source(argo, SELECTED)
    async with run_source(one) as seen:
        (await argo.wait_for_stream()).send_heartbeat()
        await seen.wait_until(has_application("argocd/one"))
        del argo.documents["argocd", "one"]
        one.read_again()
        await seen.wait_until(lambda reading: list(applications_by_id(reading)) == ["argocd/two"])


async def test_listing_anew_asks_again_for_one_that_differs_and_keeps_the_details_of_the_others():
    argo = FakeArgoCD(application_json("staging"), application_json("prod"))
    one = make_source(argo, BOTH)
    async with run_source(one) as seen:
        stream = await argo.wait_for_stream()
        for name in ("staging", "prod"):
            stream.send("ADDED", application_json(name, conditions=[{"type": "SyncError", "message": name}]))
        await seen.wait_until(lambda reading: all(each.conditions for each in applications_by_id(reading).values()))
        missed = application_json("prod", sync={"status": "OutOfSync"}, reconciledAt="2026-11-23T06:30:00Z")
        argo.documents["argocd", "prod"] = missed
        one.read_again()
        told = applications_by_id(
            await seen.wait_until(has_application("argocd/prod", reconciled_at=NOW - timedelta(minutes=2)))
        )
    assert told["argocd/prod"].conditions == ()
    assert told["argocd/staging"].conditions[0].message == "staging"
    assert f"{LIST}/staging" not in argo.paths()


async def test_an_old_server_whose_list_has_no_revision_does_not_take_the_streams_away():
    argo = FakeArgoCD(application_json("prod", sync={"status": "Synced"}))
    one = make_source(argo, PROD)
    async with run_source(one) as seen:
        (await argo.wait_for_stream()).send("ADDED", application_json("prod"))
        await seen.wait_until(has_application("argocd/prod", compared_revision="a" * 40))
        one.read_again()
        await argo.wait_for_request(LIST, 2)
        (await argo.wait_for_stream()).send("ADDED", application_json("other"))
        told = await seen.wait_until(lambda reading: reading is not seen.readings[0])
    assert applications_by_id(told)["argocd/prod"].compared_revision == "a" * 40
    assert f"{LIST}/prod" not in argo.paths()


async def test_an_absent_application_stays_absent_while_it_is_listed_anew():
    argo = FakeArgoCD(application_json("staging"))
    one = make_source(argo, BOTH)
    async with run_source(one) as seen:
        await seen.wait_until(has_application("argocd/prod", presence="absent"))
        settled = len(seen.readings) - 1
        one.read_again()
        await argo.wait_for_request(f"{LIST}/prod", 4)
        await seen.wait_until(lambda reading: reading is not seen.readings[settled])
        assert all(has_application("argocd/prod", presence="absent")(each) for each in seen.readings[settled:])


async def test_many_applications_are_asked_for_side_by_side_but_not_all_at_once():
    argo = FakeArgoCD()
    running, most = 0, 0

    class Counting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5):
                await asyncio.sleep(0)
            running -= 1
            return await argo.handle_async_request(request)

    names = tuple(f"app-{number}" for number in range(40))
    for name in names:
        argo.documents["argocd", name] = application_json(name)
    reading = await make_source(Counting(), {"prod": names}).read()
    assert len(applications_by_id(reading)) == 40
    assert 2 <= most <= application_reader.MAX_CONCURRENT_REQUESTS


# --- a list that fails -------------------------------------------------------------------------------

FAILURES = {
    "403": (403, {}, b'{"message":"permission denied"}', "forbidden", "403: permission denied"),
    "429": (429, {}, b'{"message":"slow down"}', "rate-limited", "429: too many requests: slow down"),
    "500": (500, {}, b'{"message":"deadline exceeded"}', "server", "HTTP 500: deadline exceeded"),
    "502": (502, {}, b"<html>Bad Gateway</html>", "server", "HTTP 502: a page of HTML"),
    "html": (200, {"content-type": "text/html"}, b"<html>log in</html>", "bad-answer", "a proxy's login page"),
    "html without its type": (200, {}, b"<!DOCTYPE html>", "bad-answer", "a proxy's login page"),
    "redirect": (302, {"location": "https://sso.example/in?x=1"}, b"", "bad-answer", "redirects to sso.example:"),
    "redirect to nowhere": (302, {"location": "http://a:b/"}, b"", "bad-answer", "ended early or is no HTTP"),
    "truncated": (200, {}, b'{"metadata":{},"items":[{"metad', "bad-answer", "ended early"),
    "without items": (200, {}, b'{"metadata":{}}', "bad-answer", "unexpected shape"),
    "empty": (200, {}, b"", "bad-answer", "ended early"),
    "not UTF-8": (200, {}, b"\xff\xfe{}", "bad-answer", "is no JSON"),
    "not gzip": (200, {"content-encoding": "gzip"}, b"no gzip", "bad-answer", "cannot be decompressed"),
}


def failing(name: str) -> tuple[Callable[[httpx.Request], httpx.Response], str, str]:
    status, headers, body, kind, words = FAILURES[name]
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)), kind, words


@pytest.mark.parametrize("name", FAILURES)
async def test_a_list_that_fails_is_missing_with_the_reason(name):
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[LIST], kind, words = failing(name)
    async with run_source(make_source(argo, PROD)) as seen:
        missing = await seen.wait_until(is_missing)
    assert missing.error.kind == kind
    assert words in missing.error.message


@pytest.mark.parametrize("name", FAILURES)
async def test_a_later_list_that_fails_keeps_the_last_good_answer_and_mends_by_itself(name):
    argo = FakeArgoCD(application_json("prod"))
    one = make_source(argo, PROD)
    async with run_source(one) as seen:
        await argo.wait_for_stream()
        argo.responses[LIST], kind, words = failing(name)
        one.read_again()
        stale = await seen.wait_until(is_stale)
        assert (stale.error.kind, words in stale.error.message) == (kind, True)
        assert [each.application.name for each in stale.last_good.applications] == ["prod"]
        assert stale.taken_at == NOW
        del argo.responses[LIST]
        await seen.wait_until(is_fresh)


async def test_a_refused_token_is_asked_about_no_more_often_than_every_half_minute(monkeypatch):
    pauses: list[float] = []

    async def noted(wake: asyncio.Event, seconds: float) -> bool:
        pauses.append(seconds)
        return await wake.wait()

    monkeypatch.setattr(module, "sleep_until_woken", noted)
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: error_response(401, "no session information")
    async with run_source(make_source(argo, PROD)) as seen:
        missing = await seen.wait_until(is_missing)
        await asyncio.sleep(0)
    assert missing.error.kind == "unauthenticated"
    assert "argocd login" in missing.error.message
    assert pauses == [30.0]


@pytest.mark.parametrize(("header", "pause_s"), [("7", 7.0), ("86400", 3600.0)])
async def test_a_rate_limit_is_waited_for_as_long_as_the_server_asks_up_to_an_hour(monkeypatch, header, pause_s):
    pauses: list[float] = []

    async def noted(wake: asyncio.Event, seconds: float) -> bool:
        pauses.append(seconds)
        return await wake.wait()

    monkeypatch.setattr(module, "sleep_until_woken", noted)
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: error_response(429, "too many", **{"retry-after": header})
    async with run_source(make_source(argo, PROD)) as seen:
        await seen.wait_until(is_missing)
        await asyncio.sleep(0)
    assert pauses == [pause_s]


@pytest.mark.parametrize("header", ["²", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", ""])
async def test_a_retry_after_that_is_no_number_of_seconds_is_none(header):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: httpx.Response(429, headers=[(b"retry-after", header.encode("latin-1"))])
    with pytest.raises(RateLimited) as caught:
        await make_source(argo, SELECTED).read()
    assert caught.value.retry_after_s is None


# --- single applications -----------------------------------------------------------------------------


async def test_a_single_malformed_application_is_its_own_problem_and_the_rest_stands():
    broken = application_json("staging") | {"spec": {"project": 7}}
    argo = FakeArgoCD(broken, application_json("prod"))
    async with run_source(make_source(argo, BOTH)) as seen:
        told = applications_by_id(await seen.wait_until(is_fresh))
        assert told["argocd/staging"].problems[0].kind == "bad-answer"
        assert told["argocd/prod"].problems == ()
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("prod"))
        stream.send("ADDED", application_json("staging"))
        await seen.wait_until(has_application("argocd/staging", problems=(), sync="Synced"))
        stream.send("MODIFIED", broken)
        worse = await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/staging"].problems))
    assert applications_by_id(worse)["argocd/staging"].sync == "Synced"
    assert all(map(is_fresh, seen.readings))


async def test_an_item_that_names_no_application_is_a_problem_of_the_source():
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod"), {"metadata": 7}]})
    async with run_source(make_source(argo, PROD)) as seen:
        told = await seen.wait_until(is_fresh)
    assert list(applications_by_id(told)) == ["argocd/prod"]
    assert told.problems[0].kind == "bad-answer"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error_response(400, "application is broken"), "HTTP 400: application is broken"),
        (error_response(500, "the project does not exist"), "HTTP 500: the project does not exist"),
        (httpx.Response(200, json={}), "the response is not about argocd/staging"),
        (httpx.Response(200, content=b'{"metadata":{"na'), "ended early"),
    ],
)
async def test_an_application_whose_own_answer_fails_is_a_problem_and_the_rest_is_read(answer, words):
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[f"{LIST}/staging"] = lambda _: answer
    told = applications_by_id(await make_source(argo, BOTH).read())
    assert words in told["argocd/staging"].problems[0].message
    assert told["argocd/prod"].sync == "Synced"


async def test_a_server_that_answers_for_no_application_at_all_was_not_read():
    argo = FakeArgoCD()
    for name in ("staging", "prod"):
        argo.responses[f"{LIST}/{name}"] = lambda _: httpx.Response(502, text="<html>Bad Gateway</html>")
    with pytest.raises(ServerError, match="502"):
        await make_source(argo, BOTH).read()


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (429, RateLimited)])
async def test_a_refusal_of_the_token_or_of_everybody_is_no_single_applications_problem(status, kind):
    argo = FakeArgoCD(application_json("staging"))
    argo.responses[f"{LIST}/prod"] = lambda _: error_response(status, "no")
    with pytest.raises(kind):
        await make_source(argo, BOTH).read()


async def test_an_application_that_we_may_not_see_is_forbidden_and_says_that_it_may_not_exist():
    told = applications_by_id(await make_source(FakeArgoCD(), PROD).read())
    assert told["argocd/prod"].presence == "forbidden"
    assert "not found, or not permitted" in told["argocd/prod"].problems[0].message


async def test_an_application_that_a_siblings_project_does_not_have_is_absent():
    argo = FakeArgoCD(application_json("staging"))
    told = applications_by_id(await make_source(argo, BOTH).read())
    assert told["argocd/prod"].presence == "absent"
    assert "no such application in project anchor" in told["argocd/prod"].problems[0].message


async def test_where_only_other_projects_say_403_an_application_stays_forbidden():
    argo = FakeArgoCD(application_json("staging"))
    argo.responses[f"{LIST}/prod"] = lambda _: error_response(403, "permission denied")
    told = applications_by_id(await make_source(argo, BOTH).read())
    assert told["argocd/prod"].presence == "forbidden"


async def test_namesakes_in_two_namespaces_are_two_applications():
    argo = FakeArgoCD(application_json("demo"), application_json("demo", "team-a", health={"status": "Degraded"}))
    environments = {"own": ("demo",), "theirs": ("team-a/demo",)}
    told = applications_by_id(await make_source(argo, environments).read())
    assert {name: app.health for name, app in told.items()} == {"argocd/demo": "Healthy", "team-a/demo": "Degraded"}
    async with run_source(make_source(argo, environments)) as seen:
        (await argo.wait_for_stream()).send("DELETED", application_json("demo", "team-a"))
        gone = applications_by_id(await seen.wait_until(has_application("team-a/demo", presence="absent")))
    assert gone["argocd/demo"].presence == "found"


async def test_while_the_own_namespace_is_unknown_a_bare_name_is_found_wherever_it_is():
    argo = FakeArgoCD(application_json("prod", "argo-system"))
    argo.responses["/api/v1/settings"] = lambda _: error_response(401, "no session information")
    argo.responses[f"{LIST}/prod"] = lambda _: httpx.Response(200, json=argo.documents["argo-system", "prod"])
    assert list(applications_by_id(await make_source(argo, PROD).read())) == ["argo-system/prod"]


async def test_a_name_never_becomes_part_of_the_query():
    argo = FakeArgoCD()
    argo.responses["/api/v1/applications/x?refresh=hard"] = lambda _: httpx.Response(
        200, json=application_json("x?refresh=hard")
    )
    told = applications_by_id(await make_source(argo, {"prod": ("x?refresh=hard",)}).read())
    assert list(told) == ["argocd/x?refresh=hard"]
    assert all("refresh" not in each.url.params for each in argo.requests)


# --- one reading -------------------------------------------------------------------------------------


async def test_one_reading_of_named_applications_lists_nothing():
    argo = FakeArgoCD(application_json("staging"), application_json("prod"))
    reading = await make_source(argo, BOTH).read()
    assert set(applications_by_id(reading)) == {"argocd/staging", "argocd/prod"}
    assert reading.value.version == "v3.5.1"
    assert LIST not in argo.paths()
    assert STREAM not in argo.paths()


async def test_one_reading_of_selected_applications_lists_once_and_asks_for_each_that_is_wanted():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}), application_json("two", labels={"env": "dev"}))
    reading = await make_source(argo, SELECTED).read()
    assert list(applications_by_id(reading)) == ["argocd/one"]
    assert argo.paths().count(LIST) == 1
    assert f"{LIST}/two" not in argo.paths()


async def test_an_application_that_is_deleted_between_the_list_and_its_answer_is_simply_not_there():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}), application_json("two", labels={"env": "prod"}))
    argo.responses[f"{LIST}/one"] = lambda _: error_response(404, "not found")
    assert list(applications_by_id(await make_source(argo, SELECTED).read())) == ["argocd/two"]


async def test_version_and_settings_are_good_to_know_and_no_failure_without():
    argo = FakeArgoCD(application_json("prod"))
    for path in ("/api/version", "/api/v1/settings"):
        argo.responses[path] = lambda _: httpx.Response(500)
    reading = await make_source(argo, PROD).read()
    assert reading.value.version is None
    assert list(applications_by_id(reading)) == ["argocd/prod"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(error_response(403, "no"), Forbidden), (httpx.Response(200, content=b'{"items":[{'), InvalidResponse)],
)
async def test_one_reading_fails_with_the_list(answer, kind):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: answer
    with pytest.raises(kind):
        await make_source(argo, SELECTED).read()


async def test_a_recorded_estate_is_read_whole():
    routes = {
        "/api/version": "version",
        "/api/v1/settings": "settings",
        "/api/v1/applications/anchor-msp-staging": "get-staging",
        "/api/v1/applications/anchor-msp-prod": "get-404",
    }
    environments = {"staging": ("anchor-msp-staging",), "prod": ("anchor-msp-prod",)}
    told = applications_by_id(await make_source(replay_transport(routes), environments).read())
    assert told["argocd/anchor-msp-prod"].presence == "absent"
    staging = told["argocd/anchor-msp-staging"]
    assert staging.sync == load_recording("get-staging").body["status"]["sync"]["status"]
    assert staging.url == "https://argocd.anchor.example/applications/argocd/anchor-msp-staging"


async def test_credentials_that_are_not_there_are_the_readings_error():
    async def connect():
        raise SourceError("no token")

    one = make_source(FakeArgoCD(), PROD)
    one._connect = connect
    async with run_source(one) as seen:
        assert (await seen.wait_until(is_missing)).error.message == "no token"

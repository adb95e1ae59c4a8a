"""Reading applications with single requests."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from anchor_tui.sources.argocd import application_reader, first_round, source
from anchor_tui.sources.errors import Forbidden, InvalidResponse, RateLimited, ServerError, Unauthenticated
from tests.argocd_recordings import load_recording, replay_transport
from tests.sources.argocd.fakes import (
    BOTH,
    LIST,
    PROD,
    SELECTED,
    STREAM,
    FakeArgoCD,
    application_json,
    applications_by_id,
    error_response,
    has_application,
    is_fresh,
    make_source,
    run_source,
)

# --- one reading ------------------------------------------------------------------------------------


async def test_reading_named_applications_sends_no_list():
    argo = FakeArgoCD(application_json("staging"), application_json("prod"))
    reading = await make_source(argo, BOTH).read()
    assert set(applications_by_id(reading)) == {"argocd/staging", "argocd/prod"}
    assert reading.value.version == "v3.5.1"
    assert LIST not in argo.paths()
    assert STREAM not in argo.paths()


async def test_reading_selected_applications_lists_once():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}), application_json("two", labels={"env": "dev"}))
    reading = await make_source(argo, SELECTED).read()
    assert list(applications_by_id(reading)) == ["argocd/one"]
    assert argo.paths().count(LIST) == 1
    assert f"{LIST}/two" not in argo.paths()


async def test_an_application_deleted_after_the_list_is_dropped():
    argo = FakeArgoCD(application_json("one", labels={"env": "prod"}), application_json("two", labels={"env": "prod"}))
    argo.responses[f"{LIST}/one"] = lambda _: error_response(404, "not found")
    assert list(applications_by_id(await make_source(argo, SELECTED).read())) == ["argocd/two"]


async def test_version_and_settings_are_optional():
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
async def test_a_failed_list_fails_the_reading(answer, kind):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: answer
    with pytest.raises(kind):
        await make_source(argo, SELECTED).read()


async def test_recorded_responses_are_read_completely():
    routes = {
        "/api/version": "version",
        "/api/v1/settings": "settings",
        "/api/v1/applications/anchor-msp-staging": "get-staging",
        "/api/v1/applications/anchor-msp-prod": "get-404",
    }
    environments = {"staging": ("anchor-msp-staging",), "prod": ("anchor-msp-prod",)}
    applications = applications_by_id(await make_source(replay_transport(routes), environments).read())
    assert applications["argocd/anchor-msp-prod"].presence == "absent"
    staging = applications["argocd/anchor-msp-staging"]
    assert staging.sync == load_recording("get-staging").body["status"]["sync"]["status"]
    assert staging.url == "https://argocd.anchor.example/applications/argocd/anchor-msp-staging"


@pytest.mark.parametrize("header", ["²", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", ""])
async def test_an_invalid_retry_after_is_ignored(header):
    argo = FakeArgoCD()
    argo.responses[LIST] = lambda _: httpx.Response(429, headers=[(b"retry-after", header.encode("latin-1"))])
    with pytest.raises(RateLimited) as caught:
        await make_source(argo, SELECTED).read()
    assert caught.value.retry_after_s is None


async def test_concurrent_requests_are_limited(monkeypatch):
    monkeypatch.setattr(first_round, "FIRST_ROUND_S", 0.01)
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


# --- single applications -----------------------------------------------------------------------------


async def test_a_malformed_application_affects_no_other():
    broken = application_json("staging") | {"spec": {"project": 7}}
    argo = FakeArgoCD(broken, application_json("prod"))
    async with run_source(make_source(argo, BOTH)) as seen:
        applications = applications_by_id(await seen.wait_until(is_fresh))
        assert applications["argocd/staging"].problems[0].kind == "bad-answer"
        assert applications["argocd/prod"].problems == ()
        stream = await argo.wait_for_stream()
        stream.send("ADDED", application_json("prod"))
        stream.send("ADDED", application_json("staging"))
        await seen.wait_until(has_application("argocd/staging", problems=(), sync="Synced"))
        stream.send("MODIFIED", broken)
        worse = await seen.wait_until(lambda reading: bool(applications_by_id(reading)["argocd/staging"].problems))
    assert applications_by_id(worse)["argocd/staging"].sync == "Synced"
    assert all(map(is_fresh, seen.readings))


ODD_FIELDS = {
    "year 1": b'"reconciledAt": "0001-01-01T00:00:00+14:00"',
    "year 9999": b'"reconciledAt": "9999-12-31T23:59:59-12:00"',
    "no such day": b'"reconciledAt": "2026-02-30T00:00:00Z"',
    "a long integer": b'"reconciledAt": ' + b"1" * 4_301,
    "a deep value": b'"extra": ' + b"[" * 5_000 + b"]" * 5_000,
    "a lone surrogate": rb'"extra": "\ud800"',
}


@pytest.mark.parametrize("name", ODD_FIELDS)
async def test_an_odd_value_affects_one_application_at_most(name):
    staging = (
        json.dumps(application_json("staging"))
        .encode()
        .replace(b'"status": {', b'"status": {' + ODD_FIELDS[name] + b", ", 1)
    )
    prod = json.dumps(application_json("prod")).encode()
    argo = FakeArgoCD(application_json("staging"), application_json("prod"))
    argo.responses[LIST] = lambda _: httpx.Response(200, content=b'{"items": [%b, %b]}' % (staging, prod))
    async with run_source(make_source(argo, BOTH)) as seen:
        first = applications_by_id(await seen.wait_until(is_fresh))
        assert set(first) == {"argocd/staging", "argocd/prod"}
        assert first["argocd/prod"].problems == ()
        stream = await argo.wait_for_stream()
        stream.send_text(f'data: {{"result": {{"type": "MODIFIED", "application": {staging.decode()}}}}}\n\n')
        stream.send("MODIFIED", application_json("prod", sync={"status": "OutOfSync"}))
        await seen.wait_until(has_application("argocd/prod", sync="OutOfSync"))
    assert all(map(is_fresh, seen.readings))


@pytest.mark.parametrize("path", ["/api/version", "/api/v1/settings"])
async def test_a_late_optional_answer_delays_nothing(monkeypatch, path):
    monkeypatch.setattr(application_reader, "OPTIONAL_GRACE_S", 0.02)
    ended = asyncio.Event()
    argo = FakeArgoCD(application_json("prod"))
    drips: list[httpx.Request] = []

    class Dripping(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == path:
                drips.append(request)
                await ended.wait()
            return await argo.handle_async_request(request)

    async with asyncio.timeout(5):
        assert list(applications_by_id(await make_source(Dripping(), PROD).read())) == ["argocd/prod"]
        async with run_source(make_source(Dripping(), PROD)) as seen:
            assert list(applications_by_id(await seen.wait_until(is_fresh))) == ["argocd/prod"]
    assert len(drips) == 2


async def test_late_settings_are_requested_again_with_the_next_list(monkeypatch):
    monkeypatch.setattr(source, "FALLBACK_RELIST_S", 0.005)
    argo = FakeArgoCD(application_json("prod"))
    argo.responses["/api/v1/settings"] = lambda _: httpx.Response(503)
    async with run_source(make_source(argo, PROD)) as seen:
        assert (await seen.wait_until(is_fresh)).value.own_namespace is None
        del argo.responses["/api/v1/settings"]
        await seen.wait_until(lambda reading: is_fresh(reading) and reading.value.own_namespace == "argocd")


async def test_an_item_without_identity_is_a_problem_of_the_source():
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[LIST] = lambda _: httpx.Response(200, json={"items": [application_json("prod"), {"metadata": 7}]})
    async with run_source(make_source(argo, PROD)) as seen:
        reading = await seen.wait_until(is_fresh)
    assert list(applications_by_id(reading)) == ["argocd/prod"]
    assert reading.problems[0].kind == "bad-answer"


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (error_response(400, "application is broken"), "HTTP 400: application is broken"),
        (error_response(500, "the project does not exist"), "HTTP 500: the project does not exist"),
        (httpx.Response(200, json={}), "the response is not about argocd/staging"),
        (httpx.Response(200, content=b'{"metadata":{"na'), "ended early"),
    ],
)
async def test_a_failed_application_request_affects_no_other(response, message):
    argo = FakeArgoCD(application_json("prod"))
    argo.responses[f"{LIST}/staging"] = lambda _: response
    applications = applications_by_id(await make_source(argo, BOTH).read())
    assert message in applications["argocd/staging"].problems[0].message
    assert applications["argocd/prod"].sync == "Synced"


async def test_a_server_that_answers_no_request_raises():
    argo = FakeArgoCD()
    for name in ("staging", "prod"):
        argo.responses[f"{LIST}/{name}"] = lambda _: httpx.Response(502, text="<html>Bad Gateway</html>")
    with pytest.raises(ServerError, match="502"):
        await make_source(argo, BOTH).read()


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (429, RateLimited)])
async def test_a_401_or_429_fails_the_whole_reading(status, kind):
    argo = FakeArgoCD(application_json("staging"))
    argo.responses[f"{LIST}/prod"] = lambda _: error_response(status, "no")
    with pytest.raises(kind):
        await make_source(argo, BOTH).read()


async def test_an_application_answered_with_403_is_forbidden():
    applications = applications_by_id(await make_source(FakeArgoCD(), PROD).read())
    assert applications["argocd/prod"].presence == "forbidden"
    assert "not found, or not permitted" in applications["argocd/prod"].problems[0].message


async def test_a_404_in_another_applications_project_means_absent():
    argo = FakeArgoCD(application_json("staging"))
    applications = applications_by_id(await make_source(argo, BOTH).read())
    assert applications["argocd/prod"].presence == "absent"
    assert "no such application in project anchor" in applications["argocd/prod"].problems[0].message


async def test_a_403_in_every_project_stays_forbidden():
    argo = FakeArgoCD(application_json("staging"))
    argo.responses[f"{LIST}/prod"] = lambda _: error_response(403, "permission denied")
    applications = applications_by_id(await make_source(argo, BOTH).read())
    assert applications["argocd/prod"].presence == "forbidden"


async def test_equal_names_in_two_namespaces_are_two_applications():
    argo = FakeArgoCD(application_json("demo"), application_json("demo", "team-a", health={"status": "Degraded"}))
    environments = {"own": ("demo",), "theirs": ("team-a/demo",)}
    applications = applications_by_id(await make_source(argo, environments).read())
    assert {name: app.health for name, app in applications.items()} == {
        "argocd/demo": "Healthy",
        "team-a/demo": "Degraded",
    }
    async with run_source(make_source(argo, environments)) as seen:
        (await argo.wait_for_stream()).send("DELETED", application_json("demo", "team-a"))
        gone = applications_by_id(await seen.wait_until(has_application("team-a/demo", presence="absent")))
    assert gone["argocd/demo"].presence == "found"


async def test_a_bare_name_matches_any_namespace_until_it_is_known():
    argo = FakeArgoCD(application_json("prod", "argo-system"))
    argo.responses["/api/v1/settings"] = lambda _: error_response(401, "no session information")
    argo.responses[f"{LIST}/prod"] = lambda _: httpx.Response(200, json=argo.documents["argo-system", "prod"])
    assert list(applications_by_id(await make_source(argo, PROD).read())) == ["argo-system/prod"]


async def test_a_name_is_quoted_in_the_path():
    argo = FakeArgoCD()
    argo.responses["/api/v1/applications/x?refresh=hard"] = lambda _: httpx.Response(
        200, json=application_json("x?refresh=hard")
    )
    applications = applications_by_id(await make_source(argo, {"prod": ("x?refresh=hard",)}).read())
    assert list(applications) == ["argocd/x?refresh=hard"]
    assert all("refresh" not in request.url.params for request in argo.requests)

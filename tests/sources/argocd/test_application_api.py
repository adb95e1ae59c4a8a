"""Reads and writes of one application, with recorded answers, and the meaning of each failure for a write."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from anchor_tui.domain.actions.application_state import SyncWindows, stale_resources
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.steps import Refresh, Sync, Terminate
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.application_api import (
    is_operation_running_error,
    read_application,
    read_application_details,
    read_permission,
    send_request,
    server_time,
)
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.step_requests import build_approval_request, build_argocd_request
from anchor_tui.sources.credentials.argocd import ArgocdAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)
from tests.argocd_recordings import load_recording, recording_names, replay_transport
from tests.plan_values import make_app_state as app_state
from tests.sources.argocd.fakes import error_response, make_client
from tests.sources.loopback_server import serve_requests
from tests.values import NOW, application

APPS = "/api/v1/applications/"
STAGING = ApplicationRef(AppId("argocd", "argocd", "anchor-msp-staging"), "anchor-msp")
PROD = ApplicationRef(AppId("argocd", "argocd", "anchor-msp-prod"), "anchor-msp")


class Heard(httpx.AsyncBaseTransport):
    """A transport that keeps what was sent."""

    def __init__(self, inner: httpx.MockTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self.inner.handle_async_request(request)

    def asked(self, path: str) -> httpx.Request:
        (found,) = (each for each in self.requests if each.url.path == path)
        return found


def target(name, namespace="argocd", project="anchor-msp"):
    return ApplicationRef(AppId("argocd", namespace, name), project)


def app_target(name):
    """The target of a recorded application."""
    metadata = load_recording(name).body["metadata"]
    return target(metadata["name"], metadata["namespace"], load_recording(name).body["spec"]["project"])


async def state_of(name):
    where = app_target(name)
    return await read_application(make_client(replay_transport({APPS + where.id.name: name})), where)


def whole(**answers):
    """An Argo CD that has anchor-msp-staging, with what is asked beside it as recorded; None is a 404."""
    base = f"{APPS}anchor-msp-staging"
    can_i = "/api/v1/account/can-i/applications/{}/anchor-msp/anchor-msp-staging"
    beside = {
        "application": (base, "get-staging"),
        "managed-resources": (f"{base}/managed-resources", "managed-resources"),
        "syncwindows": (f"{base}/syncwindows", "syncwindows-none"),
        "metadata": (f"{base}/revisions/58c99611d007a6cc61b03fc859cecf01bfcf1e22/metadata", "revision-metadata"),
        "sync": (can_i.format("sync"), "account-can-i-yes"),
        "update": (can_i.format("update"), "account-can-i-no"),
    }
    return Heard(replay_transport({path: answers.get(name, usual) for name, (path, usual) in beside.items()}))


# --- one application ------------------------------------------------------------------------------------

READABLE = [name for name in recording_names("get", "get-after") if isinstance(load_recording(name).body, dict)]
APPLICATIONS = [name for name in READABLE if "metadata" in load_recording(name).body]


async def test_the_operation_of_several_sources_has_their_revisions():
    state = await state_of("get-partner")
    assert state.operation is not None
    assert state.operation.revision == "639317e3959c1dbea4e943ab468d906b23670e61"
    assert state.application.operation is not None
    assert state.application.operation.revision == state.operation.revision


@pytest.mark.parametrize("name", APPLICATIONS)
async def test_every_recorded_application_is_read_as_it_is(name):
    body = load_recording(name).body
    state = await state_of(name)
    status = body.get("status", {})
    assert str(state.application.id) == f"{body['metadata']['namespace']}/{body['metadata']['name']}"
    assert state.project == body["spec"]["project"]
    assert state.own_namespace == status.get("controllerNamespace")
    assert state.refresh_pending == ("argocd.argoproj.io/refresh" in body["metadata"].get("annotations", {}))
    assert state.has_several_sources == (len(body["spec"].get("sources", ())) > 1)
    assert (state.pending_info is None) == ("operation" not in body)
    assert len(state.resources) == len(status.get("resources", ()))
    operation = status.get("operationState")
    assert (state.operation is None) == (operation is None)
    if state.operation and operation:
        results = (operation.get("syncResult") or {}).get("resources") or ()
        assert state.operation.phase == operation["phase"]
        assert state.operation.retry_count == operation.get("retryCount", 0)
        assert (state.operation.finished_at is None) == ("finishedAt" not in operation)
        assert [(str(each.ref), each.status) for each in state.operation.results] == [
            (f"{each['kind']}/{each['name']}", each.get("status", "")) for each in results
        ]
        assert state.operation.info == {each["name"]: each["value"] for each in operation["operation"].get("info", ())}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("get-404", NotFound),
        ("get-403-viewer-unknown", Forbidden),
        ("get-403-viewer-unknown-project", NotFound),
        ("get-unknown-project", ClientError),
        ("get-kubernetes-down", Timeout),
        ("unauthorized-expired-token", Unauthenticated),
        ("unauthorized-revoked-token", Unauthenticated),
    ],
)
async def test_an_unreadable_application_is_an_error_of_its_kind(name, kind):
    with pytest.raises(kind):
        await read_application(make_client(replay_transport({f"{APPS}x": name})), target("x"))


async def test_the_namespace_and_the_project_are_sent_along():
    heard = Heard(replay_transport({f"{APPS}anchor-msp-demo": "get-team-a"}))
    await read_application(make_client(heard), target("anchor-msp-demo", "team-a"))
    (request,) = heard.requests
    assert dict(request.url.params) == {"appNamespace": "team-a", "project": "anchor-msp"}


async def test_a_pending_operation_differs_from_a_running_one():
    state = await state_of("get-operation-not-started")
    assert state.pending_info is not None
    assert state.operation is None
    assert state.application.operation is not None
    assert state.application.operation.is_running


async def test_one_that_waits_to_retry_looks_over_and_is_not():
    state = load_recording("operation-phases-retry").raw["states"]
    waiting = [each for each in state if each["operationState"] and "finishedAt" in each["operationState"]]
    body = {**load_recording("get-edge").body}
    body["status"] = {**body["status"], "operationState": waiting[0]["operationState"]}
    found = await read_application(
        make_client(httpx.MockTransport(lambda _: httpx.Response(200, json=body))), target("anchor-msp-edge")
    )
    assert found.operation is not None
    assert found.operation.is_waiting_to_retry
    assert found.operation.retry_count


async def test_a_body_of_another_shape_is_invalid():
    for content in (b"", b"{", b"[]", b"null", b'{"metadata": 1}', b"<html>"):
        transport = httpx.MockTransport(lambda _, content=content: httpx.Response(200, content=content))
        with pytest.raises(InvalidResponse):
            await read_application(make_client(transport), PROD)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 06:32:00 GMT"])
def test_without_a_date_header_the_local_time_counts(date):
    now = datetime.now(UTC)
    assert abs((server_time(ApiResponse(b"", 0, date)) - now).total_seconds()) <= 2


async def test_a_server_s_time_is_in_utc():
    headers = {"date": "Mon, 23 Nov 2026 06:32:00 GMT"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=load_recording("get").body, headers=headers))
    assert (await read_application(make_client(transport), PROD)).server_time == datetime(
        2026, 11, 23, 6, 32, tzinfo=UTC
    )
    assert server_time(ApiResponse(b"", 0, "Mon, 23 Nov 2026 06:32:00 GMT")) == datetime(
        2026, 11, 23, 6, 32, tzinfo=UTC
    )


# --- with everything around it ----------------------------------------------------------------------------


async def test_all_that_a_plan_needs_is_read_together():
    heard = whole()
    state = await read_application_details(make_client(heard), STAGING, "https://cd.example.com")
    assert state.windows == SyncWindows(can_sync=True)
    assert (state.may_sync, state.may_update) == ("yes", "no")
    assert state.commit_subject == "Promote 1.43.1 to prod (#15)"
    assert [str(each.ref) for each in stale_resources(state)] == ["Deployment/status-mock", "Service/status-mock"]
    assert state.managed_error == ""
    assert state.application.url == "https://cd.example.com/applications/argocd/anchor-msp-staging"
    for request in heard.requests:
        assert request.method == "GET"
        if "can-i" not in request.url.path:
            assert dict(request.url.params) == {"appNamespace": "argocd", "project": "anchor-msp"}


async def test_an_unknown_project_is_read_from_the_application():
    heard = whole()
    await read_application_details(make_client(heard), target("anchor-msp-staging", project=None))
    assert "project" not in heard.requests[0].url.params
    assert heard.asked(f"{APPS}anchor-msp-staging/managed-resources").url.params["project"] == "anchor-msp"


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("syncwindows-none", SyncWindows(True)),
        ("syncwindows", SyncWindows(False, ("deny 0 0 * * * for 24h",))),
        ("syncwindows-allow", SyncWindows(True, ("allow 0 6 * * 1-5 for 12h",))),
    ],
)
async def test_sync_windows_allow_or_deny_a_manual_sync(name, windows):
    assert (await read_application_details(make_client(whole(syncwindows=name)), STAGING)).windows == windows


async def test_an_application_s_own_sync_options_keep_what_is_stale():
    heard = whole()
    heard.inner = replay_transport(
        {
            f"{APPS}anchor-msp-staging": "get-after-prune-false-app",
            f"{APPS}anchor-msp-staging/managed-resources": "managed-resources",
        }
    )
    assert {
        each.prune_effect for each in stale_resources(await read_application_details(make_client(heard), STAGING))
    } == {"kept"}


BROKEN = {
    "404": lambda _: httpx.Response(404, text="Not Found\n"),
    "403": lambda _: error_response(403, "permission denied"),
    "503": lambda _: error_response(503, "repo-server is down"),
    "HTML": lambda _: httpx.Response(200, text="<html>", headers={"content-type": "text/html"}),
    "truncated": lambda _: httpx.Response(200, content=b'{"items": [{"gro'),
    "another shape": lambda _: httpx.Response(200, content=b"[1]"),
}


@pytest.mark.parametrize("what", ["managed-resources", "syncwindows", "sync", "update", "metadata"])
@pytest.mark.parametrize("fault", BROKEN)
async def test_an_unreadable_detail_is_unknown_and_the_rest_known(what, fault):
    state = await read_application_details(make_client(whole(**{what: BROKEN[fault]})), STAGING)
    known = {
        "managed-resources": state.managed is not None,
        "syncwindows": state.windows is not None,
        "sync": state.may_sync != "unknown",
        "update": state.may_update != "unknown",
        "metadata": state.commit_subject != "",
    }
    assert known == {name: name != what for name in known}
    assert bool(state.managed_error) == (what == "managed-resources")


async def test_the_application_itself_must_be_readable():
    with pytest.raises(NotFound):
        await read_application_details(make_client(whole(application="get-404")), STAGING)


async def test_empty_managed_resources_mean_nothing_is_stale():
    state = await read_application_details(
        make_client(whole(**{"managed-resources": "managed-resources-legacy"})), STAGING
    )
    assert state.managed is not None
    assert state.managed.live == ()


@pytest.mark.parametrize(
    ("namespace", "own", "project", "path"),
    [
        ("argocd", "argocd", "anchor-msp", "applications/sync/anchor-msp/anchor-msp-demo"),
        ("team-a", "argocd", "anchor-msp", "applications/sync/anchor-msp/team-a/anchor-msp-demo"),
        ("argocd", None, "anchor-msp", "applications/sync/anchor-msp/anchor-msp-demo"),
        ("team-a", "argocd", "team a?", "applications/sync/team%20a%3F/team-a/anchor-msp-demo"),
    ],
)
async def test_the_permission_is_requested_with_the_server_s_name(namespace, own, project, path):
    heard = Heard(httpx.MockTransport(load_recording("account-can-i-yes").response))
    found = app_state(application("anchor-msp-demo", namespace=namespace, project=project), own_namespace=own)
    assert await read_permission(make_client(heard), found, "sync") == "yes"
    (request,) = heard.requests
    assert request.url.raw_path.decode() == f"/api/v1/account/can-i/{path}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("account-can-i-yes", "yes"),
        ("account-can-i-no", "no"),
        ("account-can-i-anonymous", "unknown"),
    ],
)
async def test_a_permission_is_yes_no_or_unknown(answer, said):
    assert (await read_application_details(make_client(whole(sync=answer)), STAGING)).may_sync == said


async def test_without_a_revision_no_commit_is_requested():
    heard = Heard(replay_transport({f"{APPS}anchor-msp-blocked": "get-invalid-spec"}))
    state = await read_application_details(make_client(heard), target("anchor-msp-blocked"))
    assert state.commit_subject == ""
    assert not any("revisions" in each.url.path for each in heard.requests)


async def test_of_several_sources_at_several_commits_no_subject_is_asked():
    body = json.loads(json.dumps(load_recording("get-partner").body))
    body["status"]["sync"]["revisions"] = ["a" * 40, "b" * 40]
    heard = Heard(replay_transport({f"{APPS}anchor-msp-partner": lambda _: httpx.Response(200, json=body)}))
    state = await read_application_details(make_client(heard), target("anchor-msp-partner"))
    assert state.has_several_sources
    assert state.commit_subject == ""
    assert not any("revisions" in each.url.path for each in heard.requests)


# --- sending --------------------------------------------------------------------------------------------

SYNC = Sync(PROD, "4f1c", reason="why")
WRITES = [
    (build_argocd_request(SYNC), "POST"),
    (build_argocd_request(Terminate(PROD)), "DELETE"),
    (build_approval_request(WaitForOperation(PROD, "4f1c"), NOW), "PATCH"),
]


@pytest.mark.parametrize(("request_", "method"), WRITES)
async def test_a_write_has_exactly_the_required_content_type(request_, method):
    heard = Heard(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    await send_request(make_client(heard, read_only=False), request_)
    (sent,) = heard.requests
    assert sent.method == method
    assert sent.headers.get_list("content-type") == ["application/json"]
    assert sent.headers["authorization"] == "Bearer a-token"
    if method == "DELETE":
        assert sent.content == b""
        assert dict(sent.url.params) == {"appNamespace": "argocd", "project": "anchor-msp"}
    else:
        assert json.loads(sent.content) == request_.body
        assert not sent.url.params


async def test_a_refresh_is_a_get_without_a_body():
    heard = Heard(httpx.MockTransport(load_recording("get-refresh-hard").response))
    await send_request(make_client(heard, read_only=False), build_argocd_request(Refresh(PROD, hard=True)))
    (sent,) = heard.requests
    assert (sent.method, sent.content, sent.headers.get("content-type")) == ("GET", b"", None)
    assert dict(sent.url.params) == {"appNamespace": "argocd", "project": "anchor-msp", "refresh": "hard"}


async def test_a_name_with_odd_characters_is_one_path_segment():
    heard = Heard(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    await send_request(make_client(heard, read_only=False), build_argocd_request(Terminate(target("a/b?c#d e"))))
    (sent,) = heard.requests
    assert sent.url.raw_path.decode().partition("?")[0] == "/api/v1/applications/a%2Fb%3Fc%23d%20e/operation"


@pytest.mark.parametrize(
    "request_", [*(each for each, _ in WRITES), build_argocd_request(Refresh(PROD))], ids=lambda each: each.method
)
async def test_read_only_nothing_that_writes_leaves(request_):
    heard = Heard(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    with pytest.raises(WriteRefused) as caught:
        await send_request(make_client(heard), request_)
    assert heard.requests == []
    assert not caught.value.maybe_applied


def failing(failure):
    def answer(request):
        raise failure("it broke", request=request)

    return answer


FAILURES = {
    "refused": (failing(httpx.ConnectError), Unreachable, False),
    "no connection in time": (failing(httpx.ConnectTimeout), Timeout, False),
    "no connection free in time": (failing(httpx.PoolTimeout), Timeout, False),
    "no answer in time": (failing(httpx.ReadTimeout), Timeout, True),
    "not sent in time": (failing(httpx.WriteTimeout), Timeout, True),
    "reset while it is read": (failing(httpx.ReadError), Unreachable, True),
    "reset while it is sent": (failing(httpx.WriteError), Unreachable, True),
    "closed without an answer": (failing(httpx.RemoteProtocolError), InvalidResponse, True),
    "HTML with 200": (
        lambda _: httpx.Response(200, text="<html>log in</html>", headers={"content-type": "text/html"}),
        InvalidResponse,
        True,
    ),
    "redirected": (lambda _: httpx.Response(302, headers={"location": "https://sso.example/"}), InvalidResponse, True),
    "400": (lambda _: error_response(400, "application is deleting"), ClientError, False),
    "401": (lambda _: error_response(401, "no session information"), Unauthenticated, False),
    "403": (lambda _: error_response(403, "permission denied"), Forbidden, False),
    "404": (lambda _: error_response(404, "not found"), NotFound, False),
    "409": (lambda _: error_response(409, "conflict"), ClientError, False),
    "415": (lambda _: httpx.Response(415, text="Invalid content type\n"), ClientError, False),
    "429": (lambda _: error_response(429, "slow down", **{"retry-after": "7"}), RateLimited, False),
    "500": (lambda _: error_response(500, "it broke"), ServerError, True),
    "502": (lambda _: httpx.Response(502, text="<html>Bad Gateway</html>"), ServerError, True),
    "503": (lambda _: error_response(503, "down"), ServerError, True),
    "504": (lambda _: httpx.Response(504, text=""), ServerError, True),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("request_", [each for each, _ in WRITES], ids=lambda each: each.method)
async def test_each_failure_shows_whether_the_write_may_be_applied(name, request_):
    answer, kind, lost = FAILURES[name]
    heard = Heard(httpx.MockTransport(answer))
    with pytest.raises(SourceError) as caught:
        await send_request(make_client(heard, read_only=False), request_)
    assert type(caught.value) is kind
    assert caught.value.maybe_applied == lost
    assert len(heard.requests) == 1, "a write is sent once"
    assert "a-token" not in caught.value.message
    assert caught.value.message


async def test_a_timeout_names_how_long_it_waited():
    transport = httpx.MockTransport(failing(httpx.ReadTimeout))
    with pytest.raises(Timeout, match="no answer within 3 s"):
        await send_request(make_client(transport, read_only=False), build_argocd_request(SYNC), timeout_s=3)


def to(url):
    return ArgoClient(
        resolve_connection(ArgocdAccess(url=url, token=Secret("a-token"), origin="test")), read_only=False
    )


def answer_of_a_proxy(body):
    def answer(request):
        request.begin(1000)
        request._handler.wfile.write(body)
        request.reset()

    return answer


@pytest.mark.parametrize(
    "answer",
    [lambda request: request.reset(), answer_of_a_proxy(b""), answer_of_a_proxy(b'{"metadata": {"na')],
    ids=["reset", "no body", "half a body"],
)
async def test_a_truncated_response_on_a_socket_is_lost(answer):
    taken = []

    def take(request):
        taken.append(request.method)
        answer(request)

    with serve_requests(take) as url:
        asking = to(url)
        with pytest.raises(SourceError) as caught:
            await send_request(asking, build_argocd_request(SYNC))
        await asking.aclose()
    assert caught.value.maybe_applied
    assert taken == ["POST"]


async def test_a_refused_connection_is_not_a_lost_answer():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    asking = to(url)
    with pytest.raises(Unreachable) as caught:
        await send_request(asking, build_argocd_request(SYNC))
    await asking.aclose()
    assert not caught.value.maybe_applied


# --- a real server's refusals -----------------------------------------------------------------------------

ANSWERS = [name for name in recording_names("sync", "terminate", "patch") if not name.startswith("syncwindows")]
REFUSALS = {
    "sync-bad-revision": (ClientError, "unable to resolve 'no-such-branch' to a commit SHA"),
    "sync-deleting": (ClientError, "application is deleting"),
    "sync-in-progress": (ClientError, "another operation is already in progress"),
    "sync-while-terminating-blocked": (ClientError, "another operation is already in progress"),
    "sync-kubernetes-down": (Timeout, "no answer within"),
    "sync-not-permitted": (Forbidden, "permission denied: applications, sync, anchor-msp/anchor-msp-prod, sub: viewer"),
    "sync-not-permitted-dry-run": (Forbidden, "permission denied: applications, sync"),
    "sync-other-revision-auto-sync": (ClientError, "auto-sync currently set to main"),
    "sync-project-role-not-permitted": (Forbidden, "sub: proj:anchor-msp:ci"),
    "sync-unknown-app": (Forbidden, "permission denied"),
    "sync-unknown-app-project": (NotFound, '"no-such-app" not found'),
    "sync-unknown-project": (ClientError, "app is not allowed in project"),
    "sync-unknown-revision-app": (ClientError, "unable to resolve"),
    "sync-window-denied": (Forbidden, "cannot sync: blocked by sync window"),
    "sync-window-denied-dry-run": (Forbidden, "cannot sync: blocked by sync window"),
    "sync-window-denied-viewer": (Forbidden, "cannot sync: blocked by sync window"),
    "terminate-none": (ClientError, "Unable to terminate operation. No operation is in progress"),
    "terminate-not-permitted": (Forbidden, "403: permission denied"),
    "terminate-unknown-app": (Forbidden, "403: permission denied"),
    "terminate-unknown-app-project": (NotFound, '"no-such-app" not found'),
    "patch-bad": (ServerError, "Invalid JSON Patch"),
    "patch-invalid-repo": (ClientError, "repository not accessible"),
    "patch-invalid-spec": (Forbidden, "permission denied: applications, create, nope/anchor-msp-preview"),
    "patch-not-permitted": (Forbidden, "permission denied: applications, update"),
    "content-type-missing": (ClientError, "HTTP 415: Invalid content type"),
    "content-type-missing-delete": (ClientError, "HTTP 415: Invalid content type"),
    "bad-json": (ClientError, "unexpected EOF"),
    "unauthorized-no-token": (Unauthenticated, "no valid token was sent"),
    "unauthorized-expired-token": (Unauthenticated, "the token has expired"),
}


def test_every_recorded_refusal_of_a_write_is_tried_here():
    assert {name for name in ANSWERS if load_recording(name).status != 200} <= REFUSALS.keys()


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_real_refusal_is_an_error_with_its_message(name):
    kind, words = REFUSALS[name]
    asking = make_client(httpx.MockTransport(load_recording(name).response), read_only=False)
    with pytest.raises(SourceError) as caught:
        await send_request(asking, build_argocd_request(SYNC))
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert is_operation_running_error(caught.value) == (name in {"sync-in-progress", "sync-while-terminating-blocked"})
    assert caught.value.maybe_applied == (name in {"sync-kubernetes-down", "patch-bad"})


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in recording_names("sync", "terminate", "patch")
        if load_recording(name).status == 200 and "windows" not in name
    ],
)
async def test_what_a_real_server_accepts_is_accepted(name):
    asking = make_client(httpx.MockTransport(load_recording(name).response), read_only=False)
    answer = await send_request(asking, build_argocd_request(SYNC))
    assert json.loads(answer.body) == load_recording(name).body


async def test_the_response_to_a_sync_contains_the_operation():
    found = await read_application(make_client(httpx.MockTransport(load_recording("sync-prune").response)), STAGING)
    assert found.pending_info == {"Reason": "Remove the stale mock"}
    assert found.operation is None
    assert ResourceRef("Service", "anchor-staging", "status-mock") in {each.ref for each in found.resources}

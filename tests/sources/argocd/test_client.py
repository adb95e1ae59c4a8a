"""The one door to Argo CD: what may leave, with which token, through which proxy, and over which TLS."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from anchor_tui.config.model import ApplicationName, EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import Fresh
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.clock import utc_now
from anchor_tui.sources.argocd import source as module
from anchor_tui.sources.argocd.client import ArgoClient, ReadOnlyTransport
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.prefetch import PrefetchingClient, send_prefetch_requests
from anchor_tui.sources.argocd.source import ArgoSource
from anchor_tui.sources.credentials.argocd import ArgocdAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import SourceError, TlsError, Unauthenticated, Unreachable, WriteRefused
from tests.sources.argocd.fakes import URL, applications_by_id, has_application, make_client, run_source
from tests.sources.loopback_server import create_self_signed_tls, serve_requests

TOKEN = "eyJhbGciOiJIUzI1NiJ9.very-secret.signature"


def access(url: str = URL, **changes) -> ArgocdAccess:
    return ArgocdAccess(url=url, token=Secret(TOKEN), origin="test", **changes)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# --- the read-only gate ------------------------------------------------------------------------------


def recorder() -> tuple[list[httpx.Request], httpx.MockTransport]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={})

    return requests, httpx.MockTransport(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "SYNC"])
async def test_read_only_no_method_but_get_leaves_by_whatever_way(method):
    requests, transport = recorder()
    argo = make_client(transport)
    request = httpx.Request(method, f"{URL}/api/v1/applications/prod/sync")
    request.method = method
    with pytest.raises(WriteRefused, match="read-only"):
        await argo._http.send(request)
    await argo.aclose()
    assert requests == []


@pytest.mark.parametrize("query", ["refresh=normal", "refresh=hard", "refresh=", "refresh", "a=b&%72efresh=hard"])
async def test_read_only_no_refresh_leaves(query):
    requests, transport = recorder()
    argo = make_client(transport)
    with pytest.raises(WriteRefused, match="refresh"):
        await argo._http.get(f"{URL}/api/v1/applications/prod?{query}")
    with pytest.raises(WriteRefused):
        await argo.get("api/v1/applications/prod", {"refresh": "hard"})
    await argo.aclose()
    assert requests == []


async def test_what_only_reads_passes_the_gate():
    requests, transport = recorder()
    argo = make_client(transport)
    await argo.get("api/v1/applications/prod", {"appNamespace": "refresh"})
    await argo.aclose()
    assert [each.method for each in requests] == ["GET"]


async def test_where_writing_is_allowed_it_is_not_in_the_way():
    requests, transport = recorder()
    argo = make_client(transport, read_only=False)
    await argo._http.post("api/v1/applications/prod/sync", json={})
    await argo.aclose()
    assert len(requests) == 1


async def test_the_gate_stands_before_a_proxy_as_well(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    argo = ArgoClient(resolve_connection(access()), read_only=True)
    assert isinstance(argo._http._transport, ReadOnlyTransport)
    assert not argo._http._mounts
    await argo.aclose()


# --- headers -----------------------------------------------------------------------------------------


async def test_a_renewed_token_is_used_from_then_on():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={}, headers={"Grpc-Metadata-Renew-Token": "the-next"})

    argo = make_client(httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.get("api/version")
    await argo.aclose()
    assert seen == ["Bearer a-token", "Bearer the-next"]


async def test_cookies_are_neither_kept_nor_sent():
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, json={}, headers={"set-cookie": "argocd.token=stolen; Path=/"})

    argo = make_client(httpx.MockTransport(answer))
    await argo.get("api/version")
    await argo.get("api/version")
    await argo.aclose()
    assert seen == [None, None]


def ahead_client(route, *requests) -> PrefetchingClient:
    return PrefetchingClient(
        route.access.url, send_prefetch_requests(route, requests), lambda: ArgoClient(route, read_only=True)
    )


async def test_what_was_sent_ahead_is_not_asked_again_unless_it_failed_and_then_in_words():
    paths: list[str] = []

    def answer(request) -> None:
        paths.append(request.path)
        request.respond(200 if request.path == "/api/version" else 401, '{"message":"no session information"}')

    with serve_requests(answer) as url:
        argo = ahead_client(
            resolve_connection(access(url)), ("api/version", {}), ("api/v1/applications", {"fields": "x"})
        )
        await argo.get("api/version")
        with pytest.raises(Unauthenticated):
            await argo.get("api/v1/applications", {"fields": "x"})
        refused = "/api/v1/applications?fields=x"
        assert sorted(paths) == [refused, refused, "/api/version"]
        await argo.get("api/version")
        assert paths[3:] == ["/api/version"]
        await argo.aclose()


async def test_what_was_sent_ahead_to_nobody_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    argo = ahead_client(resolve_connection(access(url)), ("api/version", {}))
    with pytest.raises(Unreachable, match="cannot connect"):
        await argo.get("api/version")
    await argo.aclose()


async def test_waiting_for_servers_that_hang_takes_no_thread_from_others():
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    ended = threading.Event()
    with serve_requests(lambda request: ended.wait(20) and request.respond(body="{}")) as url:
        argo = ahead_client(resolve_connection(access(url)), ("api/version", {}), ("api/v1/settings", {}))
        asked = [asyncio.create_task(argo.get(path)) for path in ("api/version", "api/v1/settings")]
        await asyncio.sleep(0)  # both wait now
        async with asyncio.timeout(5):
            await asyncio.to_thread(lambda: None)  # as credentials of another source are looked up
        assert not any(task.done() for task in asked)
        ended.set()
        assert [answer.body for answer in await asyncio.gather(*asked)] == [b"{}", b"{}"]
        await argo.aclose()


# --- nothing tells the token -------------------------------------------------------------------------


async def test_no_token_is_in_any_text_of_ours(caplog):
    caplog.set_level(logging.DEBUG)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/boom":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(401, json={"message": "invalid session"}, headers={"x": "y"})

    argo = ArgoClient(resolve_connection(access()), read_only=True, transport=httpx.MockTransport(answer))
    texts = [repr(argo), repr(access()), str(access()), repr(Secret(TOKEN)), f"{Secret(TOKEN)}"]
    for path in ("boom", "api/version"):
        with pytest.raises(SourceError) as caught:
            await argo.get(path)
        texts += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    with pytest.raises(WriteRefused) as refused:
        await argo._http.post("api/v1/session")
    texts += [str(refused.value), repr(argo._http.headers), caplog.text]
    await argo.aclose()
    assert not [text for text in texts if "very-secret" in text]


async def test_the_token_travels_in_a_header_and_never_in_an_address():
    requests, transport = recorder()
    argo = ArgoClient(resolve_connection(access()), read_only=True, transport=transport)
    await argo.get("api/v1/applications", {"fields": "items"})
    await argo.aclose()
    assert TOKEN not in str(requests[0].url)
    assert requests[0].headers["authorization"] == f"Bearer {TOKEN}"


# --- proxies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(monkeypatch, variable):
    asked: list[str] = []

    def answer(request) -> None:
        asked.append(request.path)
        request.respond(200, '{"Version":"v3.5.1"}')

    with serve_requests(answer) as proxy:
        monkeypatch.setenv(variable, proxy)
        argo = ArgoClient(resolve_connection(access("http://argocd.example:8080")), read_only=True)
        await argo.get("api/version")
        await argo.aclose()
    assert asked == ["http://argocd.example:8080/api/version"]


@pytest.mark.parametrize("listed", ["argocd.example", ".example", "argocd.example:8080", "*", "x,argocd.example"])
def test_an_address_of_no_proxy_is_asked_directly(monkeypatch, listed):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    assert resolve_connection(access("http://argocd.example:8080")).proxy is None


async def test_loopback_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    with serve_requests(lambda request: request.respond(200, "{}")) as url:
        argo = ArgoClient(resolve_connection(access(url)), read_only=True)
        await argo.get("api/version")
        await argo.aclose()


@pytest.mark.parametrize("proxy", ["socks5://user:hidden@proxy.example", "ftp://hidden@proxy", "http://proxy:hidden"])
def test_a_proxy_that_cannot_be_used_is_an_error_in_words_without_its_password(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unreachable, match="proxy that the environment names cannot be used") as caught:
        ArgoClient(resolve_connection(access()), read_only=True)
    assert "hidden" not in caught.value.message


# --- TLS ---------------------------------------------------------------------------------------------


async def test_a_certificate_that_nobody_vouches_for_is_refused_in_words_and_ca_file_mends_it(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    with serve_requests(lambda request: request.respond(200, '{"Version":"v3.5.1"}'), context) as url:
        argo = ArgoClient(resolve_connection(access(url)), read_only=True)
        with pytest.raises(TlsError, match="ca_file") as caught:
            await argo.get("api/version")
        await argo.aclose()
        assert "certificate" in caught.value.message.lower()
        assert TOKEN not in caught.value.message
        for trusting in (
            access(url, ca_file=str(ca_file)),
            access(url, ca_data=ca_file.read_text()),
            access(url, insecure=True),
        ):
            argo = ArgoClient(resolve_connection(trusting), read_only=True)
            assert (await argo.get("api/version")).body == b'{"Version":"v3.5.1"}'
            await argo.aclose()


async def test_a_server_that_does_not_speak_tls_is_a_failure_of_tls():
    with serve_requests(lambda request: request.respond(200, "{}")) as url:
        argo = ArgoClient(resolve_connection(access(url.replace("http:", "https:"))), read_only=True)
        with pytest.raises(TlsError):
            await argo.get("api/version")
        await argo.aclose()


def test_a_ca_file_that_holds_no_certificate_is_named(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(TlsError, match="TLS files of the configuration"):
        ArgoClient(resolve_connection(access(ca_file=str(tmp_path / "ca.pem"))), read_only=True)
    with pytest.raises(TlsError, match="TLS files of the configuration"):
        ArgoClient(resolve_connection(access(ca_file=str(tmp_path / "none.pem"))), read_only=True)


# --- over real sockets -------------------------------------------------------------------------------


def of_sandbox(box: Sandbox, *names: str, token: str | None = None) -> ArgoSource:
    async def connect() -> ArgoClient:
        found = ArgocdAccess(url=box.argocd_url, token=Secret(token or box.argocd_token), origin="test")
        return ArgoClient(resolve_connection(found), read_only=True)

    wanted = tuple(ApplicationName(name) for name in names)
    return ArgoSource(ServerConfig(), (EnvironmentConfig(name="prod", applications=wanted),), connect, utc_now)


async def test_an_embedded_argo_cd_is_read_once_and_followed(monkeypatch):
    monkeypatch.setattr(module, "EVENT_BATCH_S", 0.005)
    async with Sandbox.start("incident") as box:
        once = applications_by_id(await of_sandbox(box, "anchor-msp-prod").read())
        assert once["argocd/anchor-msp-prod"].health == "Degraded"
        assert once["argocd/anchor-msp-prod"].unhealthy
        async with run_source(of_sandbox(box, "anchor-msp-prod", "anchor-msp-staging")) as seen:
            told = await seen.wait_until(
                lambda reading: (
                    isinstance(reading, Fresh)
                    and len(applications_by_id(reading)) == 2
                    and all(each.reconciled_at for each in applications_by_id(reading).values())
                )
            )
            assert len(applications_by_id(told)["argocd/anchor-msp-staging"].prunable) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("argocd:status=401", "unauthenticated"),
        ("argocd:status=403", "forbidden"),
        ("argocd:status=429", "rate-limited"),
        ("argocd:status=500", "server"),
        ("argocd:status=503", "server"),
        ("argocd:html", "bad-answer"),
        ("argocd:truncated", "bad-answer"),
        ("argocd:reset", "unreachable"),
    ],
)
async def test_every_fault_is_a_kind_of_error_and_mends_by_itself(monkeypatch, fault, kind):
    monkeypatch.setattr(module, "EVENT_BATCH_S", 0.005)
    monkeypatch.setattr(module, "UNAUTHENTICATED_RETRY_S", 0.0)
    monkeypatch.setattr(module, "Backoff", lambda: module_backoff(first=0.01, longest=0.02))
    async with Sandbox.start("steady") as box:
        box.faults.add(f"{fault},path=/api/v1/applications")
        one = of_sandbox(box, "anchor-msp-prod")
        async with run_source(one) as seen:
            missing = await seen.wait_until(lambda reading: not isinstance(reading, Fresh))
            assert missing.error.kind == kind
            assert box.argocd_token not in missing.error.message
            box.faults.clear()
            await seen.wait_until(has_application("argocd/anchor-msp-prod", sync="Synced"))


async def test_a_wrong_token_is_unauthenticated():
    async with Sandbox.start("steady") as box:
        with pytest.raises(Unauthenticated, match="401"):
            await of_sandbox(box, "anchor-msp-prod", token="eyJ.wrong.token").read()


async def test_nobody_listening_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    argo = ArgoClient(resolve_connection(access(url)), read_only=True)
    with pytest.raises(Unreachable, match="cannot connect"):
        await argo.get("api/version")
    await argo.aclose()


def module_backoff(**values):
    from anchor_tui.sources.backoff import Backoff

    return Backoff(**values)

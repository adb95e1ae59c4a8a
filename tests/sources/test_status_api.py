"""The status API: events are accepted, refused or sent again later, and the token is not exposed."""

from __future__ import annotations

import json
import traceback

import httpx
import pytest

from anchor_tui.config.model import StatusApiConfig
from anchor_tui.sources import status_api as module
from anchor_tui.sources.credentials.secret import MissingSecret, Secret
from anchor_tui.sources.errors import (
    ClientError,
    CredentialError,
    Forbidden,
    InvalidResponse,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
)
from anchor_tui.sources.status_api import StatusAccess, find_status_access, send_event
from tests.sources.loopback_server import create_self_signed_tls, serve_requests

URL = "https://status.anchor.example/events"
TOKEN = "st-verysecretverysecret"
EVENT = {"event": "rollback.executed", "environment": "prod", "reason": "ä", "idempotency_key": "4f1c"}
ACCESS = StatusAccess(URL, Secret(TOKEN))


def status_transport(status, text="", **headers):
    return httpx.MockTransport(lambda _: httpx.Response(status, text=text, headers=headers))


async def send_and_catch(transport, access=ACCESS):
    """Return the error of sending; None if the event was accepted."""
    found = None
    try:
        await send_event(access, EVENT, transport)
    except SourceError as error:
        found = error
    assert found is None or TOKEN not in "".join(traceback.format_exception(found))
    return found


async def test_an_event_is_posted_as_json_without_the_token():
    requests = []

    def answer(request):
        requests.append(request)
        return httpx.Response(202)

    await send_event(ACCESS, EVENT, httpx.MockTransport(answer))
    (request,) = requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert json.loads(request.content) == EVENT
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["idempotency-key"] == "4f1c"
    assert request.headers.get_list("content-type") == ["application/json"]
    assert request.headers["user-agent"].startswith("anchor-tui/")
    assert TOKEN.encode() not in request.content
    assert TOKEN not in str(request.url)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_accepts_the_event(status):
    assert await send_and_catch(status_transport(status)) is None


RETRYABLE_ERRORS = {401: Unauthenticated, 403: Forbidden, 429: RateLimited} | dict.fromkeys(
    (408, 425, 500, 502, 503, 504, 301, 302, 307), ServerError
)


@pytest.mark.parametrize("status", RETRYABLE_ERRORS)
async def test_an_event_can_be_sent_again_after_temporary_errors(status):
    error = await send_and_catch(status_transport(status, location="https://elsewhere.example/"))
    assert type(error) is RETRYABLE_ERRORS[status]
    assert str(status) in error.message


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422])
async def test_other_client_errors_refuse_the_event_for_good(status):
    error = await send_and_catch(status_transport(status, text=TOKEN))
    assert type(error) is ClientError
    assert error.status == status
    assert "for good" in error.message


async def test_html_with_status_200_is_not_a_delivery():
    error = await send_and_catch(
        status_transport(200, "<html>log in</html>", **{"content-type": "text/html; charset=utf-8"})
    )
    assert type(error) is InvalidResponse
    assert "a page of HTML" in error.message


def failing_transport(failure):
    def answer(request):
        raise failure

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (httpx.ReadTimeout("x"), Timeout, "no answer within 15 s"),
        (httpx.ConnectTimeout("x"), Timeout, "no connection within 10 s"),
        (httpx.ConnectError("Connection refused"), Unreachable, "cannot connect: Connection refused"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), TlsError, "TLS"),
        (httpx.ReadError(""), Unreachable, "the connection broke: ReadError"),
        (httpx.RemoteProtocolError("x"), InvalidResponse, "the answer ended early"),
        (httpx.ProxyError("x"), Unreachable, "the proxy refused"),
        (httpx.InvalidURL("x"), InvalidResponse, "is not an address"),
    ],
)
async def test_a_failed_connection_is_described_and_can_be_repeated(failure, kind, words):
    error = await send_and_catch(failing_transport(failure))
    assert type(error) is kind
    assert not isinstance(error, ClientError)
    assert words in error.message
    assert URL in error.message


async def test_a_redirect_is_not_followed_with_the_token():
    requested = []

    def answer(request):
        requested.append(str(request.url))
        return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    assert isinstance(await send_and_catch(httpx.MockTransport(answer)), ServerError)
    assert requested == [URL]


async def test_delivery_reset_and_untrusted_tls_on_real_sockets(tmp_path):
    accepted = []

    def answer(request):
        accepted.append((request.method, json.loads(request.body)["idempotency_key"]))
        request.respond(202)

    with serve_requests(answer) as url:
        await send_event(StatusAccess(url, Secret(TOKEN)), EVENT)
    assert accepted == [("POST", "4f1c")]
    assert isinstance(await send_and_catch(None, StatusAccess(url, Secret(TOKEN))), Unreachable)
    with serve_requests(lambda request: request.reset_connection()) as url:
        assert isinstance(await send_and_catch(None, StatusAccess(url, Secret(TOKEN))), InvalidResponse)
    context, _ = create_self_signed_tls(tmp_path)
    with serve_requests(answer, context) as url:
        assert isinstance(await send_and_catch(None, StatusAccess(url, Secret(TOKEN))), TlsError)
    assert len(accepted) == 1


async def test_unusable_authorities_are_an_error_of_the_event(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    error = await send_and_catch(status_transport(200))
    assert type(error) is TlsError
    assert not error.maybe_applied


async def test_loopback_is_not_reached_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serve_requests(lambda request: request.respond(202)) as url:
        assert await send_and_catch(None, StatusAccess(url, Secret(TOKEN))) is None


# --- address and token ----------------------------------------------------------------------------------


@pytest.fixture
def keyring(monkeypatch):
    """Replace the keyring by a dict."""
    entries = {}
    monkeypatch.setattr(
        module, "read_keyring_token", lambda user: entries.get(user, MissingSecret("the keyring has none"))
    )
    return entries


def test_the_variable_precedes_the_keyring(keyring):
    keyring[f"status-api:{URL}"] = Secret("from-keyring")
    assert find_status_access(StatusApiConfig(url=URL), {"STATUS_API_TOKEN": f" {TOKEN}\n"}).token == Secret(TOKEN)
    assert find_status_access(StatusApiConfig(url=URL), {"STATUS_API_TOKEN": " "}).token == Secret("from-keyring")
    assert find_status_access(StatusApiConfig(url=URL), {}) == StatusAccess(URL, Secret("from-keyring"))


def test_a_missing_token_names_the_way_out(keyring):
    with pytest.raises(CredentialError, match=r"no token for .*: set STATUS_API_TOKEN \(the keyring has none\)"):
        find_status_access(StatusApiConfig(url=URL), {})


@pytest.mark.parametrize("token", ["two words", "ünicode", "a\nb"])
def test_an_invalid_token_is_refused_and_not_shown(keyring, token):
    with pytest.raises(CredentialError, match=r"\$STATUS_API_TOKEN contains characters that are not valid") as caught:
        find_status_access(StatusApiConfig(url=URL), {"STATUS_API_TOKEN": token})
    assert token not in caught.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/events", "http://localhost/events", "http://[::1]:1/", URL])
def test_plain_http_is_for_loopback(keyring, url):
    assert find_status_access(StatusApiConfig(url=url), {"STATUS_API_TOKEN": TOKEN}).url == url


@pytest.mark.parametrize(
    "url",
    ["http://status.anchor.example/", "http://127.0.0.1.example/", "http://10.0.0.1/", "", "ftp://x/", "http:///x"],
)
def test_a_token_is_not_sent_unencrypted(keyring, url):
    with pytest.raises(CredentialError, match="plain http, which sends the token unencrypted"):
        find_status_access(StatusApiConfig(url=url), {"STATUS_API_TOKEN": TOKEN})


def test_the_text_form_of_the_access_hides_the_token():
    assert TOKEN not in f"{ACCESS} {ACCESS!r}"

"""The status API: an event is taken, refused for good, or can go later; and its token is seen by nobody else."""

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


def answering(status, text="", **headers):
    return httpx.MockTransport(lambda _: httpx.Response(status, text=text, headers=headers))


async def sent(transport, access=ACCESS):
    """The error that it came to; None where it was taken."""
    found = None
    try:
        await send_event(access, EVENT, transport)
    except SourceError as error:
        found = error
    assert found is None or TOKEN not in "".join(traceback.format_exception(found))
    return found


async def test_an_event_is_posted_as_json_with_its_key_and_the_token_in_headers_only():
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
async def test_every_2xx_is_taken(status):
    assert await sent(answering(status)) is None


LATER = {401: Unauthenticated, 403: Forbidden, 429: RateLimited} | dict.fromkeys(
    (408, 425, 500, 502, 503, 504, 301, 302, 307), ServerError
)


@pytest.mark.parametrize("status", LATER)
async def test_what_may_pass_goes_later(status):
    error = await sent(answering(status, location="https://elsewhere.example/"))
    assert type(error) is LATER[status]
    assert str(status) in error.message


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422])
async def test_what_never_will_be_taken_is_refused_for_good(status):
    error = await sent(answering(status, text=TOKEN))
    assert type(error) is ClientError
    assert error.status == status
    assert "for good" in error.message


async def test_a_page_of_html_with_200_is_a_proxy_and_no_delivery():
    error = await sent(answering(200, "<html>log in</html>", **{"content-type": "text/html; charset=utf-8"}))
    assert type(error) is InvalidResponse
    assert "a page of HTML" in error.message


def failing(failure):
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
async def test_a_connection_that_fails_is_an_error_in_words_and_goes_later(failure, kind, words):
    error = await sent(failing(failure))
    assert type(error) is kind
    assert not isinstance(error, ClientError)
    assert words in error.message
    assert URL in error.message


async def test_a_redirect_is_not_followed_with_the_token():
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    assert isinstance(await sent(httpx.MockTransport(answer)), ServerError)
    assert asked == [URL]


async def test_on_real_sockets_it_is_delivered_reset_or_not_trusted(tmp_path):
    taken = []

    def answer(request):
        taken.append((request.method, json.loads(request.body)["idempotency_key"]))
        request.respond(202)

    with serve_requests(answer) as url:
        await send_event(StatusAccess(url, Secret(TOKEN)), EVENT)
    assert taken == [("POST", "4f1c")]
    assert isinstance(await sent(None, StatusAccess(url, Secret(TOKEN))), Unreachable)
    with serve_requests(lambda request: request.reset_connection()) as url:
        assert isinstance(await sent(None, StatusAccess(url, Secret(TOKEN))), InvalidResponse)
    context, _ = create_self_signed_tls(tmp_path)
    with serve_requests(answer, context) as url:
        assert isinstance(await sent(None, StatusAccess(url, Secret(TOKEN))), TlsError)
    assert len(taken) == 1


async def test_loopback_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serve_requests(lambda request: request.respond(202)) as url:
        assert await sent(None, StatusAccess(url, Secret(TOKEN))) is None


# --- address and token ----------------------------------------------------------------------------------


@pytest.fixture
def keyring(monkeypatch):
    """A keyring that holds what a test puts into it."""
    held = {}
    monkeypatch.setattr(
        module, "read_keyring_token", lambda user: held.get(user, MissingSecret("the keyring has none"))
    )
    return held


def test_the_variable_comes_before_the_keyring(keyring):
    keyring[f"status-api:{URL}"] = Secret("from-keyring")
    assert find_status_access(StatusApiConfig(url=URL), {"STATUS_API_TOKEN": f" {TOKEN}\n"}).token == Secret(TOKEN)
    assert find_status_access(StatusApiConfig(url=URL), {"STATUS_API_TOKEN": " "}).token == Secret("from-keyring")
    assert find_status_access(StatusApiConfig(url=URL), {}) == StatusAccess(URL, Secret("from-keyring"))


def test_without_a_token_it_is_said_where_one_goes(keyring):
    with pytest.raises(CredentialError, match=r"no token for .*: set STATUS_API_TOKEN \(the keyring has none\)"):
        find_status_access(StatusApiConfig(url=URL), {})


@pytest.mark.parametrize("token", ["two words", "ünicode", "a\nb"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(keyring, token):
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
def test_a_token_never_goes_out_in_the_clear(keyring, url):
    with pytest.raises(CredentialError, match="plain http, which sends the token in the clear"):
        find_status_access(StatusApiConfig(url=url), {"STATUS_API_TOKEN": TOKEN})


def test_no_text_of_an_access_shows_its_token():
    assert TOKEN not in f"{ACCESS} {ACCESS!r}"

"""The reads of GitHub: what may leave, redirects, deadlines, and the error of each failure."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import traceback

import httpx
import pytest

from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
    WriteRefused,
)
from anchor_tui.sources.github import client as module
from anchor_tui.sources.github.client import GitHubClient, graphql_url
from anchor_tui.sources.github.queries import QueryDocument
from tests.sources.github.fakes import TOKEN, access_to
from tests.sources.loopback_server import Request, create_self_signed_tls, serve_requests

QUERY = QueryDocument("query Poll { viewer { login } }", (("owner", "anchor"),))
GOOD = json.dumps({"data": {"viewer": {"login": "on-call"}}})


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def query(url: str, **options):
    client = GitHubClient(access_to(url, **options), frozenset({QUERY.text}))
    try:
        return await client.query(QUERY)
    finally:
        await client.aclose()


async def get_json(url: str, path: str, **options):
    client = GitHubClient(access_to(url), frozenset())
    try:
        return await client.get_json(path, **options)
    finally:
        await client.aclose()


# --- requests -----------------------------------------------------------------------------------------


async def test_only_registered_documents_are_sent():
    paths: list[str] = []
    with serve_requests(lambda request: paths.append(request.path)) as url:
        client = GitHubClient(access_to(url), frozenset({QUERY.text}))
        for text in ("mutation { x }", QUERY.text + " ", QUERY.text + "\nmutation X { y }", ""):
            with pytest.raises(WriteRefused, match="read-only: POST /graphql was not sent to GitHub"):
                await client.query(QueryDocument(text))
        await client.aclose()
    assert paths == []


async def test_the_token_is_only_in_a_header():
    requests: list[Request] = []

    def answer(request: Request) -> None:
        requests.append(request)
        request.respond(200, GOOD)

    with serve_requests(answer) as url:
        response = await query(url)
        await get_json(url, "/repos/a/b?ref=x")
    assert response.data == {"viewer": {"login": "on-call"}}
    sent, got = requests
    assert (sent.method, sent.path) == ("POST", "/graphql")
    assert json.loads(sent.body) == {"query": QUERY.text, "variables": {"owner": "anchor"}}
    assert (got.method, got.path) == ("GET", "/repos/a/b?ref=x")
    for request in requests:
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert TOKEN not in request.path + request.body.decode()


@pytest.mark.parametrize(
    ("api_url", "url"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://github.example/api/v3", "https://github.example/api/graphql"),
        ("https://github.example/api/v3/", "https://github.example/api/graphql"),
        ("https://api.tenant.ghe.com", "https://api.tenant.ghe.com/graphql"),
    ],
)
def test_enterprise_hosts_have_their_own_graphql_url(api_url, url):
    assert graphql_url(api_url) == url


async def test_parameters_and_lists_are_supported():
    with serve_requests(lambda request: request.respond(200, json.dumps([request.path]))) as url:
        answer = await get_json(url, "/repos/a/b/actions/secrets", params={"per_page": 30, "page": 2})
    assert answer == {"items": ["/repos/a/b/actions/secrets?per_page=30&page=2"]}


async def test_an_answer_without_a_body_is_an_empty_object():
    with serve_requests(lambda request: request.respond(204)) as url:
        assert await get_json(url, "/x") == {}


async def test_loopback_is_never_asked_through_a_proxy(monkeypatch):
    paths: list[str] = []

    def answer(request: Request) -> None:
        paths.append(request.path)
        request.respond(200, GOOD)

    with serve_requests(answer) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        await query(url)
        await query("http://github.example")
    assert paths == ["/graphql", "http://github.example/graphql"]


def test_no_text_of_a_client_contains_the_token():
    client = GitHubClient(access_to("http://127.0.0.1:1"), frozenset())
    assert TOKEN not in repr(client) + repr(vars(client)) + str(access_to("http://127.0.0.1:1"))


# --- redirects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_get_follows_redirects_within_the_server(status):
    paths: list[str] = []

    def answer(request: Request) -> None:
        paths.append(request.path)
        if request.path.startswith("/repos/"):
            request.respond(status, location="/repositories/7/variables?page=1")
        else:
            assert request.headers["Authorization"].endswith(TOKEN)
            request.respond(200, '{"total_count": 0}')

    with serve_requests(answer) as url:
        assert await get_json(url, "/repos/a/old/variables?page=1") == {"total_count": 0}
    assert paths == ["/repos/a/old/variables?page=1", "/repositories/7/variables?page=1"]


@pytest.mark.parametrize("location", ["https://sso.example/in", "http://127.0.0.1:1/x", "http://a:b/"])
async def test_a_redirect_to_another_server_is_invalid(location):
    with serve_requests(lambda request: request.respond(302, location=location)) as url:
        with pytest.raises(InvalidResponse):
            await get_json(url, "/repos/a/b")
        with pytest.raises(InvalidResponse):
            await query(url)


async def test_a_query_is_never_redirected():
    paths: list[str] = []

    def answer(request: Request) -> None:
        paths.append(request.path)
        request.respond(307, location="/elsewhere")

    with serve_requests(answer) as url, pytest.raises(InvalidResponse, match="redirects to /elsewhere"):
        await query(url)
    assert paths == ["/graphql"]


async def test_redirects_end():
    with (
        serve_requests(lambda request: request.respond(301, location="/again")) as url,
        pytest.raises(InvalidResponse, match="more than 3 redirects"),
    ):
        await get_json(url, "/x")


# --- failures -----------------------------------------------------------------------------------------


def error_body(message: str, **fields: object) -> str:
    return json.dumps({"message": message, **fields})


ANSWERS = {
    "401": (401, error_body("Bad credentials"), {}, Unauthenticated, "set GITHUB_TOKEN, or `gh auth login`"),
    "403": (403, error_body("Resource not accessible"), {}, Forbidden, "403: Resource not accessible"),
    "403 that names the permission": (
        403,
        error_body("Resource not accessible"),
        {"x-accepted-github-permissions": "contents=write"},
        Forbidden,
        "the token needs contents=write",
    ),
    "403 for SSO": (
        403,
        error_body("Resource protected by organization SAML enforcement."),
        {"x-github-sso": "required; url=https://github.com/orgs/anchor/sso?x=1"},
        Forbidden,
        "authorised for SSO: required; url=https://github.com/orgs/anchor/sso?x=1",
    ),
    "404": (404, error_body("Not Found"), {}, NotFound, "Not Found; or the token may not see it"),
    "500": (500, error_body("Server Error"), {}, ServerError, "GitHub answered HTTP 500: Server Error"),
    "503": (503, "<!DOCTYPE html><title>Unicorn!</title>", {}, ServerError, "a page of HTML, as from a proxy"),
    "422": (422, error_body("Validation Failed"), {}, ClientError, "GitHub answered HTTP 422: Validation Failed"),
    "html": (200, "<html>log in</html>", {"content_type": "text/html"}, InvalidResponse, "a proxy's login page"),
    "truncated": (200, '{"data": {"viewer": {"lo', {}, InvalidResponse, "ended early or is not JSON"),
    "empty": (200, "", {}, InvalidResponse, "not a JSON object"),
    "a list": (200, "[1]", {}, InvalidResponse, "not a JSON object"),
    "a number": (200, "7", {}, InvalidResponse, "not a JSON object"),
    "not UTF-8": (200, b'{"data": "\xff\xfe"}', {}, InvalidResponse, ""),
    "without data": (200, "{}", {}, InvalidResponse, ""),
    "data that is null": (200, '{"data": null}', {}, InvalidResponse, ""),
    "errors of another shape": (200, '{"errors": "no"}', {}, SourceError, ""),
    "errors alone": (200, '{"errors": [{"message": "syntax"}, {"message": "error"}]}', {}, ClientError, "syntax; err"),
    "internal error": (
        200,
        '{"errors": [{"message": "Something went wrong while executing your query."}]}',
        {},
        ServerError,
        "GitHub failed: Something went wrong",
    ),
    "not found": (
        200,
        '{"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}',
        {},
        NotFound,
        "Could not resolve; or the token may not see it",
    ),
    "budget used up": (
        200,
        '{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}',
        {},
        RateLimited,
        "API rate limit exceeded",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_failure_of_a_query_has_its_error(name):
    status, body, headers, kind, words = ANSWERS[name]
    with serve_requests(lambda request: request.respond(status, body, **headers)) as url, pytest.raises(kind) as caught:
        await query(url)
    assert words in caught.value.message
    assert caught.value.message
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


async def test_a_page_of_html_is_not_an_answer():
    """A proxy's login page must not mean that a branch does not exist."""
    with (
        serve_requests(lambda request: request.respond(200, "<html>log in</html>", content_type="text/html")) as url,
        pytest.raises(InvalidResponse, match="a proxy's login page"),
    ):
        await get_json(url, "/repos/a/b/git/ref/heads/x")


@pytest.mark.parametrize(
    ("status", "message", "headers", "retry_after_s"),
    [
        (429, "slow down", {"retry-after": "17"}, 17.0),
        (403, "You have exceeded a secondary rate limit", {"retry-after": "60"}, 60.0),
        (403, "You have exceeded a secondary rate limit", {}, 60.0),
        (403, "You have triggered an abuse detection mechanism", {"retry-after": "30"}, 30.0),
        (403, "You have triggered an abuse detection mechanism", {}, 60.0),
        (403, "Try again later", {"retry-after": "30"}, 30.0),
        (429, "slow down", {"retry-after": "²"}, 60.0),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "%d"}, 120.0),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1.0),
        (429, "slow down", {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "%d"}, 60.0),
    ],
)
async def test_a_rate_limit_contains_the_time_to_wait(status, message, headers, retry_after_s):
    sent = {name: value.replace("%d", str(int(time.time()) + 120)) for name, value in headers.items()}
    with (
        serve_requests(lambda request: request.respond(status, error_body(message), **sent)) as url,
        pytest.raises(RateLimited) as caught,
    ):
        await query(url)
    assert caught.value.retry_after_s == pytest.approx(retry_after_s, abs=5)
    assert message in caught.value.message


async def test_a_rate_limit_of_graphql_contains_the_time_to_wait():
    body = json.dumps({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
    with (
        serve_requests(lambda request: request.respond(200, body, **{"retry-after": "25"})) as url,
        pytest.raises(RateLimited) as caught,
    ):
        await query(url)
    assert caught.value.retry_after_s == 25.0


async def test_errors_with_data_are_in_the_response():
    body = {
        "data": {"repository": {"name": "x"}, "viewer": None},
        "errors": [{"type": "FORBIDDEN", "message": "not accessible", "path": ["repository", "pullRequests", 0]}],
    }
    with serve_requests(lambda request: request.respond(200, json.dumps(body))) as url:
        response = await query(url)
    assert response.data["repository"] == {"name": "x"}
    (error,) = response.errors
    assert (error.type, error.message, error.path) == (
        "FORBIDDEN",
        "not accessible",
        ("repository", "pullRequests", 0),
    )
    assert response.duration_s > 0


# --- connections --------------------------------------------------------------------------------------


async def test_a_refused_connection_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    with pytest.raises(Unreachable, match="cannot connect: Connection refused") as caught:
        await query(url)
    assert not caught.value.maybe_applied


async def test_a_closed_connection_is_not_an_answer():
    with (
        serve_requests(lambda request: request.reset_connection()) as url,
        pytest.raises(InvalidResponse, match="ended early"),
    ):
        await query(url)


async def test_a_body_that_ends_early_is_not_an_answer():
    def answer(request: Request) -> None:
        request.send_headers(1000)
        request.reset_connection()

    with serve_requests(answer) as url, pytest.raises((InvalidResponse, Unreachable)):
        await query(url)


async def test_an_untrusted_certificate_is_refused_until_ca_file_names_it(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    with serve_requests(lambda request: request.respond(200, GOOD), context) as url:
        with pytest.raises(TlsError, match=r"github.ca_file") as caught:
            await query(url)
        assert "certificate" in caught.value.message.lower()
        assert (await query(url, ca_file=str(ca_file))).data


def test_an_unusable_ca_file_is_a_tls_error(tmp_path):
    with pytest.raises(TlsError, match=r"github.ca_file cannot be used"):
        GitHubClient(access_to("https://github.example", ca_file=str(tmp_path / "none.pem")), frozenset())


async def test_a_ca_bundle_of_requests_is_trusted(tmp_path, monkeypatch):
    context, ca_file = create_self_signed_tls(tmp_path)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    with serve_requests(lambda request: request.respond(200, GOOD), context) as url:
        assert (await query(url)).data


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("x"), httpx.WriteTimeout("x")])
async def test_a_github_without_an_answer_is_a_timeout(failure):
    def fail(_request: httpx.Request) -> httpx.Response:
        raise failure

    client = GitHubClient(access_to("http://127.0.0.1:1"), frozenset({QUERY.text}), httpx.MockTransport(fail))
    with pytest.raises(Timeout, match=r"http://127.0.0.1:1: no answer within 15 s"):
        await client.query(QUERY)
    await client.aclose()


@pytest.mark.parametrize("path", [[["x"]], [{"a": 1}, "x"], {"a": 1}, 7, None])
async def test_an_odd_error_path_is_ignored(path):
    errors = [{"type": ["x"], "message": {"a": 1}, "path": path}]
    body = json.dumps({"data": {"viewer": {"login": "on-call"}}, "errors": errors})
    with serve_requests(lambda request: request.respond(200, body)) as url:
        response = await query(url)
    (error,) = response.errors
    assert hash(error)
    assert (error.type, error.message) == ("", "")


@pytest.mark.parametrize(
    "value", ["[" * 5_000 + "]" * 5_000, "1" * 4_301, r'"\ud800"'], ids=["deep", "long", "surrogate"]
)
async def test_an_odd_value_leaves_the_rest_readable(value):
    body = f'{{"data": {{"viewer": {{"login": "on-call"}}, "x": {value}}}}}'
    with serve_requests(lambda request: request.respond(200, body)) as url:
        assert (await query(url)).data["viewer"] == {"login": "on-call"}


@pytest.mark.parametrize("value", ["²", "9" * 400, "-1", "1e99", ""])
async def test_odd_headers_of_a_limit_are_a_limit(value):
    headers = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": value, "retry_after": value}
    answer = httpx.Response(429, headers=[(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()])
    client = GitHubClient(
        access_to("http://127.0.0.1:1"), frozenset({QUERY.text}), httpx.MockTransport(lambda _: answer)
    )
    with pytest.raises(RateLimited) as caught:
        await client.query(QUERY)
    await client.aclose()
    assert 0 < caught.value.retry_after_s <= 86_400


async def test_a_dripping_answer_ends_at_the_deadline(monkeypatch):
    monkeypatch.setattr(module, "REQUEST_DEADLINE_S", 0.05)
    ended = threading.Event()
    with serve_requests(lambda _: ended.wait(5)) as url:
        with pytest.raises(Timeout, match=r"no complete answer within 0.05 s"):
            await query(url)
        ended.set()


async def test_a_cancelled_query_ends_at_once():
    asked, ended = threading.Event(), threading.Event()

    def hang(request: Request) -> None:
        asked.set()
        ended.wait(5)

    with serve_requests(hang) as url:
        task = asyncio.create_task(query(url))
        await asyncio.to_thread(asked.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ended.set()

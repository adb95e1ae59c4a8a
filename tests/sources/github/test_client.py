"""The one door to GitHub: what may leave, what failures are called, and that nobody waits for a GitHub that hangs."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
import traceback

import pytest
import requests

from anchor_tui.sources.errors import (
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
from anchor_tui.sources.github.client import GitHubClient, ReadOnlyGuard
from anchor_tui.sources.github.queries import QueryDocument
from anchor_tui.sources.github.schema import (
    BranchRef,
    CheckContext,
    CheckContexts,
    CheckRollup,
    convert_json,
    summarize_required_checks,
)
from tests.sources.github.fakes import client_for
from tests.sources.loopback_server import Request, create_self_signed_tls, serve_requests

QUERY = QueryDocument("query Poll { viewer { login } }", (("owner", "anchor"),))
GOOD = json.dumps({"data": {"viewer": {"login": "on-call"}}})
TOKEN = "ghp_verysecretverysecretverysecret123456"


async def ask(url: str, **options):
    door = client_for(url, documents=frozenset({QUERY.text}), **options)
    try:
        return await door.query(QUERY)
    finally:
        door.close()


# --- the read-only gate ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_read_only_no_write_leaves_by_whatever_way(method):
    seen: list[str] = []
    with serve_requests(lambda request: (seen.append(request.method), request.respond(200, "{}"))) as url:
        door = client_for(url)
        with pytest.raises(WriteRefused, match=f"read-only: {method} /repos/a/b was not sent"):
            await door.call(lambda github: github.requester.requestJsonAndCheck(method, "/repos/a/b", input={}))
        with pytest.raises(WriteRefused):
            await door.call(lambda github: github.get_repo("a/b").create_git_ref("refs/heads/x", "a" * 40))
        with pytest.raises(WriteRefused):
            await door.call(lambda github: github.get_repo("a/b").get_pull(1).merge())
        door.close()
    assert seen in ([], ["GET"])


@pytest.mark.parametrize(
    "body",
    [
        {"query": "mutation { x }"},
        {"query": QUERY.text + " "},
        {"query": "query Poll { viewer { login } }\nmutation X { y }"},
        {},
        None,
        [],
    ],
)
async def test_read_only_no_document_leaves_that_is_not_registered(body):
    seen: list[str] = []
    with serve_requests(lambda request: seen.append(request.path)) as url:
        door = client_for(url, documents=frozenset({QUERY.text}))
        with pytest.raises(WriteRefused):
            await door.call(lambda github: github.requester.requestJsonAndCheck("POST", "/graphql", input=body))
        door.close()
    assert seen == []


async def test_read_only_a_registered_document_leaves_to_graphql_only():
    seen: list[str] = []
    with serve_requests(lambda request: seen.append(request.path)) as url:
        door = client_for(url, documents=frozenset({QUERY.text}))
        with pytest.raises(WriteRefused):
            await door.call(
                lambda github: github.requester.requestJsonAndCheck("POST", "/repos", input={"query": QUERY.text})
            )
        door.close()
    assert seen == []


async def test_reading_passes_the_gate():
    seen: list[tuple[str, str]] = []

    def answer(request: Request) -> None:
        seen.append((request.method, request.path))
        request.respond(200, GOOD)

    with serve_requests(answer) as url:
        door = client_for(url, documents=frozenset({QUERY.text}))
        assert (await door.query(QUERY)).data == {"viewer": {"login": "on-call"}}
        await door.call(lambda github: github.requester.requestJsonAndCheck("GET", "/rate_limit"))
        door.close()
    assert seen == [("POST", "/graphql"), ("GET", "/rate_limit")]


def test_where_writing_is_allowed_the_gate_is_open():
    ReadOnlyGuard(read_only=False).check_request("DELETE", "/repos/a/b", None)


async def test_the_gate_is_in_the_connections_of_tls_too(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    seen: list[str] = []
    with serve_requests(lambda request: seen.append(request.method), context) as url:
        door = client_for(url)
        door.access = _trusting(door, str(ca_file))
        with pytest.raises(WriteRefused):
            await door.call(lambda github: github.requester.requestJsonAndCheck("DELETE", "/repos/a/b"))
        door.close()
    assert seen == []


def _trusting(door: GitHubClient, ca_file: str):
    from dataclasses import replace

    return replace(door.access, ca_file=ca_file)


# --- failures in words -------------------------------------------------------------------------------


def said(message: str, **more: object) -> str:
    return json.dumps({"message": message, **more})


ANSWERS = {
    "401": (401, said("Bad credentials"), {}, Unauthenticated, "set GITHUB_TOKEN, or `gh auth login`"),
    "403": (403, said("Resource not accessible"), {}, Forbidden, "403: Resource not accessible"),
    "403 that names the permission": (
        403,
        said("Resource not accessible"),
        {"x-accepted-github-permissions": "contents=write"},
        Forbidden,
        "the token needs contents=write",
    ),
    "403 for SSO": (
        403,
        said("Resource protected by organization SAML enforcement."),
        {"x-github-sso": "required; url=https://github.com/orgs/anchor/sso?x=1"},
        Forbidden,
        "authorised for SSO: required; url=https://github.com/orgs/anchor/sso?x=1",
    ),
    "404": (404, said("Not Found"), {}, NotFound, "Not Found; or the token may not see it"),
    "500": (500, said("Server Error"), {}, ServerError, "GitHub answered HTTP 500: Server Error"),
    "503": (503, "<!DOCTYPE html><title>Unicorn!</title>", {}, ServerError, "a page of HTML, as from a proxy"),
    "422": (422, said("Validation Failed"), {}, ServerError, "GitHub refused (HTTP 422): Validation Failed"),
    "html": (200, "<html>log in</html>", {"content_type": "text/html"}, InvalidResponse, "a proxy's login page"),
    "truncated": (200, '{"data": {"viewer": {"lo', {}, InvalidResponse, "ended early or is no JSON"),
    "empty": (200, "", {}, InvalidResponse, "no JSON object"),
    "a list": (200, "[1]", {}, InvalidResponse, "no JSON object"),
    "a number": (200, "7", {}, InvalidResponse, "no JSON object"),
    "not UTF-8": (200, b'{"data": "\xff\xfe"}', {}, InvalidResponse, ""),
    "without data": (200, "{}", {}, InvalidResponse, ""),
    "data that is null": (200, '{"data": null}', {}, InvalidResponse, ""),
    "errors of another shape": (200, '{"errors": "no"}', {}, SourceError, ""),
    "errors alone": (200, '{"errors": [{"message": "syntax"}, {"message": "error"}]}', {}, ServerError, "syntax; err"),
    "not found": (
        200,
        '{"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}',
        {},
        NotFound,
        "Could not resolve; or the token may not see it",
    ),
    "points used up": (
        200,
        '{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}',
        {},
        RateLimited,
        "API rate limit exceeded",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_a_failure_is_the_right_error_in_words(name):
    status, body, headers, kind, words = ANSWERS[name]
    with serve_requests(lambda request: request.respond(status, body, **headers)) as url, pytest.raises(kind) as caught:
        await ask(url)
    assert words in caught.value.message
    assert caught.value.message
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("status", "message", "headers", "wait_s"),
    [
        (429, "slow down", {"retry-after": "17"}, 17.0),
        (403, "You have exceeded a secondary rate limit", {"retry-after": "60"}, 60.0),
        (403, "You have exceeded a secondary rate limit", {}, 60.0),
        (429, "slow down", {"retry-after": "²"}, 60.0),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "%d"}, 120.0),
        (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1.0),
        (429, "slow down", {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "%d"}, 60.0),
    ],
)
async def test_a_rate_limit_says_how_long_to_wait(status, message, headers, wait_s):
    told = {name: value.replace("%d", str(int(time.time()) + 120)) for name, value in headers.items()}
    with (
        serve_requests(lambda request: request.respond(status, said(message), **told)) as url,
        pytest.raises(RateLimited) as caught,
    ):
        await ask(url)
    assert caught.value.retry_after_s == pytest.approx(wait_s, abs=5)
    assert message in caught.value.message


async def test_errors_beside_data_are_told_with_the_data():
    body = {
        "data": {"viewer": {"login": "on-call"}, "repository": None},
        "errors": [{"type": "FORBIDDEN", "message": "no", "path": ["repository", "x", 0]}, {"message": "odd"}],
    }
    with serve_requests(lambda request: request.respond(200, json.dumps(body))) as url:
        answer = await ask(url)
    assert answer.data["viewer"] == {"login": "on-call"}
    assert [(each.type, each.message, each.path) for each in answer.errors] == [
        ("FORBIDDEN", "no", ("repository", "x", 0)),
        ("", "odd", ()),
    ]


async def test_what_is_asked_is_the_document_with_its_variables_and_no_token():
    bodies: list[bytes] = []

    def answer(request: Request) -> None:
        bodies.append(request.body)
        assert request.headers["Authorization"].endswith(TOKEN)
        assert TOKEN not in request.path
        request.respond(200, GOOD)

    with serve_requests(answer) as url:
        await ask(url)
    assert json.loads(bodies[0]) == {"query": QUERY.text, "variables": {"owner": "anchor"}}


async def test_nobody_listening_is_unreachable():
    with serve_requests(lambda request: request.respond()) as url:
        pass
    with pytest.raises(Unreachable, match=r"the connection failed: .*refused"):
        await ask(url)


async def test_a_reset_is_unreachable():
    with (
        serve_requests(lambda request: request.reset_connection()) as url,
        pytest.raises(Unreachable, match="the connection failed"),
    ):
        await ask(url)


async def test_a_body_that_ends_early_is_no_answer_to_believe():
    def answer(request: Request) -> None:
        request.send_headers(1000)
        request.reset_connection()

    with serve_requests(answer) as url, pytest.raises((InvalidResponse, Unreachable)):
        await ask(url)


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_ca_file_mends_it(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    with serve_requests(lambda request: request.respond(200, GOOD), context) as url:
        with pytest.raises(TlsError, match=r"github.ca_file") as caught:
            await ask(url)
        assert "certificate" in caught.value.message
        door = client_for(url, documents=frozenset({QUERY.text}))
        door.access = _trusting(door, str(ca_file))
        assert (await door.query(QUERY)).data
        door.close()


async def test_an_address_that_redirects_elsewhere_is_an_error_in_words():
    def answer(request: Request) -> None:
        request.respond(302, "", location="https://sso.example/in")

    with serve_requests(answer) as url, pytest.raises(SourceError):
        await ask(url)


# --- a GitHub that hangs -----------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [requests.exceptions.ReadTimeout, requests.exceptions.ConnectTimeout])
async def test_a_github_that_gives_no_answer_is_a_timeout(failure):
    door = client_for("https://github.example/api/v3")

    def hang(_: object) -> None:
        raise failure("read timed out")

    with pytest.raises(Timeout, match=r"https://github.example/api/v3: no answer within 15 s"):
        await door.call(hang)
    door.close()


async def test_no_connection_waits_longer_than_the_answer_may_take_and_none_is_asked_twice():
    door = client_for("https://github.example/api/v3")
    requester = await door.call(lambda github: github.requester)
    door.close()
    assert requester._Requester__timeout == module.RESPONSE_TIMEOUT_S
    assert requester._Requester__retry is None
    assert not requester._Requester__seconds_between_requests
    assert not requester._Requester__seconds_between_writes


async def test_an_answer_that_drips_is_given_up_in_the_end(monkeypatch):
    monkeypatch.setattr(module, "QUERY_DEADLINE_S", 0.05)
    over = threading.Event()
    with serve_requests(lambda _: over.wait(5)) as url:
        with pytest.raises(Timeout, match=r"no answer within 0.05 s"):
            await ask(url)
        over.set()


async def test_while_github_hangs_the_loop_goes_on_and_a_cancelled_question_is_forgotten():
    asked, over = threading.Event(), threading.Event()

    def hang(request: Request) -> None:
        asked.set()
        over.wait(5)
        request.respond(200, GOOD)

    with serve_requests(hang) as url:
        door = client_for(url, documents=frozenset({QUERY.text}))
        question = asyncio.create_task(door.query(QUERY))
        await asyncio.to_thread(asked.wait, 5)
        turns = 0
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        assert turns == 100
        assert not question.done()
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await question
        door.close()
        over.set()
        await asyncio.to_thread(door._thread.join, 5)
        assert not door._thread.is_alive()


async def test_what_was_given_up_before_its_turn_came_is_never_sent():
    asked, over = threading.Event(), threading.Event()
    carried_out: list[str] = []

    def hang(_github: object) -> None:
        asked.set()
        over.wait(5)

    door = client_for("https://github.example")
    first = asyncio.create_task(door.call(hang))
    await asyncio.to_thread(asked.wait, 5)
    second = asyncio.create_task(door.call(lambda _: carried_out.append("a write that came too late")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    over.set()
    await first
    await door.call(lambda _: carried_out.append("what came after it"))
    assert carried_out == ["what came after it"]
    door.close()


def test_a_hung_github_keeps_neither_the_loop_nor_the_process_from_ending():
    asked, over = threading.Event(), threading.Event()

    def hang(request: Request) -> None:
        asked.set()
        over.wait(5)
        request.respond(200, GOOD)

    with serve_requests(hang) as url:
        door = client_for(url, documents=frozenset({QUERY.text}))

        async def give_up() -> None:
            question = asyncio.create_task(door.query(QUERY))
            await asyncio.to_thread(asked.wait, 5)
            question.cancel()

        asyncio.run(give_up())
        assert door._thread.is_alive()
        assert door._thread.daemon
        door.close()
        over.set()  # the answer comes after the loop was closed, and is told to nobody
        door._thread.join(5)
        assert not door._thread.is_alive()


# --- quiet -------------------------------------------------------------------------------------------


async def test_pygithub_says_nothing_on_stderr(capfd):
    with serve_requests(lambda request: request.respond(403, said("no"))) as url, pytest.raises(Forbidden):
        await ask(url)
    logger = logging.getLogger("github.Requester")
    logger.warning("over the screen")
    assert not logger.propagate
    assert capfd.readouterr().err == ""


def test_no_repr_of_a_door_has_the_token():
    door = client_for("https://api.github.com")
    assert TOKEN not in repr(door) + str(door.access) + repr(door.access)


async def test_loopback_is_never_asked_through_a_proxy_and_others_are(monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    asked: list[str] = []

    def answer(request: Request) -> None:
        asked.append(request.path)
        request.respond(200, GOOD)

    with serve_requests(answer) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("http_proxy", url)
        await ask(url)
        await ask("http://github.example")
    assert asked == ["/graphql", "http://github.example:80/graphql"]


async def test_two_doors_have_each_their_own_gate():
    with serve_requests(lambda request: request.respond(200, "{}")) as url:
        closed, opened = client_for(url), client_for(url, read_only=False)
        for door in (closed, opened):
            await door.call(lambda github: github.requester.requestJsonAndCheck("GET", "/x"))
        await opened.call(lambda github: github.requester.requestJsonAndCheck("DELETE", "/x"))
        with pytest.raises(WriteRefused):
            await closed.call(lambda github: github.requester.requestJsonAndCheck("DELETE", "/x"))
        closed.close()
        opened.close()


# --- required checks ---------------------------------------------------------------------------------


def test_required_checks_come_from_branch_protection_and_from_rulesets_alike():
    ref = convert_json(
        {
            "refUpdateRule": {"requiredStatusCheckContexts": ["ci", None]},
            "rules": {
                "nodes": [
                    None,
                    {"parameters": None},
                    {"parameters": {}},
                    {"parameters": {"requiredStatusChecks": [{"context": "lint"}, {"context": "ci"}]}},
                ]
            },
        },
        BranchRef,
    )
    assert ref.required_check_names == {"ci", "lint"}
    assert convert_json({"refUpdateRule": None, "rules": None}, BranchRef).required_check_names == frozenset()


def checks(*contexts: CheckContext | None) -> CheckRollup:
    return CheckRollup("SUCCESS", CheckContexts(list(contexts)))


GREEN = CheckContext(name="ci", status="COMPLETED", conclusion="SUCCESS")


@pytest.mark.parametrize(
    ("rollup", "required", "state"),
    [
        (checks(GREEN), {"ci"}, "success"),
        (checks(GREEN), set(), "none"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), {"ci"}, "success"),
        (checks(GREEN, CheckContext(context="lint", state="FAILURE")), {"ci", "lint"}, "failure"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="FAILURE"), GREEN), {"ci"}, "failure"),
        (checks(GREEN, None), {"ci", "lint"}, "pending"),
        (checks(CheckContext(name="ci", status="IN_PROGRESS")), {"ci"}, "pending"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="SKIPPED")), {"ci"}, "success"),
        (checks(CheckContext(name="ci", status="COMPLETED", conclusion="NEW_WORD")), {"ci"}, "unknown"),
        (CheckRollup("FAILURE", None), {"ci"}, "unknown"),
        (None, {"ci"}, "pending"),
    ],
)
def test_only_the_required_checks_count(rollup, required, state):
    assert summarize_required_checks(rollup, frozenset(required), denied=False) == state


def test_denied_checks_are_unknown():
    assert summarize_required_checks(checks(GREEN), frozenset({"ci"}), denied=True) == "unknown"

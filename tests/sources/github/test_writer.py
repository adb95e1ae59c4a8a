"""Writes through PyGithub: each is sent once as it is shown, and its error reports whether it may have been applied."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from importlib import resources

import httpx
import pytest
from graphql import build_schema, parse, validate
from graphql.execution.values import get_variable_values

from anchor_tui.domain.actions.step_base import FileChange
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
)
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
)
from anchor_tui.sources.github import writer as module
from anchor_tui.sources.github.step_requests import build_github_request
from anchor_tui.sources.github.writer import GitHubWriter
from tests.sources.github.fakes import TOKEN, access_to
from tests.sources.loopback_server import Request, create_self_signed_tls, serve_requests

REPO = "anchor/anchor-msp-ops"
COMMIT = CommitFiles(REPO, "b", "a" * 40, "Promote", "Anchor-Tui-Request: 1", (FileChange("x", "c" * 40, "eA=="),))
AUTO = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "auto-merge")
QUEUE = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "queue")
MERGE = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash")
RUN = {"workflow_run_id": 9, "run_url": "https://x/runs/9", "html_url": "https://x/9"}
STEPS = {
    "commit": (COMMIT, {"commit": {"oid": "e" * 40}}),
    "auto-merge": (AUTO, {"pullRequest": {"number": 232}}),
    "queue": (QUEUE, {"mergeQueueEntry": {"position": 1}}),
    "merge": (MERGE, {"sha": "e" * 40, "merged": True, "message": "Pull Request successfully merged"}),
    "branch": (CreateBranch(REPO, "b/c", "a" * 40), {"ref": "refs/heads/b/c", "object": {"sha": "a" * 40}}),
    "move": (MoveBranch(REPO, "b/c", "a" * 40, "f" * 40), {"ref": "refs/heads/b/c"}),
    "pull request": (CreatePullRequest(REPO, "b", "main", "t", "x"), {"number": 7, "html_url": "https://x/7"}),
    "labels": (AddLabels(REPO, ("x", "y")), [{"name": "x"}]),
    "reviewers": (RequestReviewers(REPO, ("a.lee", "anchor/ops")), {"number": 232}),
    "workflow": (DispatchWorkflow(REPO, "promote.yaml", "main", {"a": "b"}), RUN),
}
WRITES = [MERGE, COMMIT]


async def send(url, step, number=232, **options):
    writer = GitHubWriter(access_to(url, **options))
    try:
        return await writer.send_step(step, number)
    finally:
        writer.close()


async def send_to_server(step, status, body, **headers):
    """Return the answer or the error of a step if GitHub answers so, and the requests that arrived."""
    arrived = []

    def respond(request: Request) -> None:
        arrived.append(request)
        request.respond(status, body, **headers)

    with serve_requests(respond) as url:
        try:
            return await send(url, step), arrived
        except SourceError as error:
            return error, arrived


def mutation_name(step):
    return (build_github_request(step).body or {}).get("mutation")


def response_to(step, answer):
    return json.dumps({"data": {mutation_name(step): answer}} if mutation_name(step) else answer)


# --- requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_is_sent_once_as_it_is_shown(name):
    step, answer = STEPS[name]
    found, arrived = await send_to_server(step, 200, response_to(step, answer))
    assert not isinstance(found, Exception), found
    ((sent),) = arrived
    shown = build_github_request(step)
    assert (sent.method, sent.path) == (shown.method, shown.path.replace("{number}", "232"))
    body = json.loads(sent.body)
    if mutation_name(step):
        assert body["variables"] == {"input": shown.body["input"]}
        assert f"{mutation_name(step)}(input: $input)" in body["query"]
    else:
        assert body == shown.body
    assert sent.headers["Authorization"].endswith(TOKEN)
    assert TOKEN not in sent.path + sent.body.decode()


@pytest.mark.parametrize("step", [COMMIT, AUTO, QUEUE], ids=mutation_name)
async def test_mutations_are_valid_against_githubs_schema(step):
    schema = build_schema(resources.files("anchor_tui.sandbox.github").joinpath("schema.graphql").read_text())
    _, (sent,) = await send_to_server(step, 200, "{}")
    body = json.loads(sent.body)
    document = parse(body["query"])
    assert validate(schema, document) == []
    (operation,) = document.definitions
    values = get_variable_values(schema, operation.variable_definitions, body["variables"])
    assert not isinstance(values, list), values


async def test_the_answer_contains_what_later_steps_need():
    for name, expected in {
        "merge": {"sha": "e" * 40},
        "pull request": {"number": 7, "html_url": "https://x/7"},
        "workflow": {"workflow_run_id": 9, "html_url": "https://x/9"},
        "labels": {"items": [{"name": "x"}]},
        "commit": {"commit": {"oid": "e" * 40}},
    }.items():
        step, answer = STEPS[name]
        found, _ = await send_to_server(step, 200, response_to(step, answer))
        assert expected.items() <= found.items()


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_a_dispatch_without_a_body_is_a_success(status):
    found, _ = await send_to_server(STEPS["workflow"][0], status, "")
    assert found == {}


async def test_pygithub_neither_retries_nor_pauses():
    github = module._create_github(access_to("https://github.example/api/v3"))
    settings = github.requester.kwargs
    assert settings["timeout"] == module.RESPONSE_TIMEOUT_S
    assert settings["retry"] is None
    assert not settings["seconds_between_requests"]
    assert not settings["seconds_between_writes"]
    assert settings["base_url"] == "https://github.example/api/v3"


async def test_loopback_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    step, answer = STEPS["branch"]
    found, _ = await send_to_server(step, 201, response_to(step, answer))
    assert not isinstance(found, Exception), found


async def test_ca_file_is_trusted_and_nothing_else(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    step, answer = STEPS["branch"]
    arrived = []

    def respond(request: Request) -> None:
        arrived.append(request.method)
        request.respond(201, response_to(step, answer))

    with serve_requests(respond, context) as url:
        with pytest.raises(TlsError, match=r"github.ca_file") as caught:
            await send(url, step)
        assert not caught.value.maybe_applied
        assert arrived == []
        await send(url, step, ca_file=str(ca_file))
    assert arrived == ["POST"]


# --- answers ------------------------------------------------------------------------------------------


def error_body(message, *details):
    errors = {"errors": [{"message": detail} for detail in details]} if details else {}
    return json.dumps({"message": message, **errors})


def graphql_error(type_, message):
    return json.dumps({"data": {"x": None}, "errors": [{"type": type_, "message": message, "path": ["x"]}]})


REST = {
    "422": (
        422,
        error_body("Validation Failed", "A pull request already exists for anchor:b."),
        ClientError,
        False,
        "already exists",
    ),
    "422 of a ref": (422, error_body("Reference already exists"), ClientError, False, "Reference already exists"),
    "422 with a list": (422, '["no"]', InvalidResponse, True, "not a JSON object"),
    "422 with a text": (422, '"no"', InvalidResponse, True, "not a JSON object"),
    "409": (409, error_body("Head branch was modified."), ClientError, False, "was modified"),
    "405": (405, error_body("Pull Request is not mergeable"), ClientError, False, "is not mergeable"),
    "403": (403, error_body("Resource not accessible by personal access token"), Forbidden, False, "not accessible"),
    "404": (404, error_body("Not Found"), NotFound, False, "or the token may not see it"),
    "401": (401, error_body("Bad credentials"), Unauthenticated, False, "set GITHUB_TOKEN"),
    "429": (429, error_body("slow down"), RateLimited, False, "slow down"),
    "secondary limit": (403, error_body("You have exceeded a secondary rate limit"), RateLimited, False, ""),
    "500": (500, error_body("Server Error"), ServerError, True, "HTTP 500"),
    "502 of a proxy": (502, "<html>Bad Gateway</html>", ServerError, True, "a page of HTML"),
    "503": (503, "", ServerError, True, "HTTP 503"),
    "HTML with 200": (200, "<html>log in</html>", InvalidResponse, True, "a proxy's login page"),
    "truncated": (200, '{"sha": "abc', InvalidResponse, True, "ended early or is not JSON"),
    "a number": (200, "7", InvalidResponse, True, ""),
    "an empty object": (200, "{}", InvalidResponse, True, "does not contain `sha`"),
}


@pytest.mark.parametrize("name", REST)
async def test_a_rest_error_reports_whether_the_write_may_be_applied(name):
    status, body, kind, maybe_applied, words = REST[name]
    found, arrived = await send_to_server(MERGE, status, body)
    assert type(found) is kind, found
    assert found.maybe_applied == maybe_applied
    assert words in found.message
    assert TOKEN not in str(found)
    assert len(arrived) == 1, "a write is sent once"


@pytest.mark.parametrize("status", [409, 405, 422])
async def test_a_client_error_has_its_status(status):
    found, _ = await send_to_server(MERGE, status, error_body("no"))
    assert isinstance(found, ClientError)
    assert found.status == status


@pytest.mark.parametrize("value", ["many", "9" * 400, "nan", "inf"])
@pytest.mark.parametrize(("status", "expected"), [(200, dict), (409, ClientError)])
async def test_odd_rate_headers_change_no_answer(value, status, expected):
    headers = {f"x_ratelimit_{name}": value for name in ("limit", "remaining", "reset")}
    found, _ = await send_to_server(MERGE, status, json.dumps(STEPS["merge"][1]), **headers)
    assert isinstance(found, expected)


@pytest.mark.parametrize("body", ["[" * 5_000, '{"a":' * 5_000, '{"number": ' + "1" * 5_000 + "}"])
async def test_odd_answers_to_a_write_are_invalid(body):
    found, _ = await send_to_server(MERGE, 200, body)
    assert type(found) is InvalidResponse
    assert found.maybe_applied


@pytest.mark.parametrize("name", STEPS)
async def test_a_page_of_html_is_never_a_success(name):
    step, _ = STEPS[name]
    found, _ = await send_to_server(step, 200, "<html>log in</html>", content_type="text/html")
    assert type(found) is InvalidResponse
    assert found.maybe_applied


@pytest.mark.parametrize("name", [name for name, (step, _) in STEPS.items() if not mutation_name(step)])
async def test_a_redirect_is_never_a_success(name):
    step, _ = STEPS[name]
    body = {"message": "Temporary Redirect", "url": "https://x", "documentation_url": "https://docs.github.com"}
    found, arrived = await send_to_server(step, 307, json.dumps(body), location="/repositories/7")
    assert isinstance(found, SourceError), found
    assert len(arrived) == 1


GRAPHQL = {
    "the head has moved": (
        200,
        graphql_error("STALE_DATA", "Expected branch to point to"),
        ClientError,
        False,
        "Expected branch",
    ),
    "unprocessable": (200, graphql_error("UNPROCESSABLE", "is in clean status"), ClientError, False, "clean status"),
    "forbidden": (200, graphql_error("FORBIDDEN", "Resource not accessible"), Forbidden, False, "not accessible"),
    "no scope": (200, graphql_error("INSUFFICIENT_SCOPES", "needs repo"), Forbidden, False, "needs repo"),
    "not found": (200, graphql_error("NOT_FOUND", "Could not resolve to a node"), NotFound, False, "Could not resolve"),
    "limited": (200, graphql_error("RATE_LIMITED", "API rate limit exceeded"), RateLimited, False, "rate limit"),
    "internal error": (
        200,
        json.dumps({"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}),
        ServerError,
        True,
        "Something went wrong",
    ),
    "401": (401, error_body("Bad credentials"), Unauthenticated, False, ""),
    "403": (403, error_body("Resource not accessible"), Forbidden, False, ""),
    "502": (502, "<html>Unicorn!</html>", ServerError, True, "a page of HTML"),
    "truncated": (200, '{"data": {"createComm', InvalidResponse, True, ""),
    "empty": (200, "", InvalidResponse, True, ""),
    "a list": (200, "[1]", InvalidResponse, True, ""),
    "a number": (200, "7", InvalidResponse, True, ""),
    "without data": (200, "{}", InvalidResponse, True, ""),
    "data that is null": (200, '{"data": null}', InvalidResponse, True, ""),
    "of another mutation": (200, '{"data": {"x": {}}}', InvalidResponse, True, ""),
    "a mutation without result": (200, '{"data": {"createCommitOnBranch": null}}', InvalidResponse, True, ""),
    "not UTF-8": (200, b'{"data": "\xff"}', InvalidResponse, True, ""),
    "errors of another shape": (200, '{"errors": "no"}', ClientError, False, ""),
}


@pytest.mark.parametrize("name", GRAPHQL)
async def test_a_mutation_error_reports_whether_it_may_be_applied(name):
    status, body, kind, maybe_applied, words = GRAPHQL[name]
    found, arrived = await send_to_server(COMMIT, status, body)
    assert type(found) is kind, found
    assert found.maybe_applied == maybe_applied
    assert words in found.message
    assert len(arrived) == 1, "a write is sent once"


# --- connections --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", WRITES, ids=lambda step: build_github_request(step).path)
async def test_without_a_connection_nothing_was_applied(step):
    with serve_requests(lambda request: request.respond()) as url:
        pass
    with pytest.raises(Unreachable) as caught:
        await send(url, step)
    assert not caught.value.maybe_applied


def half_a_body(request: Request) -> None:
    request.send_headers(1000)
    request.reset_connection()


@pytest.mark.parametrize(
    "respond", [lambda request: request.reset_connection(), half_a_body], ids=["reset", "half a body"]
)
@pytest.mark.parametrize("step", WRITES, ids=lambda step: build_github_request(step).path)
async def test_a_broken_answer_means_maybe_applied(step, respond):
    arrived = []

    def take(request: Request) -> None:
        arrived.append(request.method)
        respond(request)

    with serve_requests(take) as url, pytest.raises(SourceError) as caught:
        await send(url, step)
    assert caught.value.maybe_applied
    assert len(arrived) == 1, "a write is sent once"


RAISED = {
    "no connection in time": (httpx.ConnectTimeout("x"), Timeout, False),
    "no answer in time": (httpx.ReadTimeout("x"), Timeout, True),
    "no trust": (httpx.ConnectError("[SSL: X] certificate verify failed"), TlsError, False),
    "broken off": (httpx.RemoteProtocolError("x"), InvalidResponse, True),
    "broken": (httpx.ReadError("reset by peer"), Unreachable, True),
    "no proxy": (httpx.ProxyError("407 for http://user:hunter2@proxy.example"), Unreachable, False),
}


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.parametrize("step", WRITES, ids=lambda step: build_github_request(step).path)
async def test_a_transport_error_reports_whether_the_write_may_be_applied(name, step):
    failure, kind, maybe_applied = RAISED[name]

    def fail(_request: httpx.Request) -> httpx.Response:
        raise failure

    writer = GitHubWriter(access_to("https://github.example/api/v3"), transport=httpx.MockTransport(fail))
    with pytest.raises(SourceError) as caught:
        await writer.send_step(step, 232)
    writer.close()
    assert type(caught.value) is kind
    assert caught.value.maybe_applied == maybe_applied
    assert "hunter2" not in str(caught.value)


# --- deadlines and threads ----------------------------------------------------------------------------


class HangingServer:
    """Holds every request until `ended` is set."""

    def __init__(self) -> None:
        self.asked, self.ended = threading.Event(), threading.Event()
        self.arrived: list[str] = []

    def respond(self, request: Request) -> None:
        self.arrived.append(request.path)
        self.asked.set()
        self.ended.wait(5)
        request.respond(200, '{"sha": "x", "number": 1, "ref": "x"}')


async def test_a_hanging_write_times_out_and_may_be_applied(monkeypatch):
    monkeypatch.setattr(module, "WRITE_DEADLINE_S", 0.3)
    server = HangingServer()
    with serve_requests(server.respond) as url:
        with pytest.raises(Timeout, match=r"no answer within 0.3 s") as caught:
            await send(url, MERGE)
        server.ended.set()
    assert caught.value.maybe_applied
    assert len(server.arrived) == 1


async def test_a_write_is_never_sent_after_its_deadline(monkeypatch):
    server = HangingServer()
    with serve_requests(server.respond) as url:
        writer = GitHubWriter(access_to(url))
        first = asyncio.create_task(writer.send_step(MERGE))
        await asyncio.to_thread(server.asked.wait, 5)
        monkeypatch.setattr(module, "WRITE_DEADLINE_S", 0.05)
        with pytest.raises(Timeout) as caught:
            await writer.send_step(replace_number(MERGE, 233))
        assert not caught.value.maybe_applied, "it never left"
        cancelled = asyncio.create_task(writer.send_step(replace_number(MERGE, 234)))
        await asyncio.sleep(0)
        cancelled.cancel()
        server.ended.set()
        await first
        monkeypatch.setattr(module, "WRITE_DEADLINE_S", 5.0)
        await writer.send_step(replace_number(MERGE, 235))
        writer.close()
    assert [path.split("/")[-2] for path in server.arrived] == ["232", "235"]


def replace_number(step: MergePullRequest, number: int) -> MergePullRequest:
    return MergePullRequest(step.repository, number, step.node_id, step.head_sha, step.method)


def test_a_hanging_github_delays_neither_loop_nor_process():
    server = HangingServer()
    before = set(threading.enumerate())
    with serve_requests(server.respond) as url:

        async def give_up() -> None:
            task = asyncio.create_task(send(url, MERGE))
            await asyncio.to_thread(server.asked.wait, 5)
            task.cancel()

        asyncio.run(give_up())
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "github-write")
        assert thread.is_alive()
        assert thread.daemon
        assert thread not in before
        server.ended.set()  # the answer comes after the loop was closed
        thread.join(5)
        assert not thread.is_alive()


async def test_pygithub_writes_nothing_to_stderr(capfd):
    found, _ = await send_to_server(MERGE, 403, error_body("no"))
    assert isinstance(found, Forbidden)
    logger = logging.getLogger("github.Requester")
    logger.warning("over the screen")
    assert not logger.propagate
    assert capfd.readouterr().err == ""

"""One pull request for the operator: details, patches and the log of a failed job, on the sandbox over sockets."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from graphql import build_schema, parse, validate

from anchor_tui.domain.inspection.pull_request_details import FilePatch
from anchor_tui.sandbox.github.graphql import compute_query_cost, load_schema
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sources.credentials.github import GitHubAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import ClientError, Forbidden, InvalidResponse, NotFound, SourceError
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.inspection_queries import (
    INSPECTION_QUERY_TEXTS,
    PULL_REQUEST_CHECKS_QUERY,
    PULL_REQUEST_DETAILS_QUERY,
)
from anchor_tui.sources.github.pull_request_reader import (
    MAX_LOG_LINES,
    MAX_PATCH_LENGTH,
    read_job_log,
    read_pull_request_details,
    read_pull_request_patches,
)

REPO = "anchor/anchor-msp-ops"
TOKEN = "ghp_verysecretverysecretverysecret123456"
GITHUBS_SCHEMA = Path(__file__).parents[2] / "data" / "github" / "schema.graphql"
API = "https://api.github.example"
LOG_URL = "https://logs.blob.example/job?sig=abc"


def make_client(handler=None, url=API, token=TOKEN) -> GitHubClient:
    transport = httpx.MockTransport(handler) if handler else None
    return GitHubClient(GitHubAccess(url, Secret(token), "test"), INSPECTION_QUERY_TEXTS, transport)


@pytest.fixture(scope="module")
def box():
    with run_sandbox_in_thread("failed-check") as running:
        yield running


@pytest.fixture
async def sandbox_client(box):
    client = make_client(url=box.github_url, token=box.github_token)
    yield client
    await client.aclose()


@pytest.mark.parametrize("schema", ["github", "sandbox"])
@pytest.mark.parametrize("text", sorted(INSPECTION_QUERY_TEXTS), ids=lambda text: text.split("(")[0])
def test_every_query_is_valid(text, schema):
    known = build_schema(GITHUBS_SCHEMA.read_text(), assume_valid=True) if schema == "github" else load_schema()
    assert validate(known, parse(text)) == []
    assert "mutation" not in text


async def test_the_details_contain_every_part(sandbox_client):
    pull = await read_pull_request_details(sandbox_client, REPO, 232)
    assert (pull.title, pull.state, pull.base, pull.branch) == (
        "Promote staging to 1.44.0",
        "open",
        "main",
        "promote/staging-1.44.0",
    )
    assert pull.body.startswith("## Promote 1.44.0 to staging")
    assert (pull.labels, pull.review, pull.merge_state) == (("promotion",), "changes_requested", "blocked")
    assert (pull.file_count, pull.commit_count, len(pull.commits)) == (2, 1, 1)
    assert (pull.additions, pull.deletions) > (0, 0)
    assert [(review.author, review.state) for review in pull.reviews] == [("m-ito", "changes_requested")]
    (check,) = pull.checks
    assert (check.name, check.state, check.outcome, check.app) == (
        "release-contract",
        "failure",
        "failure",
        "github-actions",
    )
    assert check.has_failure_log
    assert check.completed_at > check.started_at


async def test_the_comments_on_the_code_are_read(sandbox_client):
    pull = await read_pull_request_details(sandbox_client, REPO, 232)
    assert pull.thread_count == 2
    open_thread, resolved = pull.threads
    assert (open_thread.place, open_thread.state) == ("environments/staging/release.yaml:2", "unresolved")
    assert [comment.author for comment in open_thread.comments] == ["m-ito", "a-lee"]
    assert open_thread.comments[0].body.startswith("The soak of 1.44.0")
    assert open_thread.comments[0].url.startswith("https://github.com/anchor/anchor-msp-ops/pull/232#discussion_r")
    assert (resolved.place.endswith("values.yaml:3"), resolved.state) == (True, "resolved, outdated")


def serve_checks(count: int, *, moves_at: int = -1):
    """Serve a pull request with a number of check runs; its head moves before a page."""

    def respond(request: httpx.Request) -> httpx.Response:
        variables = json.loads(request.content)["variables"]
        start = int(variables.get("after", 0))
        end = min(count, start + 100)
        nodes = [
            {"__typename": "CheckRun", "name": f"check-{number:04}", "status": "COMPLETED", "conclusion": "SUCCESS"}
            for number in range(start, end)
        ]
        contexts = {
            "totalCount": count,
            "nodes": nodes,
            "pageInfo": {"hasNextPage": end < count, "endCursor": str(end)},
        }
        pull = {
            "number": 1,
            "title": "t",
            "url": "https://github.com/a/b/pull/1",
            "headRefOid": "moved" if start == moves_at else "head",
            "statusCheckRollup": {"state": "SUCCESS", "contexts": contexts},
        }
        return httpx.Response(200, json={"data": {"repository": {"pullRequest": pull}}})

    return respond


@pytest.mark.parametrize(
    ("count", "moves_at", "read"), [(0, -1, 0), (100, -1, 100), (101, -1, 101), (450, -1, 450), (450, 200, 200)]
)
async def test_the_checks_of_every_page_are_read(count, moves_at, read):
    pull = await read_pull_request_details(make_client(serve_checks(count, moves_at=moves_at)), REPO, 1)
    assert len(pull.checks) == read
    assert pull.checks_omitted == count - read


async def test_the_number_of_check_pages_is_bounded():
    pull = await read_pull_request_details(make_client(serve_checks(5_000)), REPO, 1)
    assert (len(pull.checks), pull.checks_omitted) == (1_000, 4_000)


async def test_a_page_that_fails_leaves_the_others():
    serve = serve_checks(300)

    def respond(request: httpx.Request) -> httpx.Response:
        after = json.loads(request.content)["variables"].get("after")
        return httpx.Response(502, text="bad gateway") if after == "200" else serve(request)

    pull = await read_pull_request_details(make_client(respond), REPO, 1)
    assert (len(pull.checks), pull.checks_omitted) == (200, 100)


@pytest.mark.parametrize("query", [PULL_REQUEST_DETAILS_QUERY, PULL_REQUEST_CHECKS_QUERY], ids=["details", "checks"])
def test_a_reading_costs_one_point(query):
    variables = {"owner": "o", "name": "n", "number": 1, "after": "x"}
    assert compute_query_cost(parse(query.text), variables).points == 1


async def test_a_merged_pull_request_can_be_read(sandbox_client):
    pull = await read_pull_request_details(sandbox_client, REPO, 231)
    assert (pull.state, pull.merged_by) == ("merged", "m-ito")
    assert pull.merged_at == pull.closed_at


async def test_an_unknown_number_is_not_found(sandbox_client):
    with pytest.raises(NotFound, match="does not have a pull request #9999"):
        await read_pull_request_details(sandbox_client, REPO, 9999)


async def test_the_patches_contain_the_hunks(sandbox_client):
    files, is_complete = await read_pull_request_patches(sandbox_client, REPO, 232)
    assert is_complete
    assert [file.path for file in files] == [
        "environments/staging/release.yaml",
        "infra/helm/platform/environments/staging/values.yaml",
    ]
    assert "+version: 1.44.0" in (files[0].patch or "").split("\n")
    assert (files[0].patch or "").startswith("@@ ")


async def test_a_failed_job_has_a_log(sandbox_client):
    pull = await read_pull_request_details(sandbox_client, REPO, 232)
    log = await read_job_log(sandbox_client, REPO, pull.checks[0].job_id)
    assert log.lines[-1] == "Cleaning up orphan processes"
    assert log.error_index is not None
    assert log.lines[log.error_index] == "##[error]Process completed with exit code 1."
    assert not log.is_cut
    assert not [line for line in log.lines if "\x1b" in line]


async def test_an_unknown_job_is_not_found(sandbox_client):
    with pytest.raises(NotFound):
        await read_job_log(sandbox_client, REPO, 1)


async def test_a_denied_log_names_the_permission(box, sandbox_client):
    box.faults.add("github:deny=logs")
    try:
        with pytest.raises(Forbidden, match="the token needs actions=read"):
            await read_job_log(sandbox_client, REPO, 1)
    finally:
        box.faults.clear()


# --- the redirect ------------------------------------------------------------------------------------


class LogServer:
    """GitHub and the host of its logs; records the requests."""

    def __init__(self, location: str = LOG_URL, body: bytes = b"2026-11-23T14:00:00.1234567Z done\r\n", status=200):
        self.location, self.body, self.status = location, body, status
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/logs"):
            return httpx.Response(302, headers={"location": self.location})
        if self.status == 302:
            return httpx.Response(302, headers={"location": "https://third.example/"})
        return httpx.Response(self.status, content=self.body)

    async def read(self):
        return await read_job_log(make_client(self), REPO, 7)


async def test_the_token_is_never_sent_to_the_log_host():
    server = LogServer()
    log = await server.read()
    assert log.lines == ("done",)
    api, download = server.requests
    assert api.headers["authorization"] == f"Bearer {TOKEN}"
    assert str(download.url) == LOG_URL
    assert "authorization" not in download.headers
    assert TOKEN not in json.dumps([*download.headers.items()])


async def test_a_log_on_the_same_host_gets_no_token():
    server = LogServer(location=f"{API}/_downloads/7")
    assert (await server.read()).lines == ("done",)
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize("location", ["http://logs.blob.example/job", "ftp://logs.example/", "https://", "::"])
async def test_an_unsafe_redirect_is_not_followed(location):
    server = LogServer(location=location)
    with pytest.raises(InvalidResponse):
        await server.read()
    assert len(server.requests) == 1


async def test_a_second_redirect_is_not_followed():
    server = LogServer(status=302)
    with pytest.raises(InvalidResponse, match="a second time"):
        await server.read()
    assert len(server.requests) == 2


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (404, NotFound), (410, ClientError)])
async def test_a_refused_download_is_an_error(status, kind):
    with pytest.raises(kind):
        await LogServer(body=b"<Error/>", status=status).read()


async def test_only_the_tail_of_a_long_log_is_kept():
    lines = b"".join(b"2026-11-23T14:00:00.1234567Z line %06d\r\n" % number for number in range(20_000))
    log = await LogServer(body=lines).read()
    assert log.is_cut
    assert len(log.lines) == MAX_LOG_LINES
    assert log.lines[-1] == "line 019999"


async def test_an_endless_log_is_read_to_its_limit(monkeypatch):
    monkeypatch.setattr("anchor_tui.sources.github.pull_request_reader.MAX_LOG_BYTES", 10_000)
    monkeypatch.setattr("anchor_tui.sources.github.pull_request_reader.MAX_LOG_TAIL_BYTES", 1_000)
    log = await LogServer(body=b"text\n" * 50_000).read()
    assert (log.is_cut, log.is_unfinished) == (True, True)
    assert len(log.lines) <= 201


# --- limits ------------------------------------------------------------------------------------------


def serve_files(count: int, patch: str = "@@ -1 +1 @@\n-a\n+b"):
    def respond(request: httpx.Request) -> httpx.Response:
        size, page = int(request.url.params["per_page"]), int(request.url.params["page"])
        numbers = range((page - 1) * size, min(count, page * size))
        return httpx.Response(200, json=[{"filename": f"f{number}", "patch": patch} for number in numbers])

    return respond


async def test_the_files_of_every_page_are_read():
    files, is_complete = await read_pull_request_patches(make_client(serve_files(130)), REPO, 1)
    assert (len(files), is_complete) == (130, True)


async def test_the_number_of_files_is_bounded():
    files, is_complete = await read_pull_request_patches(make_client(serve_files(3000)), REPO, 1)
    assert (len(files), is_complete) == (300, False)


async def test_a_long_patch_is_cut_at_a_line():
    patch = "+line\n" * (MAX_PATCH_LENGTH // 3)
    ((file,), _) = await read_pull_request_patches(make_client(serve_files(1, patch)), REPO, 1)
    assert isinstance(file, FilePatch)
    assert file.is_cut
    assert len(file.patch or "") <= MAX_PATCH_LENGTH
    assert (file.patch or "").endswith("+line")


async def test_an_answer_of_another_shape_is_an_error():
    with pytest.raises(SourceError):
        await read_pull_request_patches(make_client(lambda _: httpx.Response(200, json=[{"a": 1}])), REPO, 1)

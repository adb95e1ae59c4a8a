"""What an action asks of GitHub and sends to it: bytes as they are stored, and what each failure means for a write."""

from __future__ import annotations

import asyncio
import base64
import json
from importlib import resources

import pytest
import requests
from graphql import build_schema, parse, validate
from graphql.execution.values import get_variable_values

from anchor_tui.domain.actions.repo_state import blob_oid
from anchor_tui.domain.actions.step_base import ApiRequest, FileChange
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
)
from anchor_tui.domain.source_data import OpsRepoData
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
from anchor_tui.sources.github import writer as module
from anchor_tui.sources.github.file_contents import read_file_at, read_files
from anchor_tui.sources.github.pull_request_queries import (
    BRANCH_QUERY,
    HISTORY_PAGE_QUERY,
    PULL_REQUEST_QUERY,
    QUERY_TEXTS,
    read_branch_state,
    read_pull_request,
)
from anchor_tui.sources.github.release_history import MAX_PAGES, read_release_history
from anchor_tui.sources.github.writer import request_json, send_request
from tests.sources.github.fakes import FakeGitHub, FakeRestGitHub, client_for, release_yaml, tree_entry
from tests.sources.loopback_server import serve_requests
from tests.values import config

REPO = "anchor/anchor-msp-ops"
TOKEN = "ghp_verysecretverysecretverysecret123456"
PATHS = ("environments/prod/release.yaml", "infra/helm/platform/environments/prod/values.yaml")
SCHEMA = build_schema(resources.files("anchor_tui.sandbox.github").joinpath("schema.graphql").read_text())
COMMIT = CommitFiles(REPO, "b", "a" * 40, "Promote", "Anchor-Tui-Request: 1", (FileChange("x", "c" * 40, "eA=="),))
AUTO = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "auto-merge")
QUEUE = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash", "queue")
MERGE = MergePullRequest(REPO, 232, "PR_1", "d" * 40, "squash")

# --- what is asked --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", sorted(QUERY_TEXTS), ids=lambda text: text.split("(")[0])
def test_every_query_is_valid_against_the_schema(text):
    assert validate(SCHEMA, parse(text)) == []


@pytest.mark.parametrize("name", module.MUTATION_DOCUMENTS)
def test_every_mutation_is_valid_against_the_schema(name):
    assert validate(SCHEMA, parse(module.MUTATION_DOCUMENTS[name])) == []


@pytest.mark.parametrize("step", [COMMIT, AUTO, QUEUE], ids=lambda step: step.request.body["mutation"])
def test_what_a_step_gives_to_its_mutation_is_what_the_schema_takes(step):
    body = step.request.body
    (operation,) = parse(module.MUTATION_DOCUMENTS[body["mutation"]]).definitions
    read = get_variable_values(SCHEMA, operation.variable_definitions, {"input": body["input"]})
    assert not isinstance(read, list), read
    broken = get_variable_values(SCHEMA, operation.variable_definitions, {"input": body["input"] | {"nope": 1}})
    assert isinstance(broken, list)


def test_every_document_of_the_bench_is_one_that_a_read_only_run_lets_through():
    assert {BRANCH_QUERY.text, PULL_REQUEST_QUERY.text, HISTORY_PAGE_QUERY.text} == QUERY_TEXTS
    assert not any("mutation" in text for text in QUERY_TEXTS)


# --- our branch, pull requests, rights --------------------------------------------------------------------

NODE = {
    "id": "PR_1",
    "number": 232,
    "title": "Promote",
    "url": "https://github.com/a/b/pull/232",
    "state": "OPEN",
}
WHOLE = NODE | {
    "isDraft": True,
    "baseRefName": "main",
    "headRefName": "anchor-tui/promote/prod/1.43.2",
    "headRefOid": "d" * 40,
    "mergeable": "CONFLICTING",
    "mergeStateStatus": "DIRTY",
    "reviewDecision": "CHANGES_REQUESTED",
    "author": {"login": "on-call"},
    "mergedAt": "2026-11-23T14:00:00Z",
    "mergedBy": {"login": "a-lee"},
    "mergeCommit": {"oid": "e" * 40},
    "labels": {"nodes": [{"name": "promotion"}, None]},
    "reviewRequests": {
        "nodes": [
            {"requestedReviewer": {"login": "b.lee"}},
            {"requestedReviewer": {"slug": "ops"}},
            {"requestedReviewer": None},
            {"requestedReviewer": {}},
            None,
        ]
    },
    "latestOpinionatedReviews": {"nodes": [{"author": {"login": "c.lee"}}, {"author": None}, None]},
    "autoMergeRequest": {"enabledAt": "2026-11-23T14:00:00Z"},
    "isMergeQueueEnabled": True,
    "mergeQueueEntry": {"position": 2},
    "viewerCanEnableAutoMerge": True,
    "statusCheckRollup": {
        "state": "FAILURE",
        "contexts": {
            "nodes": [
                {"__typename": "CheckRun", "name": "sync", "status": "COMPLETED", "conclusion": "FAILURE"},
                {"__typename": "CheckRun", "name": "policy", "status": "IN_PROGRESS", "conclusion": None},
                {"__typename": "StatusContext", "context": "ci", "state": "SUCCESS"},
                {"__typename": "StatusContext", "context": "old", "state": "PENDING"},
                None,
            ]
        },
    },
}
RIGHTS = {
    "isArchived": False,
    "viewerPermission": "WRITE",
    "autoMergeAllowed": True,
    "mergeCommitAllowed": True,
    "squashMergeAllowed": True,
    "rebaseMergeAllowed": False,
    "viewerDefaultMergeMethod": "MERGE",
}


def answer(**repository):
    return {"viewer": {"login": "on-call"}, "repository": RIGHTS | repository}


async def ours(found):
    return await read_branch_state(FakeGitHub(Bench=found), REPO, "anchor-tui/x", "main", PATHS)  # type: ignore[arg-type]


async def test_without_a_branch_there_is_none_and_rights_are_known():
    rights, branch, pulls = await ours(answer(ref=None, pullRequests={"nodes": []}))
    assert (branch, pulls) == (None, ())
    assert (rights.viewer, rights.push, rights.auto_merge, rights.archived) == ("on-call", "yes", True, False)
    assert rights.merge_methods == ("merge", "squash"), "the usual one first, and what is not allowed left out"


async def test_our_branch_has_its_tip_what_that_stands_on_and_the_blobs_there():
    target = {
        "oid": "e" * 40,
        "parents": {"nodes": [{"oid": "a" * 40}, None]},
        "release": {"oid": "b" * 40},
        "values": None,
    }
    _, branch, _ = await ours(answer(ref={"target": target}, pullRequests={"nodes": [NODE, None]}))
    assert branch is not None
    assert (branch.name, branch.oid, branch.parents) == ("anchor-tui/x", "e" * 40, ("a" * 40,))
    assert branch.blobs == {PATHS[0]: "b" * 40}


async def test_what_is_asked_about_our_branch_is_its_own_name():
    door = FakeGitHub(Bench=answer(ref=None))
    await read_branch_state(door, REPO, "anchor-tui/x", "main", PATHS)  # type: ignore[arg-type]
    ((_, variables),) = door.asked
    assert variables == {
        "owner": "anchor",
        "name": "anchor-msp-ops",
        "ours": "refs/heads/anchor-tui/x",
        "head": "anchor-tui/x",
        "base": "main",
        "release": PATHS[0],
        "values": PATHS[1],
    }


async def test_a_pull_request_is_read_whole():
    _, pull = await read_pull_request(FakeGitHub(PullNow=answer(pullRequest=WHOLE)), REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.number, pull.node_id, pull.state, pull.draft, pull.base) == (232, "PR_1", "open", True, "main")
    assert (pull.mergeable, pull.merge_state, pull.review) == ("conflicting", "dirty", "changes_requested")
    assert (pull.checks, pull.failed_checks, pull.pending_checks) == ("failure", ("sync",), ("policy", "old"))
    assert (pull.labels, pull.reviewers) == (("promotion",), ("b.lee", "ops", "c.lee"))
    assert (pull.auto_merge, pull.queue_required, pull.queue_position, pull.may_auto_merge) == (True, True, 2, True)
    assert (pull.merge_oid, pull.merged_by) == ("e" * 40, "a-lee")
    assert pull.merged_at is not None


async def test_what_a_pull_request_does_not_tell_is_unknown_and_never_well():
    _, pull = await read_pull_request(FakeGitHub(PullNow=answer(pullRequest=NODE)), REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.mergeable, pull.merge_state, pull.review, pull.queue_position) == ("unknown", "unknown", None, None)
    assert (pull.auto_merge, pull.queue_required, pull.may_auto_merge) == (False, False, False)


async def test_a_number_that_is_none_is_no_error_and_a_repository_that_is_not_seen_is():
    assert (await read_pull_request(FakeGitHub(PullNow=answer(pullRequest=None)), REPO, 1))[1] is None  # type: ignore[arg-type]
    for name, asked in (
        ("PullNow", read_pull_request(FakeGitHub(PullNow={"repository": None}), REPO, 1)),  # type: ignore[arg-type]
        ("Bench", ours({"repository": None})),
    ):
        with pytest.raises(NotFound, match="is not to be seen with this token"):
            await asked
        assert name


@pytest.mark.parametrize(
    ("said", "push"),
    [("ADMIN", "yes"), ("MAINTAIN", "yes"), ("WRITE", "yes"), ("TRIAGE", "no"), ("READ", "no"), (None, "unknown")],
)
async def test_a_permission_is_what_it_lets_us_do(said, push):
    rights, _, _ = await ours(answer(ref=None, viewerPermission=said))
    assert rights.push == push


async def test_a_repository_that_allows_no_method_is_merged_by_its_most_usual_one():
    none = {f"{name}Allowed": False for name in ("mergeCommit", "squashMerge", "rebaseMerge")}
    rights, _, _ = await ours(answer(ref=None, **none))
    assert rights.merge_methods == ("squash",)


# --- files ------------------------------------------------------------------------------------------------


def with_file(text, content):
    return OpsRepoData(REPO, "https://x", "main", files={"f.yaml": text}, blobs={"f.yaml": blob_oid(content)})


def encoded(content):
    """As GitHub sends it: base64 in lines."""
    return {"content": base64.encodebytes(content).decode(), "encoding": "base64"}


class RestDoor:
    """A door whose REST side answers by path."""

    def __init__(self, **answers):
        self.rest = FakeRestGitHub()
        self.rest.answers = answers
        self.access = client_for("https://github.example").access

    async def call(self, work):
        self.rest.requestJsonAndCheck, given = self._ask, self.rest
        return work(given)

    def _ask(self, _verb, url, parameters=None, input=None):  # noqa: A002 - PyGithub's own name
        self.rest.got.append(url)
        found = self.rest.answers.get(url, NotFound("Not Found"))
        if isinstance(found, Exception):
            raise found
        return {}, found


AWKWARD = {
    "CRLF": b"version: 1\r\ncommit: x\r\n",
    "a byte order mark": b"\xef\xbb\xbfversion: 1\n",
    "no last line end": b"version: 1",
    "nothing": b"",
    "not UTF-8": b"version: \xff\n",
}


@pytest.mark.parametrize("name", AWKWARD)
async def test_where_the_text_is_not_what_the_oid_says_the_bytes_are_asked_for(name):
    content = AWKWARD[name]
    lossy = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    path = f"/repos/{REPO}/git/blobs/{blob_oid(content)}"
    door = RestDoor(**{path: encoded(content)})
    found = await read_files(door, with_file(lossy, content), ["f.yaml", "f.yaml"])  # type: ignore[arg-type]
    assert found["f.yaml"].content == content
    assert found["f.yaml"].oid == blob_oid(content)
    assert door.rest.got == ([path] if lossy.encode() != content else [])


async def test_a_text_that_is_what_the_oid_says_costs_no_request():
    door = RestDoor()
    found = await read_files(door, with_file("ä: 1\n", "ä: 1\n".encode()), ["f.yaml", "gone.yaml"])  # type: ignore[arg-type]
    assert found.keys() == {"f.yaml"}
    assert found["f.yaml"].content == "ä: 1\n".encode()
    assert door.rest.got == []


@pytest.mark.parametrize(
    "said", [encoded(b"another\n"), {"content": "", "encoding": "none"}, {}, {"content": None}, {"content": "%%%"}]
)
async def test_bytes_that_are_not_what_their_oid_says_are_not_used(said):
    content = b"version: 1\r\n"
    path = f"/repos/{REPO}/git/blobs/{blob_oid(content)}"
    with pytest.raises(InvalidResponse):
        await read_files(RestDoor(**{path: said}), with_file("version: 1\n", content), ["f.yaml"])  # type: ignore[arg-type]


def contents(content, **more):
    return encoded(content) | {"sha": blob_oid(content), "type": "file", **more}


def at(commit, path=PATHS[0]):
    return f"/repos/{REPO}/contents/{path}?ref={commit}"


async def test_a_file_at_a_commit_is_read_byte_for_byte():
    content = b"\xef\xbb\xbfversion: 1\r\n"
    found = await read_file_at(RestDoor(**{at("a" * 40): contents(content)}), REPO, PATHS[0], "a" * 40)  # type: ignore[arg-type]
    assert found is not None
    assert (found.path, found.content, found.oid) == (PATHS[0], content, blob_oid(content))


async def test_a_file_that_was_not_there_at_a_commit_is_none():
    assert await read_file_at(RestDoor(), REPO, PATHS[0], "a" * 40) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        contents(b"x") | {"content": "", "encoding": "none", "size": 2_000_000},
        contents(b"x") | {"content": base64.b64encode(b"y").decode()},
        [contents(b"x")],
        {"type": "submodule", "sha": "a" * 40},
        contents(b"x") | {"content": "eA"},
    ],
    ids=["too large", "other bytes", "a folder", "a submodule", "no base64"],
)
async def test_what_is_no_file_at_a_commit_is_not_taken_for_an_empty_one(said):
    with pytest.raises(InvalidResponse):
        await read_file_at(RestDoor(**{at("a" * 40): said}), REPO, PATHS[0], "a" * 40)  # type: ignore[arg-type]


async def test_a_path_with_odd_characters_is_quoted():
    path = "environments/a b#c?/release.yaml"
    door = RestDoor(**{at("a" * 40, "environments/a%20b%23c%3F/release.yaml"): contents(b"x")})
    assert await read_file_at(door, REPO, path, "a" * 40)  # type: ignore[arg-type]


# --- the whole past -----------------------------------------------------------------------------------------


def page(*versions, more=None, at_=0):
    nodes = [
        {
            "oid": f"{at_ + index:040x}",
            "committedDate": "2026-11-22T10:00:00Z",
            "author": {"name": "A. Lee", "user": {"login": "a-lee"}},
            "associatedPullRequests": {"nodes": [{"number": 7, "title": "Release", "url": "https://x/7"}]},
            "release": tree_entry(release_yaml(version) if version else None),
        }
        for index, version in enumerate(versions)
    ]
    info = {"hasNextPage": more is not None, "endCursor": more}
    return {"repository": {"ref": {"target": {"oid": "a" * 40, "past": {"pageInfo": info, "nodes": nodes}}}}}


async def past(*pages):
    door = FakeGitHub(MoreHistory=list(pages))
    repo = OpsRepoData(REPO, "https://x", "main")
    found = await read_release_history(door, config(), config().environments[2], repo)  # type: ignore[arg-type]
    return door, found


async def test_the_past_is_read_page_by_page_to_the_first_release():
    door, found = await past(page("1.44.0", None, more="c1"), page("1.43.1", at_=2))
    assert [each.release and each.release.version for each in found] == ["1.44.0", None, "1.43.1"]
    assert [variables["after"] for _, variables in door.asked] == [None, "c1"]
    assert all(variables["path"] == PATHS[0] for _, variables in door.asked)
    assert found[0].release is not None
    assert found[0].release.pull_request is not None
    assert (found[0].release.changed_by, found[0].release.pull_request.number) == ("a-lee", 7)


async def test_a_past_without_end_ends_somewhere():
    door, found = await past(page("1.44.0", more="again"))
    assert len(door.asked) == len(found) == MAX_PAGES


@pytest.mark.parametrize("answer_", [{"repository": None}, {"repository": {"ref": None}}])
async def test_a_past_that_is_not_there_is_empty(answer_):
    assert (await past(answer_))[1] == ()


# --- sending ------------------------------------------------------------------------------------------------


async def sent_to(url, request):
    door = client_for(url, read_only=False)
    try:
        return await send_request(door, request)
    finally:
        door.close()


async def answered(request, status, body, **headers):
    """What a step's request comes to when GitHub answers so, and what was sent."""
    taken = []

    def take(got):
        taken.append(got)
        got.respond(status, body, **headers)

    with serve_requests(take) as url:
        try:
            return await sent_to(url, request), taken
        except SourceError as error:
            return error, taken


SENT = {
    "commit": (COMMIT, "POST", "/graphql"),
    "auto-merge": (AUTO, "POST", "/graphql"),
    "queue": (QUEUE, "POST", "/graphql"),
    "merge": (MERGE, "PUT", f"/repos/{REPO}/pulls/232/merge"),
    "branch": (CreateBranch(REPO, "b", "a" * 40), "POST", f"/repos/{REPO}/git/refs"),
    "pull request": (CreatePullRequest(REPO, "b", "main", "t", "x"), "POST", f"/repos/{REPO}/pulls"),
    "workflow": (
        DispatchWorkflow(REPO, "promote.yaml", "main", {}),
        "POST",
        f"/repos/{REPO}/actions/workflows/promote.yaml/dispatches",
    ),
}


@pytest.mark.parametrize("name", SENT)
async def test_a_step_is_sent_once_as_it_is_shown(name):
    step, method, path = SENT[name]
    mutation = step.request.body.get("mutation")
    said = {"data": {mutation: {"ok": True}}} if mutation else {"sha": "e" * 40}
    found, taken = await answered(step.request, 200, json.dumps(said))
    assert found == ({"ok": True} if mutation else said)
    ((got),) = taken
    assert (got.method, got.path) == (method, path)
    body = json.loads(got.body)
    if mutation:
        assert body == {
            "query": module.MUTATION_DOCUMENTS[mutation],
            "variables": {"input": step.request.body["input"]},
        }
    else:
        assert body == step.request.body
    assert got.headers["Authorization"] == f"token {TOKEN}" or got.headers["Authorization"].endswith(TOKEN)
    assert TOKEN not in got.path + got.body.decode()


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_an_answer_without_a_body_is_a_good_one_where_the_status_says_so(status):
    found, _ = await answered(SENT["workflow"][0].request, status, "")
    assert found == {}


async def test_a_list_is_an_answer_too():
    found, _ = await answered(AddLabels(REPO, ("x",)).request, 200, '[{"name": "x"}]')
    assert found == {"items": [{"name": "x"}]}


@pytest.mark.parametrize("name", SENT)
async def test_read_only_nothing_that_writes_leaves(name):
    taken = []
    with serve_requests(lambda request: taken.append(request.path)) as url:
        door = client_for(url, documents=QUERY_TEXTS)
        with pytest.raises(WriteRefused) as caught:
            await send_request(door, SENT[name][0].request)
        door.close()
    assert taken == []
    assert not caught.value.maybe_applied


def said(message, *details, **more):
    errors = {"errors": [{"message": each} for each in details]} if details else {}
    return json.dumps({"message": message, **errors, **more})


def graph(type_, message):
    return json.dumps({"data": {"x": None}, "errors": [{"type": type_, "message": message, "path": ["x"]}]})


REST = {
    "422": (
        422,
        said("Validation Failed", "A pull request already exists for anchor:b."),
        ClientError,
        False,
        "already exists",
    ),
    "422 of a ref": (422, said("Reference already exists"), ClientError, False, "Reference already exists"),
    "422 with a list": (422, '["no"]', InvalidResponse, True, "no JSON object"),
    "422 with a text": (422, '"no"', InvalidResponse, True, "no JSON object"),
    "409": (409, said("Head branch was modified. Review and try the merge again."), ClientError, False, "was modified"),
    "405": (405, said("Pull Request is not mergeable"), ClientError, False, "is not mergeable"),
    "403": (403, said("Resource not accessible by personal access token"), Forbidden, False, "not accessible"),
    "404": (404, said("Not Found"), NotFound, False, "or the token may not see it"),
    "401": (401, said("Bad credentials"), Unauthenticated, False, "does not accept the token"),
    "429": (429, said("slow down"), RateLimited, False, "slow down"),
    "403 of the secondary limit": (403, said("You have exceeded a secondary rate limit"), RateLimited, False, ""),
    "500": (500, said("Server Error"), ServerError, True, "HTTP 500"),
    "502 of a proxy": (502, "<html>Bad Gateway</html>", ServerError, True, "a page of HTML"),
    "503": (503, "", ServerError, True, "HTTP 503"),
    "HTML with 200": (200, "<html>log in</html>", InvalidResponse, True, "a proxy's login page"),
    "truncated": (200, '{"sha": "abc', InvalidResponse, True, "ended early or is no JSON"),
    "a number": (200, "7", InvalidResponse, True, ""),
}


@pytest.mark.parametrize("name", REST)
async def test_what_rest_answers_tells_whether_the_write_may_have_been_carried_out(name):
    status, body, kind, lost, words = REST[name]
    found, taken = await answered(MERGE.request, status, body)
    assert type(found) is kind, found
    assert found.lost == lost
    assert words in found.message
    assert TOKEN not in str(found)
    assert len(taken) == 1, "a write is sent once"


@pytest.mark.parametrize("status", [409, 405, 422])
async def test_a_refusal_keeps_its_status(status):
    found, _ = await answered(MERGE.request, status, said("no"))
    assert isinstance(found, ClientError)
    assert found.status == status


GRAPHQL = {
    "the head has moved": (
        200,
        graph("STALE_DATA", "Expected branch to point to"),
        ClientError,
        False,
        "Expected branch",
    ),
    "unprocessable": (
        200,
        graph("UNPROCESSABLE", "Pull request is in clean status"),
        ClientError,
        False,
        "clean status",
    ),
    "forbidden": (200, graph("FORBIDDEN", "Resource not accessible"), Forbidden, False, "not accessible"),
    "no scope": (200, graph("INSUFFICIENT_SCOPES", "needs repo"), Forbidden, False, "needs repo"),
    "not found": (200, graph("NOT_FOUND", "Could not resolve to a node"), NotFound, False, "Could not resolve"),
    "limited": (200, graph("RATE_LIMITED", "API rate limit exceeded"), RateLimited, False, "rate limit"),
    "it broke": (
        200,
        json.dumps({"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}),
        ServerError,
        True,
        "Something went wrong",
    ),
    "401": (401, said("Bad credentials"), Unauthenticated, False, ""),
    "403": (403, said("Resource not accessible"), Forbidden, False, ""),
    "502": (502, "<html>Unicorn!</html>", ServerError, True, "a page of HTML"),
    "HTML with 200": (200, "<html>log in</html>", InvalidResponse, True, ""),
    "truncated": (200, '{"data": {"createComm', InvalidResponse, True, ""),
    "empty": (200, "", InvalidResponse, True, ""),
    "a list": (200, "[1]", InvalidResponse, True, ""),
    "a number": (200, "7", InvalidResponse, True, ""),
    "without data": (200, "{}", InvalidResponse, True, ""),
    "data that is null": (200, '{"data": null}', InvalidResponse, True, ""),
    "of another mutation": (200, '{"data": {"x": {}}}', InvalidResponse, True, ""),
    "a mutation that says nothing": (200, '{"data": {"createCommitOnBranch": null}}', InvalidResponse, True, ""),
    "not UTF-8": (200, b'{"data": "\xff"}', InvalidResponse, True, ""),
    "errors of another shape": (200, '{"errors": "no"}', ClientError, False, ""),
}


@pytest.mark.parametrize("name", GRAPHQL)
async def test_what_graphql_answers_tells_whether_the_write_may_have_been_carried_out(name):
    status, body, kind, lost, words = GRAPHQL[name]
    found, taken = await answered(COMMIT.request, status, body)
    assert type(found) is kind, found
    assert found.lost == lost
    assert words in found.message
    assert len(taken) == 1, "a write is sent once"


CALLS = [MERGE.request, COMMIT.request, ApiRequest("github", "GET", f"/repos/{REPO}/pulls")]


@pytest.mark.parametrize("request_", CALLS, ids=lambda each: each.path)
async def test_nobody_listening_is_no_lost_answer(request_):
    with serve_requests(lambda request: request.respond()) as url:
        pass
    with pytest.raises(Unreachable) as caught:
        await sent_to(url, request_)
    assert not caught.value.maybe_applied


def half(request):
    request.begin(1000)
    request.reset()


@pytest.mark.parametrize("answer_", [lambda request: request.reset(), half], ids=["reset", "half a body"])
@pytest.mark.parametrize("request_", CALLS[:2], ids=lambda each: each.path)
async def test_an_answer_that_breaks_off_is_a_lost_one(request_, answer_):
    taken = []

    def take(request):
        taken.append(request.method)
        answer_(request)

    with serve_requests(take) as url, pytest.raises(SourceError) as caught:
        await sent_to(url, request_)
    assert caught.value.maybe_applied
    assert len(taken) == 1, "a write is sent once"


RAISED = {
    "no connection in time": (requests.exceptions.ConnectTimeout("x"), Timeout, False),
    "no answer in time": (requests.exceptions.ReadTimeout("x"), Timeout, True),
    "no trust": (requests.exceptions.SSLError("certificate verify failed"), TlsError, False),
    "broken off": (requests.exceptions.ChunkedEncodingError("x"), Unreachable, True),
    "broken": (requests.exceptions.ConnectionError("reset by peer"), Unreachable, True),
}


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.parametrize("request_", CALLS[:2], ids=lambda each: each.path)
async def test_what_the_connection_raises_tells_whether_it_may_have_been_carried_out(monkeypatch, name, request_):
    failure, kind, lost = RAISED[name]

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr("github.Requester.Requester.requestJsonAndCheck", fail)
    with pytest.raises(SourceError) as caught:
        await sent_to("https://github.example/api/v3", request_)
    assert type(caught.value) is kind
    assert caught.value.maybe_applied == lost


@pytest.mark.parametrize("request_", CALLS[:2], ids=lambda each: each.path)
async def test_a_github_that_hangs_is_a_lost_answer_after_a_while(monkeypatch, request_):
    monkeypatch.setattr(module, "WRITE_DEADLINE_S", 0.01)

    class Hangs:
        access = client_for("https://github.example").access

        async def call(self, _work):
            await asyncio.Event().wait()

    with pytest.raises(Timeout) as caught:
        await send_request(Hangs(), request_)  # type: ignore[arg-type]
    assert caught.value.maybe_applied
    assert "no answer within 0.01 s" in caught.value.message


async def test_a_question_is_asked_by_rest_with_its_query():
    taken = []

    def take(request):
        taken.append(request.path)
        request.respond(200, '{"workflow_runs": []}')

    with serve_requests(take) as url:
        door = client_for(url)
        found = await request_json(door, "GET", "/repos/a/b/runs?event=x&per_page=20")
        door.close()
    assert found["workflow_runs"] == []
    assert taken == ["/repos/a/b/runs?event=x&per_page=20"]


async def test_a_page_of_html_is_no_answer_to_a_question_either():
    """Else a proxy's login page would say that a branch is not there."""
    with serve_requests(lambda request: request.respond(200, "<html>log in</html>", content_type="text/html")) as url:
        door = client_for(url)
        with pytest.raises(InvalidResponse, match="a proxy's login page"):
            await request_json(door, "GET", "/repos/a/b/git/ref/heads/x")
        door.close()

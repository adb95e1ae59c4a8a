from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from anchor_tui.sandbox.faults.switches import Fault, parse_fault
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import build_poll_variables, edit_release, query_github, read_query, wait_until
from tests.sandbox.github_requests import REPO, commit_files, mutate

LIST = "/api/v1/applications"
STREAM = "/api/v1/stream/applications"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("argocd:latency=0.3", Fault("argocd", "latency", "0.3")),
        ("github:status=401", Fault("github", "status", "401")),
        (
            "argocd:status=503,times=2,path=/api/v1/stream,method=get",
            Fault("argocd", "status", "503", 2, "/api/v1/stream", "GET"),
        ),
        ("argocd:dead-stream", Fault("argocd", "dead-stream")),
        ("github:hang=after,operation=createRef", Fault("github", "hang", "after", operation="createRef")),
    ],
)
def test_a_fault_is_read_from_text(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latency=1", "SIDE:KIND"),
        ("gitlab:hang", "not one of argocd, github, status"),
        ("argocd:nope", "known are latency"),
        ("argocd:latency", "a number of seconds"),
        ("argocd:latency=soon", "latency needs a number of seconds, not 'soon'"),
        ("argocd:cold-cache=-1", "cold-cache needs a number of seconds, not '-1'"),
        ("argocd:latency=inf", "a number of seconds"),
        ("argocd:status=418", "one of 401"),
        ("argocd:status=soon", "one of 401, .* not 'soon'"),
        ("argocd:reset=before", "accepts only the value after"),
        ("argocd:hang,often=2", "known are times, path, method, operation"),
    ],
)
def test_an_invalid_fault_names_its_error(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_fault(text)


async def test_latency_delays_the_response(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:latency=0.1")
    began = asyncio.get_running_loop().time()
    await argocd.get("/api/version")
    assert asyncio.get_running_loop().time() - began >= 0.1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_argo_cd_has_its_own_error_bodies(box: Sandbox, argocd: httpx.AsyncClient, status: int) -> None:
    box.faults.add(f"argocd:status={status}")
    answer = await argocd.get(LIST)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "code", "message"}


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_proxy_error_has_an_html_body(box: Sandbox, argocd: httpx.AsyncClient, status: int) -> None:
    box.faults.add(f"argocd:status={status}")
    answer = await argocd.get(LIST)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("status", "message"), [(401, "Bad credentials"), (404, "Not Found"), (502, "Server Error")])
async def test_github_has_its_own_error_bodies(
    box: Sandbox, github: httpx.AsyncClient, status: int, message: str
) -> None:
    box.faults.add(f"github:status={status}")
    answer = await github.get(REPO)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


@pytest.mark.parametrize(("fault", "status"), [("status=429", 429), ("secondary-limit", 403)])
async def test_the_secondary_limit_has_a_retry_after(
    box: Sandbox, github: httpx.AsyncClient, fault: str, status: int
) -> None:
    box.faults.add(f"github:{fault}")
    answer = await github.post("/graphql", json={"query": "{ viewer { login } }"})
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "60")
    assert "secondary rate limit" in answer.json()["message"]


async def test_a_reset_closes_the_connection(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:reset,times=1")
    with pytest.raises(httpx.ReadError):
        await argocd.get(LIST)
    assert (await argocd.get(LIST)).status_code == 200


async def test_a_response_can_be_lost_after_the_work(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:reset=after,method=POST")
    with pytest.raises(httpx.ReadError):
        await github.post(f"{REPO}/git/refs", json={"ref": "refs/heads/topic", "sha": box.git.head})
    assert box.git.branches["topic"] == box.git.head


async def test_a_body_can_be_truncated(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:truncated")
    answer = await argocd.get(LIST)
    assert answer.status_code == 200
    assert answer.text.startswith('{"metadata"')
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    async with argocd.stream("GET", STREAM) as stream:
        text = "".join([part async for part in stream.aiter_text()])
    assert text.startswith('{"result"')
    assert not text.endswith("\n")


async def test_a_proxy_can_respond_with_its_login_page(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:html")
    answer = await github.get(REPO)
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_a_hang_never_responds(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:hang")
    with pytest.raises(httpx.ReadTimeout):
        await github.get(REPO, timeout=0.1)


async def test_closing_does_not_wait_for_a_hang() -> None:
    sent = set[str]()

    async def ask(client: httpx.AsyncClient, url: str) -> httpx.Response:
        async def trace(event: str, _: object) -> None:
            if event == "http11.receive_response_headers.started":
                sent.add(url)

        return await client.get(url, timeout=60, extensions={"trace": trace})

    async with asyncio.timeout(30), httpx.AsyncClient(verify=False) as client:
        async with Sandbox.start(faults=["argocd:hang", "github:latency=60"]) as box:
            asked = [asyncio.create_task(ask(client, url)) for url in (box.argocd_url, box.github_url)]
            await wait_until(lambda: len(sent) == 2)
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[0], httpx.TransportError)


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_a_dead_stream_is_silent_after_its_first_events(
    box: Sandbox, argocd: httpx.AsyncClient, accept: str
) -> None:
    box.faults.add("argocd:dead-stream")
    async with argocd.stream("GET", STREAM, headers={"accept": accept}, timeout=0.3) as stream:
        lines = stream.aiter_lines()
        seen = [line async for line in _some(lines, 3)]
        assert len(seen) == 3
        box.commit(edit_release(box, "dev", "1.43.2"), "Back")
        box.advance(30)
        with pytest.raises(httpx.ReadTimeout):
            _ = [line async for line in lines if line]


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_a_stream_can_end_after_its_first_event(box: Sandbox, argocd: httpx.AsyncClient, accept: str) -> None:
    box.faults.add("argocd:cut-stream,times=1")
    for expected in (1, 2):
        async with argocd.stream("GET", STREAM, headers={"accept": accept}) as stream:
            seen = [line async for line in _some(stream.aiter_lines(), 2)]
        assert len(seen) == expected


async def test_a_stream_can_contain_unescaped_next_lines(argocd: httpx.AsyncClient, box: Sandbox) -> None:
    box.faults.add("argocd:next-line")
    async with argocd.stream("GET", STREAM, headers={"accept": "text/event-stream"}) as stream:
        text = await anext(stream.aiter_text())
    assert '"message":"\x85' in text


async def _some(lines, count):
    async for line in lines:
        if line:
            count -= 1
            yield line
        if not count:
            return


async def test_one_application_can_be_forbidden(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:forbidden=anchor-msp-prod")
    answer = await argocd.get(f"{LIST}/anchor-msp-prod", params={"project": "anchor-msp"})
    assert (answer.status_code, answer.json()["message"]) == (403, "permission denied")
    assert [item["metadata"]["name"] for item in (await argocd.get(LIST)).json()["items"]] == [
        "anchor-msp-dev",
        "anchor-msp-staging",
    ]
    assert (await argocd.get(f"{LIST}/anchor-msp-dev")).status_code == 200


async def test_only_check_contexts_can_be_denied(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:deny=contexts")
    answer = await query_github(github, read_query("poll"), **build_poll_variables())
    assert {error["type"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert answer["errors"][0]["path"][-2:] == ["nodes", 0]
    rollup = answer["data"]["repository"]["ref"]["target"]["statusCheckRollup"]
    assert (rollup["state"], rollup["contexts"]["nodes"]) == ("SUCCESS", [None])


async def test_any_field_can_be_denied(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:deny=refUpdateRule")
    answer = await query_github(github, read_query("poll"), **build_poll_variables())
    (error,) = answer["errors"]
    assert error["message"] == "Resource not accessible by personal access token"
    assert answer["data"]["repository"]["ref"]["refUpdateRule"] is None


async def test_a_token_can_become_invalid(box: Sandbox, argocd: httpx.AsyncClient, github: httpx.AsyncClient) -> None:
    box.faults.add("argocd:invalid-token")
    box.faults.add("github:invalid-token")
    refused = await argocd.get(LIST)
    assert refused.status_code == 401
    assert refused.json()["message"].endswith("token is revoked, please re-login")
    assert (await github.get(REPO)).status_code == 401
    box.faults.clear()
    assert (await argocd.get(LIST)).status_code == (await github.get(REPO)).status_code == 200


async def test_a_fault_hits_its_path_and_count_only(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:status=500,times=1,path=/api/v1/applications")
    statuses = [(await argocd.get(path)).status_code for path in ("/api/version", LIST, LIST)]
    assert statuses == [200, 500, 200]


async def test_an_open_stream_survives_a_new_fault(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async with argocd.stream("GET", STREAM) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        box.faults.add("argocd:status=503")
        await wait_until(lambda: box.faults.is_active("argocd", "status"))
        assert (await anext(lines)).startswith('{"result"')


async def test_a_fault_can_hit_one_mutation_only(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    box.faults.add("github:reset,operation=createCommitOnBranch")
    box.faults.add("github:hang,operation=enqueuePullRequest")
    assert (await query_github(github, "{ viewer { login } }"))["data"]["viewer"]["login"] == "on-call"
    with pytest.raises(httpx.ReadError):
        await commit_files(github, box, "topic", {"a": "1"})
    assert box.git.branches["topic"] == box.git.head
    made = await mutate(github, "enablePullRequestAutoMerge", "clientMutationId", pullRequestId="unknown")
    assert made["errors"][0]["type"] == "NOT_FOUND"


async def test_a_mutation_can_run_without_a_response(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.git.set_branch("topic", box.git.head, box.clock.now())
    box.faults.add("github:hang=after,operation=createCommitOnBranch,times=1")
    github.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        await commit_files(github, box, "topic", {"a": "1"})
    assert box.git.read_file("a", "topic") == "1"


async def test_a_request_can_run_twice(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:duplicate,method=POST,path=/repos/anchor/anchor-msp-ops/git/refs,times=1")
    body = {"ref": "refs/heads/topic", "sha": box.git.head}
    answer = await github.post(f"{REPO}/git/refs", json=body)
    assert (answer.status_code, answer.json()["message"]) == (422, "Reference already exists")
    assert "topic" in box.git.branches


async def test_a_cold_cache_has_no_manifests_and_no_tree(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.faults.add("argocd:cold-cache=0")
    for part, words in (("managed-resources", "managed resources"), ("resource-tree", "resource tree")):
        answer = await argocd.get(f"/api/v1/applications/anchor-msp-prod/{part}")
        assert answer.status_code == 500
        assert answer.json()["message"].startswith(f"error getting cached app {words}: ")
    assert (await argocd.get("/api/v1/applications/anchor-msp-prod")).status_code == 200


async def test_a_cold_cache_answers_only_after_its_time() -> None:
    async with Sandbox.start(faults=["argocd:cold-cache=60"]) as box:
        headers = {"authorization": f"Bearer {box.argocd_token}"}
        async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, timeout=0.1) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/api/v1/applications/anchor-msp-prod/managed-resources")

"""The inside of applications: trees, events, pods and logs as a real Argo CD sends them."""

from __future__ import annotations

import json

import httpx
import pytest

from anchor_tui.sandbox.argocd.workloads.failures import FAILURES
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.json_shapes import describe_recorded_bodies, describe_shape, list_unknown_keys

PROD = "/api/v1/applications/anchor-msp-prod"
KINDS = sorted(FAILURES)


def find_failing_pods(tree: dict) -> list[dict]:
    return [node for node in tree["nodes"] if node["kind"] == "Pod" and node["health"]["status"] != "Healthy"]


@pytest.mark.parametrize("scenario_name", [f"incident-{kind}" for kind in KINDS])
async def test_a_failing_workload_has_only_recorded_keys(argocd: httpx.AsyncClient, scenario_name: str) -> None:
    tree = (await argocd.get(f"{PROD}/resource-tree")).json()
    assert list_unknown_keys(describe_shape(tree), describe_recorded_bodies("*tree*")) == []
    failing = [node for node in tree["nodes"] if node.get("health", {}).get("status") not in {"Healthy", None}]
    node = next((node for node in failing if node["kind"] == "Pod"), failing[-1])
    query = {
        "resourceUID": node["uid"],
        "resourceName": node["name"],
        "resourceNamespace": node["namespace"],
    }
    events = (await argocd.get(f"{PROD}/events", params=query)).json()
    assert list_unknown_keys(describe_shape(events), describe_recorded_bodies("*events*")) == []
    assert "Warning" in [event["type"] for event in events["items"]]
    assert bool(find_failing_pods(tree)) == (scenario_name != "incident-quota")


@pytest.mark.parametrize("scenario_name", ["steady", "incident-oom"])
async def test_pods_are_the_same_at_each_request(argocd: httpx.AsyncClient) -> None:
    first, second = [(await argocd.get(f"{PROD}/resource-tree")).json() for _ in range(2)]
    assert first == second


async def test_a_healthy_application_has_ready_pods(argocd: httpx.AsyncClient) -> None:
    tree = (await argocd.get(f"{PROD}/resource-tree")).json()
    assert find_failing_pods(tree) == []
    pods = [node for node in tree["nodes"] if node["kind"] == "Pod"]
    assert {info["value"] for pod in pods for info in pod["info"] if info["name"] == "Containers"} == {"1/1"}
    assert any(node["kind"] == "Secret" for node in tree["nodes"])


@pytest.mark.parametrize("scenario_name", ["incident-crash"])
async def test_the_previous_log_is_that_of_the_ended_process(argocd: httpx.AsyncClient) -> None:
    pod = find_failing_pods((await argocd.get(f"{PROD}/resource-tree")).json())[0]
    query = {"namespace": pod["namespace"], "podName": pod["name"], "container": "anchor-gateway", "previous": "true"}
    lines = [json.loads(line)["result"] for line in (await argocd.get(f"{PROD}/logs", params=query)).text.splitlines()]
    assert lines[-1]["last"] is True
    assert lines[-2]["content"] == "KeyError: 'AUTH_JWKS_URL'"
    assert lines[-2]["podName"] == pod["name"]


@pytest.mark.parametrize("scenario_name", ["incident-crash"])
async def test_a_pod_is_served_as_a_live_object(argocd: httpx.AsyncClient) -> None:
    pod = find_failing_pods((await argocd.get(f"{PROD}/resource-tree")).json())[0]
    query = {"namespace": pod["namespace"], "resourceName": pod["name"], "version": "v1", "kind": "Pod"}
    manifest = json.loads((await argocd.get(f"{PROD}/resource", params=query)).json()["manifest"])
    (status,) = manifest["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1


async def test_logs_need_their_own_right(viewer: httpx.AsyncClient) -> None:
    response = await viewer.get(f"{PROD}/logs")
    assert response.status_code == 403
    assert response.json()["error"]["message"].startswith("permission denied: logs, get, anchor-msp/anchor-msp-prod")


@pytest.mark.parametrize(
    ("query", "content"),
    [({"podName": "nope"}, []), ({"container": "nope", "kind": "Deployment", "resourceName": "anchor-web"}, ["nope"])],
)
async def test_an_unknown_pod_or_container_is_answered_with_200(
    argocd: httpx.AsyncClient, query: dict[str, str], content: list[str]
) -> None:
    response = await argocd.get(f"{PROD}/logs", params=query)
    assert response.status_code == 200
    lines = [json.loads(line)["result"] for line in response.text.splitlines()]
    found = [line["content"] for line in lines if not line["last"]]
    assert len(found) >= len(content)
    assert all("nope is not valid" in line for line in found)


async def test_a_followed_log_continues(argocd: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor_tui.sandbox.argocd.workloads.api.FOLLOW_INTERVAL_S", 0.001)
    query = {"follow": "true", "tailLines": "1"}
    async with argocd.stream("GET", f"{PROD}/logs", params=query) as response:
        pods = set()
        async for line in response.aiter_lines():
            pods.add(json.loads(line)["result"]["podName"])
            if len(pods) >= 3:
                break
    assert len(pods) == 3


async def test_the_tree_is_sent_again_after_a_change(argocd: httpx.AsyncClient, box: Sandbox) -> None:
    app = box.controller.applications["argocd", "anchor-msp-prod"]
    path = "/api/v1/stream/applications/anchor-msp-prod/resource-tree"

    async with argocd.stream("GET", path) as response:
        box.controller.notify_changed(app, box.clock.now())
        async for line in response.aiter_lines():
            assert json.loads(line)["result"]["nodes"]
            break


@pytest.mark.parametrize("scenario_name", ["incident-hook"])
async def test_a_failing_hook_applies_nothing(argocd: httpx.AsyncClient) -> None:
    document = (await argocd.get(PROD)).json()
    (result,) = document["status"]["operationState"]["syncResult"]["resources"]
    assert (result["hookType"], result["hookPhase"], result["kind"]) == ("PreSync", "Failed", "Job")
    assert document["status"]["sync"]["status"] == "OutOfSync"
    assert document["status"]["health"]["status"] == "Healthy"

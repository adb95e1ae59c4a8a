"""Actions on one resource, as a real Argo CD offers and refuses them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import assert_recorded

PROD = "/api/v1/applications/anchor-msp-prod"
WEB = {
    "namespace": "anchor-prod",
    "resourceName": "anchor-web",
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
}
JSON_TYPE = {"content-type": "application/json"}


async def run_action(client: httpx.AsyncClient, action: str, **more: Any) -> httpx.Response:
    return await client.post(f"{PROD}/resource/actions/v2", json={**WEB, "action": action, **more})


async def list_pods(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the uid of each pod."""
    nodes = (await client.get(f"{PROD}/resource-tree")).json()["nodes"]
    return {node["name"]: node["uid"] for node in nodes if node["kind"] == "Pod"}


async def test_the_actions_of_a_deployment_are_the_recorded_ones(argocd: httpx.AsyncClient) -> None:
    recording = load_recording("resource-actions")
    answer = await argocd.get(f"{PROD}/resource/actions", params=recording.raw["request"]["query"])
    assert answer.json() == recording.body


async def test_a_restart_sets_its_annotation_and_new_pods(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    before = await list_pods(argocd)
    answer = await run_action(argocd, "restart")
    assert (answer.status_code, answer.json()) == (200, load_recording("resource-action-run").body)
    manifest = (await argocd.get(f"{PROD}/resource", params=WEB)).json()["manifest"]
    assert "kubectl.kubernetes.io/restartedAt" in manifest
    after = await list_pods(argocd)
    assert len(after) == len(before)
    assert len(after.keys() - before.keys()) == 1
    app = box.applications["argocd", "anchor-msp-prod"]
    assert app.health == "Progressing"


async def test_a_token_that_only_reads_is_refused(viewer: httpx.AsyncClient) -> None:
    assert_recorded(await run_action(viewer, "restart"), "resource-action-not-permitted")
    (name, *_) = await list_pods(viewer)
    query = {"namespace": "anchor-prod", "resourceName": name, "version": "v1", "kind": "Pod"}
    deleted = await viewer.request("DELETE", f"{PROD}/resource", params=query, headers=JSON_TYPE)
    assert (deleted.status_code, deleted.json()["message"]) == (403, "permission denied")


async def test_a_paused_deployment_offers_resume(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    assert (await run_action(argocd, "pause")).status_code == 200
    actions = (await argocd.get(f"{PROD}/resource/actions", params=WEB)).json()["actions"]
    assert {action["name"]: action.get("disabled", False) for action in actions} == {
        "restart": False,
        "resume": False,
        "scale": False,
        "pause": True,
    }
    assert box.applications["argocd", "anchor-msp-prod"].health == "Suspended"


@pytest.mark.parametrize("scenario_name", ["incident-hook"])
async def test_a_failed_job_is_retried(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    nodes = (await argocd.get(f"{PROD}/resource-tree")).json()["nodes"]
    job = next(node for node in nodes if node["kind"] == "Job")
    query = {name: job.get(name, "") for name in ("namespace", "group", "version", "kind")}
    query["resourceName"] = job["name"]
    assert (await argocd.get(f"{PROD}/resource/actions", params=query)).json()["actions"][0]["name"] == "retry"
    answer = await argocd.post(f"{PROD}/resource/actions/v2", json={**query, "action": "retry"})
    assert answer.status_code == 200
    app = box.applications["argocd", "anchor-msp-prod"]
    retried = next(live for live in app.live.values() if live.resource.kind == "Job")
    assert retried.health == "Progressing"
    box.advance(120)
    assert retried.health == "Healthy"


async def test_a_deleted_pod_is_created_again_under_another_name(argocd: httpx.AsyncClient) -> None:
    before = await list_pods(argocd)
    name = min(before)
    query = {"namespace": "anchor-prod", "resourceName": name, "version": "v1", "kind": "Pod"}
    first = await argocd.request("DELETE", f"{PROD}/resource", params=query, headers=JSON_TYPE)
    again = await argocd.request("DELETE", f"{PROD}/resource", params=query, headers=JSON_TYPE)
    assert (first.status_code, again.status_code) == (200, 400)
    after = await list_pods(argocd)
    assert len(after) == len(before)
    assert before.keys() - after.keys() == {name}


async def test_an_unknown_action_is_an_error(argocd: httpx.AsyncClient) -> None:
    assert (await run_action(argocd, "abort")).status_code == 500
    assert (await run_action(argocd, "restart", resourceName="nope")).status_code == 400

"""Manifests, live objects and sync windows of the embedded Argo CD, held to the recordings."""

from __future__ import annotations

import json

import httpx
import pytest

from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.values import NOW

APPS = "/api/v1/applications"


@pytest.fixture
async def cutover():
    async with Sandbox.start("cutover", clock=ManualClock(NOW)) as box:
        headers = {"Authorization": f"Bearer {box.argocd_token}"}
        async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, trust_env=False) as http:
            yield http
        assert box.errors == []


async def managed(http, app):
    return (await http.get(f"{APPS}/{app}/managed-resources")).json()["items"]


@pytest.mark.parametrize("app", ["anchor-msp-staging", "anchor-msp-prod"])
async def test_the_cutovers_stale_mocks_live_and_are_not_wanted_by_git(cutover, app):
    stale = [(each["kind"], each["name"]) for each in await managed(cutover, app) if each["targetState"] == "null"]
    assert stale == [("Service", "status-mock"), ("Deployment", "status-mock")]
    status = (await cutover.get(f"{APPS}/{app}")).json()["status"]
    prunable = [(each["kind"], each["name"]) for each in status["resources"] if each.get("requiresPruning")]
    assert sorted(prunable) == sorted(stale)
    assert status["sync"]["status"] == "OutOfSync"


async def test_the_keys_of_managed_resources_are_the_recorded_ones(cutover):
    known = {key for each in load_recording("managed-resources").body["items"] for key in each}
    for each in await managed(cutover, "anchor-msp-staging"):
        assert set(each) <= known
        for state in ("targetState", "liveState", "normalizedLiveState", "predictedLiveState"):
            assert isinstance(json.loads(each[state]), dict | None)


async def test_a_rendered_deployment_is_the_recorded_one():
    async with Sandbox.start("steady", clock=ManualClock(NOW)) as box:
        headers = {"Authorization": f"Bearer {box.argocd_token}"}
        async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, trust_env=False) as http:
            ours = (await http.get(f"{APPS}/anchor-msp-prod/manifests")).json()
    theirs = load_recording("manifests").body["manifests"]
    assert sorted(ours) == ["manifests"]
    assert sorted(map(_canonical, ours["manifests"])) == sorted(map(_canonical, theirs))


def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


async def test_a_secret_of_an_external_secret_is_masked_and_its_keys_are_there(cutover):
    query = load_recording("resource-secret").query
    answer = await cutover.get(f"{APPS}/anchor-msp-prod/resource", params=query)
    manifest = json.loads(answer.json()["manifest"])
    assert manifest["kind"] == "Secret"
    assert set(manifest["data"].values()) == {"++++++++"}
    assert "DATABASE_URL" in manifest["data"]


async def test_an_unknown_resource_is_400_and_a_missing_parameter_is_500(cutover):
    query = {**load_recording("resource-404").query}
    assert (await cutover.get(f"{APPS}/anchor-msp-prod/resource", params=query)).status_code == 400
    assert (await cutover.get(f"{APPS}/anchor-msp-prod/resource", params={"kind": "Service"})).status_code == 500


async def test_without_windows_a_sync_may_always_go(cutover):
    answer = await cutover.get(f"{APPS}/anchor-msp-prod/syncwindows")
    assert answer.json() == load_recording("syncwindows-none").body

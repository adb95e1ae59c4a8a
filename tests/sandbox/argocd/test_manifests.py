"""Manifests and sync windows of the sandbox's Argo CD, compared with the recordings."""

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


async def read_managed(http, app):
    return (await http.get(f"{APPS}/{app}/managed-resources")).json()["items"]


@pytest.mark.parametrize("app", ["anchor-msp-staging", "anchor-msp-prod"])
async def test_the_cutover_has_stale_mocks(cutover, app):
    stale = [(item["kind"], item["name"]) for item in await read_managed(cutover, app) if item["targetState"] == "null"]
    assert stale == [("Service", "status-mock"), ("Deployment", "status-mock")]
    status = (await cutover.get(f"{APPS}/{app}")).json()["status"]
    prunable = [(line["kind"], line["name"]) for line in status["resources"] if line.get("requiresPruning")]
    assert sorted(prunable) == sorted(stale)
    assert status["sync"]["status"] == "OutOfSync"


async def test_managed_resources_have_the_recorded_keys(cutover):
    known = {key for item in load_recording("managed-resources").body["items"] for key in item}
    for item in await read_managed(cutover, "anchor-msp-staging"):
        assert set(item) <= known
        for state in ("targetState", "liveState", "normalizedLiveState", "predictedLiveState"):
            assert isinstance(json.loads(item[state]), dict | None)


async def test_target_states_are_the_recorded_manifests():
    async with Sandbox.start("steady", clock=ManualClock(NOW)) as box:
        headers = {"Authorization": f"Bearer {box.argocd_token}"}
        async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, trust_env=False) as http:
            ours = [json.loads(item["targetState"]) for item in await read_managed(http, "anchor-msp-prod")]
    for manifest in ours:
        del manifest["metadata"]["namespace"]  # the destination's, which rendered manifests do not have
    theirs = [json.loads(text) for text in load_recording("manifests").body["manifests"]]
    assert sorted(map(_encode, ours)) == sorted(map(_encode, theirs))


async def test_the_secret_of_an_external_secret_is_masked(cutover):
    query = load_recording("resource-secret").query
    response = await cutover.get(f"{APPS}/anchor-msp-prod/resource", params=query)
    manifest = json.loads(response.json()["manifest"])
    assert manifest["kind"] == "Secret"
    assert set(manifest["data"].values()) == {"++++++++"}
    assert "DATABASE_URL" in manifest["data"]


async def test_an_unknown_resource_is_400_and_a_missing_parameter_500(cutover):
    query = {**load_recording("resource-404").query}
    assert (await cutover.get(f"{APPS}/anchor-msp-prod/resource", params=query)).status_code == 400
    assert (await cutover.get(f"{APPS}/anchor-msp-prod/resource", params={"kind": "Service"})).status_code == 500


def _encode(manifest):
    return json.dumps(manifest, sort_keys=True)

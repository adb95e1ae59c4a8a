"""Sync, terminate and patch over real sockets, held to what a real server did."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.json_shapes import (
    describe_recorded_applications,
    describe_recorded_bodies,
    describe_shape,
    list_unknown_keys,
)
from tests.sandbox.conftest import edit_release

APPS = "/api/v1/applications"
DEV, STAGING, PROD = (f"anchor-msp-{name}" for name in ("dev", "staging", "prod"))


async def sync(client: httpx.AsyncClient, app: str, **body: Any) -> httpx.Response:
    return await client.post(f"{APPS}/{app}/sync", json=body)


async def terminate(client: httpx.AsyncClient, app: str, **query: str) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return await client.request("DELETE", f"{APPS}/{app}/operation", params=query, headers=headers)


async def get(client: httpx.AsyncClient, app: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{APPS}/{app}")).json()
    return found


def results(app: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    lines = app["status"]["operationState"]["syncResult"].get("resources", ())
    return {(line["kind"], line["name"]): (line["status"], line["message"]) for line in lines}


def prunable(app: dict[str, Any]) -> list[str]:
    return [
        f"{resource['kind']}/{resource['name']}"
        for resource in app["status"]["resources"]
        if resource.get("requiresPruning") and not resource.get("hook")
    ]


async def test_the_answer_to_a_sync_has_the_operation_and_no_state_of_it(argocd: httpx.AsyncClient) -> None:
    infos = [{"name": "Reason", "value": "Release 1.44.0"}]
    answer = await sync(argocd, DEV, project="anchor-msp", infos=infos)
    app, theirs = answer.json(), load_recording("sync").body
    assert answer.status_code == 200
    assert "operationState" not in app["status"]
    assert app["operation"]["info"] == infos
    assert app["operation"]["initiatedBy"] == {"username": "on-call"}
    assert app["operation"]["retry"] == {}
    assert app["operation"].keys() == theirs["operation"].keys()
    assert app["operation"]["sync"].keys() == theirs["operation"]["sync"].keys()
    assert (
        list_unknown_keys(describe_shape(app), describe_recorded_bodies("sync*") | describe_recorded_applications())
        == []
    )


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_a_sync_with_prune_goes_through_the_recorded_states(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    seen: list[dict[str, Any]] = []
    box.controller.listeners.append(lambda _event, app: seen.append(serialize_application(app)))
    await sync(argocd, STAGING, prune=True, project="anchor-msp")
    box.advance(30)
    told = []
    for app in seen:
        state = app["status"].get("operationState", {})
        line = ("operation" in app, state.get("phase"), app["status"]["sync"]["status"], prunable(app))
        if not told or told[-1] != line:
            told.append(line)
    both, deployment = ["Service/status-mock", "Deployment/status-mock"], ["Deployment/status-mock"]
    assert told == [
        (True, None, "OutOfSync", both),
        (True, "Running", "OutOfSync", both),
        (True, "Running", "OutOfSync", deployment),
        (False, "Succeeded", "OutOfSync", deployment),
        (False, "Succeeded", "Synced", []),
    ]
    assert list_unknown_keys(describe_shape(*seen), describe_recorded_applications()) == []
    done = await get(argocd, STAGING)
    assert results(done) == {
        (line["kind"], line["name"]): (line["status"], line["message"])
        for line in load_recording("get-after-prune").body["status"]["operationState"]["syncResult"]["resources"]
    }
    assert done["status"]["history"][-1]["initiatedBy"] == {"username": "on-call"}


@pytest.mark.parametrize("scenario_name", ["cutover"])
@pytest.mark.parametrize("app", [STAGING, PROD])
async def test_at_the_cutover_a_refresh_and_a_sync_with_prune_remove_the_mocks(
    box: Sandbox, argocd: httpx.AsyncClient, app: str
) -> None:
    await argocd.get(f"{APPS}/{app}", params={"refresh": "hard"})
    assert prunable(await get(argocd, app)) == ["Service/status-mock", "Deployment/status-mock"]
    assert (await sync(argocd, app, prune=True)).status_code == 200
    box.advance(30)
    after = await get(argocd, app)
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    items = (await argocd.get(f"{APPS}/{app}/managed-resources")).json()["items"]
    assert [item["name"] for item in items if "mock" in item["name"]] == []


async def test_a_dry_run_replaces_the_state_and_leaves_history_and_cluster_alone(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    before = await get(argocd, PROD)
    revision = before["status"]["history"][0]["revision"]
    assert (await sync(argocd, PROD, dryRun=True, prune=True, revision=revision)).status_code == 200
    box.advance(10)
    after = await get(argocd, PROD)
    assert after["status"]["operationState"]["message"] == "successfully synced (no more tasks)"
    assert results(after)["Deployment", "anchor-web"] == (
        "Synced",
        "deployment.apps/anchor-web configured (dry run)",
    )
    assert results(after)["Service", "anchor-web"] == ("Synced", "service/anchor-web unchanged (dry run)")
    assert after["status"]["history"] == before["status"]["history"]
    assert after["status"]["summary"] == before["status"]["summary"]


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_a_sync_of_one_resource_touches_only_that_and_no_history(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    before = await get(argocd, STAGING)
    chosen = {"group": "", "kind": "Service", "name": "status-mock", "namespace": "anchor-staging"}
    answer = await sync(argocd, STAGING, prune=True, resources=[chosen])
    assert answer.json()["operation"]["sync"]["resources"] == [{key: value for key, value in chosen.items() if value}]
    box.advance(10)
    after = await get(argocd, STAGING)
    assert results(after) == {("Service", "status-mock"): ("Pruned", "pruned")}
    assert prunable(after) == ["Deployment/status-mock"]
    assert after["status"]["history"] == before["status"]["history"]


async def test_a_resource_that_is_none_of_the_applications_succeeds_with_nothing(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    chosen = {"group": "", "kind": "Service", "name": "nope", "namespace": "anchor-prod"}
    await sync(argocd, PROD, resources=[chosen])
    box.advance(10)
    state = (await get(argocd, PROD))["status"]["operationState"]
    theirs = load_recording("operation-phases-resources-unknown").raw["states"][-1]["operationState"]
    assert (state["phase"], state["message"]) == (theirs["phase"], theirs["message"])
    assert state["syncResult"].keys() == theirs["syncResult"].keys()


async def test_without_auto_sync_another_revision_is_rolled_out_and_then_out_of_sync(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    app = box.applications["argocd", PROD]
    app.spec = {**app.spec, "syncPolicy": {}}
    revision = box.git.read_commit(box.git.head).parents[0]
    box.commit(edit_release(box, "prod", "1.42.0"), "Far back")
    assert (await sync(argocd, PROD, revision=revision)).status_code == 200
    box.advance(30)
    after = await get(argocd, PROD)
    assert after["status"]["history"][-1]["revision"] == revision
    assert after["status"]["sync"]["status"] == "OutOfSync"
    assert after["status"]["sync"]["revision"] == box.git.head


async def test_an_operation_that_is_terminated_fails(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await sync(argocd, PROD)
    early = await terminate(argocd, PROD)
    assert (early.status_code, early.json()) == (400, load_recording("terminate-none").body)
    box.advance(0.4)
    answer = await terminate(argocd, PROD, project="anchor-msp")
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await get(argocd, PROD))["status"]["operationState"]["phase"] == "Terminating"
    box.advance(30)
    after = await get(argocd, PROD)
    state = after["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
    assert "operation" not in after
    assert after["status"]["reconciledAt"] >= state["finishedAt"]

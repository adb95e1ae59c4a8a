"""Syncs and their termination over real sockets, compared with the recordings."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    DEV,
    PROD,
    STAGING,
    get_application,
    get_sync_results,
    list_prunable,
    sync_application,
    terminate_operation,
)
from tests.sandbox.argocd.json_shapes import (
    describe_recorded_applications,
    describe_recorded_bodies,
    describe_shape,
    list_unknown_keys,
)
from tests.sandbox.conftest import edit_release


async def test_a_sync_response_has_the_operation_without_its_state(argocd: httpx.AsyncClient) -> None:
    infos = [{"name": "Reason", "value": "Release 1.44.0"}]
    answer = await sync_application(argocd, DEV, project="anchor-msp", infos=infos)
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
    await sync_application(argocd, STAGING, prune=True, project="anchor-msp")
    box.advance(30)
    steps = []
    for app in seen:
        state = app["status"].get("operationState", {})
        line = ("operation" in app, state.get("phase"), app["status"]["sync"]["status"], list_prunable(app))
        if not steps or steps[-1] != line:
            steps.append(line)
    both, deployment = ["Service/status-mock", "Deployment/status-mock"], ["Deployment/status-mock"]
    assert steps == [
        (True, None, "OutOfSync", both),
        (True, "Running", "OutOfSync", both),
        (True, "Running", "OutOfSync", deployment),
        (False, "Succeeded", "OutOfSync", deployment),
        (False, "Succeeded", "Synced", []),
    ]
    assert list_unknown_keys(describe_shape(*seen), describe_recorded_applications()) == []
    done = await get_application(argocd, STAGING)
    assert get_sync_results(done) == {
        (line["kind"], line["name"]): (line["status"], line["message"])
        for line in load_recording("get-after-prune").body["status"]["operationState"]["syncResult"]["resources"]
    }
    assert done["status"]["history"][-1]["initiatedBy"] == {"username": "on-call"}


@pytest.mark.parametrize("scenario_name", ["cutover"])
@pytest.mark.parametrize("app", [STAGING, PROD])
async def test_refresh_and_sync_with_prune_remove_the_cutover_mocks(
    box: Sandbox, argocd: httpx.AsyncClient, app: str
) -> None:
    await argocd.get(f"{APPS}/{app}", params={"refresh": "hard"})
    assert list_prunable(await get_application(argocd, app)) == ["Service/status-mock", "Deployment/status-mock"]
    assert (await sync_application(argocd, app, prune=True)).status_code == 200
    box.advance(30)
    after = await get_application(argocd, app)
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    items = (await argocd.get(f"{APPS}/{app}/managed-resources")).json()["items"]
    assert [item["name"] for item in items if "mock" in item["name"]] == []


async def test_a_dry_run_changes_neither_history_nor_cluster(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    before = await get_application(argocd, PROD)
    revision = before["status"]["history"][0]["revision"]
    assert (await sync_application(argocd, PROD, dryRun=True, prune=True, revision=revision)).status_code == 200
    box.advance(10)
    after = await get_application(argocd, PROD)
    assert after["status"]["operationState"]["message"] == "successfully synced (no more tasks)"
    assert get_sync_results(after)["Deployment", "anchor-web"] == (
        "Synced",
        "deployment.apps/anchor-web configured (dry run)",
    )
    assert get_sync_results(after)["Service", "anchor-web"] == ("Synced", "service/anchor-web unchanged (dry run)")
    assert after["status"]["history"] == before["status"]["history"]
    assert after["status"]["summary"] == before["status"]["summary"]


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_a_sync_of_one_resource_leaves_others_and_history(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    before = await get_application(argocd, STAGING)
    chosen = {"group": "", "kind": "Service", "name": "status-mock", "namespace": "anchor-staging"}
    answer = await sync_application(argocd, STAGING, prune=True, resources=[chosen])
    assert answer.json()["operation"]["sync"]["resources"] == [{key: value for key, value in chosen.items() if value}]
    box.advance(10)
    after = await get_application(argocd, STAGING)
    assert get_sync_results(after) == {("Service", "status-mock"): ("Pruned", "pruned")}
    assert list_prunable(after) == ["Deployment/status-mock"]
    assert after["status"]["history"] == before["status"]["history"]


async def test_a_sync_of_an_unknown_resource_succeeds_without_results(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    chosen = {"group": "", "kind": "Service", "name": "nope", "namespace": "anchor-prod"}
    await sync_application(argocd, PROD, resources=[chosen])
    box.advance(10)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    theirs = load_recording("operation-phases-resources-unknown").raw["states"][-1]["operationState"]
    assert (state["phase"], state["message"]) == (theirs["phase"], theirs["message"])
    assert state["syncResult"].keys() == theirs["syncResult"].keys()


async def test_an_older_revision_rolls_out_without_auto_sync(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = box.applications["argocd", PROD]
    app.spec = {**app.spec, "syncPolicy": {}}
    revision = box.git.read_commit(box.git.head).parents[0]
    box.commit(edit_release(box, "prod", "1.42.0"), "Far back")
    assert (await sync_application(argocd, PROD, revision=revision)).status_code == 200
    box.advance(30)
    after = await get_application(argocd, PROD)
    assert after["status"]["history"][-1]["revision"] == revision
    assert after["status"]["sync"]["status"] == "OutOfSync"
    assert after["status"]["sync"]["revision"] == box.git.head


async def test_a_terminated_operation_fails(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await sync_application(argocd, PROD)
    early = await terminate_operation(argocd, PROD)
    assert (early.status_code, early.json()) == (400, load_recording("terminate-none").body)
    box.advance(0.4)
    answer = await terminate_operation(argocd, PROD, project="anchor-msp")
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await get_application(argocd, PROD))["status"]["operationState"]["phase"] == "Terminating"
    box.advance(30)
    after = await get_application(argocd, PROD)
    state = after["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
    assert "operation" not in after
    assert after["status"]["reconciledAt"] >= state["finishedAt"]

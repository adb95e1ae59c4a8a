"""Which stale resources a prune deletes, keeps or asks about, as the recorded one did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.json_shapes import describe_recorded_applications, describe_shape, list_unknown_keys
from tests.sandbox.argocd.test_operations import APPS, PROD, STAGING, get, prunable, results, sync, terminate

pytestmark = pytest.mark.parametrize("scenario_name", ["incident"])
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
MOCKS = ("Service", "status-mock"), ("Deployment", "status-mock")
WAITING = "waiting for pruning confirmation of /Service/status-mock"


def annotate(box: Sandbox, kind: str, annotation: str, value: str) -> None:
    box.kubectl.annotate_object(STAGING, kind, "status-mock", {annotation: value})
    box.advance(2)


async def synced(box: Sandbox, client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """The application after a sync and all that follows from it."""
    assert (await sync(client, STAGING, **body)).status_code == 200
    box.advance(20)
    return await get(client, STAGING)


def mocks(app: dict[str, Any]) -> list[str]:
    found = results(app)
    return [found[mock][1] for mock in MOCKS]


def recorded_mocks(name: str) -> list[str]:
    return mocks(load_recording(name).body)


@pytest.mark.parametrize("dry", [False, True])
async def test_without_prune_what_is_stale_is_skipped_and_said(
    box: Sandbox, argocd: httpx.AsyncClient, dry: bool
) -> None:
    after = await synced(box, argocd, dryRun=dry)
    assert mocks(after) == recorded_mocks("get-after-without-prune-dry-run")
    assert (after["status"]["sync"]["status"], len(prunable(after))) == ("OutOfSync", 2)


async def test_a_dry_run_with_prune_tells_what_would_go_and_nothing_goes(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    after = await synced(box, argocd, dryRun=True, prune=True)
    assert mocks(after) == recorded_mocks("get-after-prune-dry-run")
    assert len(prunable(after)) == 2


@pytest.mark.parametrize(("dry", "name"), [(False, "get-after-prune-false"), (True, "get-after-prune-false-dry-run")])
async def test_a_live_objects_own_annotation_keeps_it(
    box: Sandbox, argocd: httpx.AsyncClient, dry: bool, name: str
) -> None:
    annotate(box, "Service", SYNC_OPTIONS, "Prune=false")
    after = await synced(box, argocd, prune=True, dryRun=dry)
    assert mocks(after) == recorded_mocks(name)
    assert prunable(after) == [f"{kind}/{name}" for kind, name in (MOCKS if dry else MOCKS[:1])]
    assert after["status"]["sync"]["status"] == "OutOfSync"


async def test_the_applications_options_keep_all_but_what_is_annotated_otherwise(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    box.kubectl.patch_application(
        STAGING, {"spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Prune=false"]}}}
    )
    box.advance(2)
    assert mocks(await synced(box, argocd, prune=True)) == recorded_mocks("get-after-prune-false-app")
    annotate(box, "Deployment", SYNC_OPTIONS, "Prune=true")
    after = await synced(box, argocd, prune=True, dryRun=True)
    assert mocks(after) == recorded_mocks("get-after-prune-true-annotation-dry-run")


async def test_options_in_the_body_replace_the_applications(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.kubectl.patch_application(
        STAGING, {"spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Prune=false"]}}}
    )
    box.advance(2)
    after = await synced(box, argocd, prune=True, dryRun=True, syncOptions={"items": ["CreateNamespace=true"]})
    assert mocks(after) == recorded_mocks("get-after-prune-false-app-other-options-dry-run")


@pytest.mark.parametrize("body", [{"prune": True}, {}, {"prune": True, "dryRun": True}])
async def test_one_that_asks_holds_a_sync_of_everything_until_it_is_terminated(
    box: Sandbox, argocd: httpx.AsyncClient, body: dict[str, bool]
) -> None:
    annotate(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    held = await synced(box, argocd, **body)
    state, theirs = held["status"]["operationState"], load_recording("get-waiting-prune-confirm-annotation").body
    assert (state["phase"], state["message"]) == ("Running", WAITING)
    assert state.keys() == theirs["status"]["operationState"].keys()
    assert results(held) == {}
    assert [resource["kind"] for resource in _resources(held) if resource.get("requiresDeletionConfirmation")] == [
        "Service"
    ]
    assert (await terminate(argocd, STAGING)).json() == {}
    box.advance(5)
    after = await get(argocd, STAGING)
    assert (after["status"]["operationState"]["phase"], len(prunable(after))) == ("Failed", 2)


def _resources(app: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = app["status"]["resources"]
    return found


async def approve(box: Sandbox, client: httpx.AsyncClient, when: str) -> httpx.Response:
    patch = f'{{"metadata": {{"annotations": {{"argocd.argoproj.io/deletion-approved": "{when}"}}}}}}'
    return await client.patch(f"{APPS}/{STAGING}", json={"patch": patch, "patchType": "merge", "project": "anchor-msp"})


async def test_one_that_asks_goes_when_the_application_is_annotated(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    await synced(box, argocd, prune=True)
    early = format_rfc3339(box.clock.now() - timedelta(hours=1))
    assert (await approve(box, argocd, early)).status_code == 200
    box.advance(20)
    assert (await get(argocd, STAGING))["status"]["operationState"]["phase"] == "Running"
    seen: list[dict[str, Any]] = []
    box.controller.listeners.append(lambda _event, app: seen.append(serialize_application(app)))
    answer = (await approve(box, argocd, format_rfc3339(box.clock.now()))).json()
    assert answer["status"]["operationState"]["message"] == WAITING
    assert answer["operation"]["sync"]["prune"] is True
    assert list_unknown_keys(describe_shape(answer), describe_recorded_applications()) == []
    box.advance(20)
    after = await get(argocd, STAGING)
    assert mocks(after) == recorded_mocks("get-after-prune-confirm-annotation")
    assert (after["status"]["sync"]["status"], prunable(after)) == ("Synced", [])
    # The message stays until the end, also while what was approved is being deleted.
    running = [app for app in seen if app["status"]["operationState"]["phase"] == "Running"]
    assert {app["status"]["operationState"]["message"] for app in running} == {WAITING}
    assert "Progressing" in {app["status"]["health"]["status"] for app in running}


async def test_a_sync_of_others_does_not_wait(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    chosen = {"group": "apps", "kind": "Deployment", "name": "status-mock", "namespace": "anchor-staging"}
    after = await synced(box, argocd, prune=True, resources=[chosen])
    assert results(after) == {("Deployment", "status-mock"): ("Pruned", "pruned")}


async def test_several_that_ask_are_counted(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    options = {"items": ["CreateNamespace=true", "Prune=confirm"]}
    held = await synced(box, argocd, prune=True, syncOptions=options)
    assert held["status"]["operationState"]["message"] == f"{WAITING} and 1 more resources"


async def test_one_whose_deletion_asks_is_pruned_unasked(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate(box, "Service", SYNC_OPTIONS, "Delete=confirm")
    app = await get(argocd, STAGING)
    assert [resource["kind"] for resource in _resources(app) if resource.get("requiresDeletionConfirmation")] == [
        "Service"
    ]
    assert mocks(await synced(box, argocd, prune=True)) == recorded_mocks("get-after-prune-delete-confirm")


async def test_what_is_ignored_leaves_the_application_synced_and_is_pruned_all_the_same(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    annotate(box, "Service", COMPARE_OPTIONS, "IgnoreExtraneous")
    assert (await get(argocd, STAGING))["status"]["sync"]["status"] == "OutOfSync"
    annotate(box, "Deployment", COMPARE_OPTIONS, "IgnoreExtraneous")
    app = await get(argocd, STAGING)
    assert (app["status"]["sync"]["status"], len(prunable(app))) == ("Synced", 2)
    assert {resource["status"] for resource in _resources(app) if resource.get("requiresPruning")} == {"OutOfSync"}
    after = await synced(box, argocd, prune=True)
    assert (mocks(after), prunable(after)) == (["pruned", "pruned"], [])


async def test_a_live_hook_seems_to_need_pruning_and_is_never_pruned(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "anchor-migrate"},
        "spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "ghcr.io/anchor/migrate:1"}]}}},
    }
    box.kubectl.apply_object(PROD, job, {"argocd.argoproj.io/hook": "PreSync"})
    box.advance(2)
    app = await get(argocd, PROD)
    (ours,) = (resource for resource in _resources(app) if resource["kind"] == "Job")
    (theirs,) = (resource for resource in _resources(load_recording("get-migrate").body) if resource["kind"] == "Job")
    assert ours.keys() == theirs.keys()
    assert (ours["hook"], ours["requiresPruning"], app["status"]["sync"]["status"]) == (True, True, "Synced")
    await sync(argocd, PROD, prune=True)
    box.advance(20)
    after = await get(argocd, PROD)
    assert ("Job", "anchor-migrate") not in results(after)
    assert "Job" in [resource["kind"] for resource in _resources(after)]
    items = (await argocd.get(f"{APPS}/{PROD}/managed-resources")).json()["items"]
    assert "Job" not in [item["kind"] for item in items]

"""The stale resources that a prune deletes, keeps or asks about, as in the recordings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    PROD,
    STAGING,
    get_application,
    get_sync_results,
    list_prunable,
    sync_application,
    terminate_operation,
)
from tests.sandbox.argocd.json_shapes import describe_recorded_applications, describe_shape, list_unknown_keys

pytestmark = pytest.mark.parametrize("scenario_name", ["incident"])
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
MOCKS = ("Service", "status-mock"), ("Deployment", "status-mock")
WAITING = "waiting for pruning confirmation of /Service/status-mock"


def annotate_mock(box: Sandbox, kind: str, annotation: str, value: str) -> None:
    box.kubectl.annotate_object(STAGING, kind, "status-mock", {annotation: value})
    box.advance(2)


async def sync_staging(box: Sandbox, client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Return the application after a completed sync."""
    assert (await sync_application(client, STAGING, **body)).status_code == 200
    box.advance(20)
    return await get_application(client, STAGING)


def get_mock_messages(app: dict[str, Any]) -> list[str]:
    found = get_sync_results(app)
    return [found[mock][1] for mock in MOCKS]


def get_recorded_mock_messages(name: str) -> list[str]:
    return get_mock_messages(load_recording(name).body)


@pytest.mark.parametrize("dry", [False, True])
async def test_without_prune_stale_resources_are_reported_as_skipped(
    box: Sandbox, argocd: httpx.AsyncClient, dry: bool
) -> None:
    after = await sync_staging(box, argocd, dryRun=dry)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-without-prune-dry-run")
    assert (after["status"]["sync"]["status"], len(list_prunable(after))) == ("OutOfSync", 2)


async def test_a_dry_run_with_prune_deletes_nothing(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    after = await sync_staging(box, argocd, dryRun=True, prune=True)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-dry-run")
    assert len(list_prunable(after)) == 2


@pytest.mark.parametrize(("dry", "name"), [(False, "get-after-prune-false"), (True, "get-after-prune-false-dry-run")])
async def test_an_annotation_keeps_a_live_object(box: Sandbox, argocd: httpx.AsyncClient, dry: bool, name: str) -> None:
    annotate_mock(box, "Service", SYNC_OPTIONS, "Prune=false")
    after = await sync_staging(box, argocd, prune=True, dryRun=dry)
    assert get_mock_messages(after) == get_recorded_mock_messages(name)
    assert list_prunable(after) == [f"{kind}/{name}" for kind, name in (MOCKS if dry else MOCKS[:1])]
    assert after["status"]["sync"]["status"] == "OutOfSync"


async def test_an_annotation_overrides_the_options_of_the_application(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.kubectl.patch_application(
        STAGING, {"spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Prune=false"]}}}
    )
    box.advance(2)
    after = await sync_staging(box, argocd, prune=True)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-false-app")
    annotate_mock(box, "Deployment", SYNC_OPTIONS, "Prune=true")
    after = await sync_staging(box, argocd, prune=True, dryRun=True)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-true-annotation-dry-run")


async def test_options_of_a_request_replace_those_of_the_application(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.kubectl.patch_application(
        STAGING, {"spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true", "Prune=false"]}}}
    )
    box.advance(2)
    after = await sync_staging(box, argocd, prune=True, dryRun=True, syncOptions={"items": ["CreateNamespace=true"]})
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-false-app-other-options-dry-run")


@pytest.mark.parametrize("body", [{"prune": True}, {}, {"prune": True, "dryRun": True}])
async def test_a_sync_waits_for_a_prune_confirmation_until_terminated(
    box: Sandbox, argocd: httpx.AsyncClient, body: dict[str, bool]
) -> None:
    annotate_mock(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    held = await sync_staging(box, argocd, **body)
    state, theirs = held["status"]["operationState"], load_recording("get-waiting-prune-confirm-annotation").body
    assert (state["phase"], state["message"]) == ("Running", WAITING)
    assert state.keys() == theirs["status"]["operationState"].keys()
    assert get_sync_results(held) == {}
    assert list_kinds_to_confirm(held) == ["Service"]
    assert (await terminate_operation(argocd, STAGING)).json() == {}
    box.advance(5)
    after = await get_application(argocd, STAGING)
    assert (after["status"]["operationState"]["phase"], len(list_prunable(after))) == ("Failed", 2)


def _resources(app: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = app["status"]["resources"]
    return found


def list_kinds_to_confirm(app: dict[str, Any]) -> list[str]:
    return [resource["kind"] for resource in _resources(app) if resource.get("requiresDeletionConfirmation")]


async def approve_deletion(box: Sandbox, client: httpx.AsyncClient, when: str) -> httpx.Response:
    patch = f'{{"metadata": {{"annotations": {{"argocd.argoproj.io/deletion-approved": "{when}"}}}}}}'
    return await client.patch(f"{APPS}/{STAGING}", json={"patch": patch, "patchType": "merge", "project": "anchor-msp"})


async def test_an_annotation_of_the_application_confirms_the_prune(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate_mock(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    await sync_staging(box, argocd, prune=True)
    early = format_rfc3339(box.clock.now() - timedelta(hours=1))
    assert (await approve_deletion(box, argocd, early)).status_code == 200
    box.advance(20)
    assert (await get_application(argocd, STAGING))["status"]["operationState"]["phase"] == "Running"
    seen: list[dict[str, Any]] = []
    box.controller.listeners.append(lambda _event, app: seen.append(serialize_application(app)))
    answer = (await approve_deletion(box, argocd, format_rfc3339(box.clock.now()))).json()
    assert answer["status"]["operationState"]["message"] == WAITING
    assert answer["operation"]["sync"]["prune"] is True
    assert list_unknown_keys(describe_shape(answer), describe_recorded_applications()) == []
    box.advance(20)
    after = await get_application(argocd, STAGING)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-confirm-annotation")
    assert (after["status"]["sync"]["status"], list_prunable(after)) == ("Synced", [])
    # The message stays until the end, also during the approved deletion.
    running = [app for app in seen if app["status"]["operationState"]["phase"] == "Running"]
    assert {app["status"]["operationState"]["message"] for app in running} == {WAITING}
    assert "Progressing" in {app["status"]["health"]["status"] for app in running}


async def test_a_sync_of_other_resources_does_not_wait(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate_mock(box, "Service", SYNC_OPTIONS, "Prune=confirm")
    chosen = {"group": "apps", "kind": "Deployment", "name": "status-mock", "namespace": "anchor-staging"}
    after = await sync_staging(box, argocd, prune=True, resources=[chosen])
    assert get_sync_results(after) == {("Deployment", "status-mock"): ("Pruned", "pruned")}


async def test_the_message_counts_resources_that_need_a_confirmation(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    options = {"items": ["CreateNamespace=true", "Prune=confirm"]}
    held = await sync_staging(box, argocd, prune=True, syncOptions=options)
    assert held["status"]["operationState"]["message"] == f"{WAITING} and 1 more resources"


async def test_delete_confirm_does_not_delay_a_prune(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    annotate_mock(box, "Service", SYNC_OPTIONS, "Delete=confirm")
    app = await get_application(argocd, STAGING)
    assert list_kinds_to_confirm(app) == ["Service"]
    after = await sync_staging(box, argocd, prune=True)
    assert get_mock_messages(after) == get_recorded_mock_messages("get-after-prune-delete-confirm")


async def test_ignored_extraneous_resources_count_as_synced_but_are_pruned(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    annotate_mock(box, "Service", COMPARE_OPTIONS, "IgnoreExtraneous")
    assert (await get_application(argocd, STAGING))["status"]["sync"]["status"] == "OutOfSync"
    annotate_mock(box, "Deployment", COMPARE_OPTIONS, "IgnoreExtraneous")
    app = await get_application(argocd, STAGING)
    assert (app["status"]["sync"]["status"], len(list_prunable(app))) == ("Synced", 2)
    assert {resource["status"] for resource in _resources(app) if resource.get("requiresPruning")} == {"OutOfSync"}
    after = await sync_staging(box, argocd, prune=True)
    assert (get_mock_messages(after), list_prunable(after)) == (["pruned", "pruned"], [])


async def test_a_live_hook_is_flagged_prunable_but_never_pruned(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "anchor-migrate"},
        "spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "ghcr.io/anchor/migrate:1"}]}}},
    }
    box.kubectl.apply_object(PROD, job, {"argocd.argoproj.io/hook": "PreSync"})
    box.advance(2)
    app = await get_application(argocd, PROD)
    (ours,) = (resource for resource in _resources(app) if resource["kind"] == "Job")
    (theirs,) = (resource for resource in _resources(load_recording("get-migrate").body) if resource["kind"] == "Job")
    assert ours.keys() == theirs.keys()
    assert (ours["hook"], ours["requiresPruning"], app["status"]["sync"]["status"]) == (True, True, "Synced")
    await sync_application(argocd, PROD, prune=True)
    box.advance(20)
    after = await get_application(argocd, PROD)
    assert ("Job", "anchor-migrate") not in get_sync_results(after)
    assert "Job" in [resource["kind"] for resource in _resources(after)]
    items = (await argocd.get(f"{APPS}/{PROD}/managed-resources")).json()["items"]
    assert "Job" not in [item["kind"] for item in items]

"""Refused syncs: the order of the checks and the messages are those of a real server."""

from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    DEV,
    PROD,
    assert_recorded,
    get_application,
    sync_application,
    terminate_operation,
)

JSON = {"content-type": "application/json"}


async def test_another_operation_in_progress_is_refused(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await sync_application(argocd, PROD)
    assert_recorded(await sync_application(argocd, PROD), "sync-in-progress")
    box.advance(1)
    assert_recorded(await sync_application(argocd, PROD), "sync-in-progress")
    box.advance(30)
    assert (await sync_application(argocd, PROD)).status_code == 200


async def test_an_application_that_is_being_deleted_is_refused(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.applications["argocd", DEV].deleted_at = box.clock.now()
    assert_recorded(await sync_application(argocd, DEV), "sync-deleting")
    assert "deletionTimestamp" in (await get_application(argocd, DEV))["metadata"]


async def test_another_revision_is_refused_while_auto_sync_is_on(argocd: httpx.AsyncClient) -> None:
    wanted = load_recording("sync-other-revision-auto-sync").raw["request"]["body"]["revision"]
    assert_recorded(await sync_application(argocd, PROD, revision=wanted), "sync-other-revision-auto-sync")
    assert (await sync_application(argocd, PROD, revision="main")).status_code == 200


async def test_a_revision_that_does_not_resolve_is_refused(argocd: httpx.AsyncClient) -> None:
    assert_recorded(await sync_application(argocd, PROD, revision="no-such-branch", dryRun=True), "sync-bad-revision")


async def test_an_unknown_commit_is_accepted_and_ends_in_an_error(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    assert (await sync_application(argocd, PROD, revision="0" * 40, dryRun=True)).status_code == 200
    box.advance(10)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    assert state["phase"] == "Error"
    assert state["message"].startswith("ComparisonError: Failed to load target state")


@pytest.mark.parametrize("name", ["bad-json", "bad-json-type", "bad-json-unknown-field"])
async def test_an_invalid_body_is_refused_as_recorded(argocd: httpx.AsyncClient, name: str) -> None:
    content = load_recording(name).raw["request"]["body"]
    assert_recorded(await argocd.post(f"{APPS}/{DEV}/sync", content=content, headers=JSON), name)


@pytest.mark.parametrize("content", ['{"revision": 1}', '{"resources": {}}', "[]", "nonsense", '{"infos": ["x"]}'])
async def test_an_invalid_body_is_never_a_server_error(box: Sandbox, argocd: httpx.AsyncClient, content: str) -> None:
    answer = await argocd.post(f"{APPS}/{DEV}/sync", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)


async def test_an_empty_body_is_a_plain_sync(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.post(f"{APPS}/{DEV}/sync", headers=JSON)).status_code == 200


async def test_an_unknown_application_is_not_found_only_with_its_project(argocd: httpx.AsyncClient) -> None:
    assert_recorded(await sync_application(argocd, "no-such-app"), "sync-unknown-app")
    assert_recorded(await sync_application(argocd, "no-such-app", project="anchor-msp"), "sync-unknown-app-project")
    assert_recorded(await sync_application(argocd, DEV, appNamespace="team-a"), "appnamespace-not-enabled-sync")
    assert_recorded(await terminate_operation(argocd, "no-such-app"), "terminate-unknown-app")
    assert_recorded(await terminate_operation(argocd, "no-such-app", project="x"), "terminate-unknown-app-project")

"""What Argo CD refuses, in which order and in which words; sync windows; and what a token may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow, is_sync_allowed
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.test_operations import APPS, DEV, PROD, STAGING, get, sync, terminate
from tests.sandbox.conftest import edit_release

JSON = {"content-type": "application/json"}
CAN_I = "/api/v1/account/can-i"


@pytest_asyncio.fixture
async def viewer(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {box.argocd.sessions.issue_token('audit:apiKey', read_only=True)}"}
    async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client:
        yield client


def is_as_recorded(answer: httpx.Response, name: str, **words: str) -> None:
    """Status and text; `words` are what differs between here and there."""
    theirs = load_recording(name)
    message = theirs.body["message"]
    for old, new in words.items():
        message = message.replace(old.replace("_", "-"), new)
    assert answer.status_code == theirs.status
    assert answer.json() == {**theirs.body, "error": message, "message": message}


async def test_another_operation_in_progress_is_refused(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await sync(argocd, PROD)
    is_as_recorded(await sync(argocd, PROD), "sync-in-progress")
    box.advance(1)
    is_as_recorded(await sync(argocd, PROD), "sync-in-progress")
    box.advance(30)
    assert (await sync(argocd, PROD)).status_code == 200


async def test_an_application_that_is_being_deleted_is_refused(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.applications["argocd", DEV].deleted_at = box.clock.now()
    is_as_recorded(await sync(argocd, DEV), "sync-deleting")
    assert "deletionTimestamp" in (await get(argocd, DEV))["metadata"]


async def test_another_revision_is_refused_while_auto_sync_is_on(argocd: httpx.AsyncClient) -> None:
    wanted = load_recording("sync-other-revision-auto-sync").raw["request"]["body"]["revision"]
    is_as_recorded(await sync(argocd, PROD, revision=wanted), "sync-other-revision-auto-sync")
    assert (await sync(argocd, PROD, revision="main")).status_code == 200


async def test_a_revision_that_does_not_resolve_is_refused(argocd: httpx.AsyncClient) -> None:
    is_as_recorded(await sync(argocd, PROD, revision="no-such-branch", dryRun=True), "sync-bad-revision")


async def test_an_unknown_commit_is_accepted_and_ends_in_an_error(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    assert (await sync(argocd, PROD, revision="0" * 40, dryRun=True)).status_code == 200
    box.advance(10)
    state = (await get(argocd, PROD))["status"]["operationState"]
    assert state["phase"] == "Error"
    assert state["message"].startswith("ComparisonError: Failed to load target state")


@pytest.mark.parametrize("name", ["bad-json", "bad-json-type", "bad-json-unknown-field"])
async def test_a_body_is_refused_in_the_recorded_words(argocd: httpx.AsyncClient, name: str) -> None:
    content = load_recording(name).raw["request"]["body"]
    is_as_recorded(await argocd.post(f"{APPS}/{DEV}/sync", content=content, headers=JSON), name)


@pytest.mark.parametrize("content", ['{"revision": 1}', '{"resources": {}}', "[]", "nonsense", '{"infos": ["x"]}'])
async def test_no_body_is_a_fault_of_the_server(box: Sandbox, argocd: httpx.AsyncClient, content: str) -> None:
    answer = await argocd.post(f"{APPS}/{DEV}/sync", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)


async def test_an_empty_body_is_a_plain_sync(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.post(f"{APPS}/{DEV}/sync", headers=JSON)).status_code == 200


async def test_an_unknown_application_is_forbidden_and_with_a_project_not_found(argocd: httpx.AsyncClient) -> None:
    is_as_recorded(await sync(argocd, "no-such-app"), "sync-unknown-app")
    is_as_recorded(await sync(argocd, "no-such-app", project="anchor-msp"), "sync-unknown-app-project")
    is_as_recorded(await sync(argocd, DEV, appNamespace="team-a"), "appnamespace-not-enabled-sync")
    is_as_recorded(await terminate(argocd, "no-such-app"), "terminate-unknown-app")
    is_as_recorded(await terminate(argocd, "no-such-app", project="x"), "terminate-unknown-app-project")


async def test_without_a_token_nothing_is_written(box: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=box.argocd_url, verify=False) as client:
        answers = [
            await sync(client, DEV),
            await terminate(client, DEV),
            await client.patch(f"{APPS}/{DEV}", json={"patch": "{}", "patchType": "merge"}),
        ]
        assert (await client.delete(f"{APPS}/{DEV}/operation")).status_code == 415
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert answers[0].json() == load_recording("unauthorized-no-token").body


async def test_who_may_only_look_is_told_what_was_denied(
    box: Sandbox, argocd: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    issued = {"2026-11-23T06:22:54Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "viewer": "audit"}
    is_as_recorded(await sync(viewer, PROD), "sync-not-permitted", **issued)
    is_as_recorded(await sync(viewer, PROD, dryRun=True), "sync-not-permitted-dry-run", **issued)
    patched = await viewer.patch(f"{APPS}/{PROD}", json={"patch": "{}", "patchType": "merge"})
    is_as_recorded(patched, "patch-not-permitted", **issued, anchor_msp_demo=PROD)
    await sync(argocd, PROD)
    box.advance(1)
    is_as_recorded(await terminate(viewer, PROD), "terminate-not-permitted")
    assert (await viewer.get(f"{APPS}/{PROD}", params={"refresh": "normal"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("applications/get/anchor-msp/anchor-msp-prod", "yes"),
        ("applications/sync/anchor-msp/anchor-msp-dev", "yes"),
        ("applications/sync/anchor-msp%2Fanchor-msp-dev", "yes"),
        ("applications/sync/anchor-msp/anchor-msp-prod", "no"),
        ("applications/update/anchor-msp/anchor-msp-prod", "no"),
        ("applications/sync/anchor-msp/team-a/anchor-msp-dev", "no"),
        ("applications/sync/*/*", "no"),
    ],
)
async def test_a_token_may_change_only_some_applications(box: Sandbox, path: str, value: str) -> None:
    token = box.argocd.sessions.issue_token("proj:anchor-msp:ci", may_change=("anchor-msp/anchor-msp-dev",))
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client:
        assert (await client.get(f"{CAN_I}/{path}")).json() == {"value": value}
        assert (await sync(client, DEV, dryRun=True)).status_code == 200
        denied = await sync(client, PROD, dryRun=True)
    issued = {"2026-11-23T06:37:42Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    is_as_recorded(denied, "sync-project-role-not-permitted", **issued)


@pytest.mark.parametrize("action", ["sync", "update", "action/apps/Deployment/restart", "override", "delete"])
async def test_who_may_only_look_may_do_nothing_else(viewer: httpx.AsyncClient, action: str) -> None:
    path = f"applications/{action.replace('/', '%2F')}/anchor-msp/anchor-msp-prod"
    assert (await viewer.get(f"{CAN_I}/{path}")).json() == {"value": "no"}


# --- sync windows --------------------------------------------------------------------------------


async def test_in_a_window_no_sync_is_let_through_and_it_is_said_before_what_is_permitted(
    box: Sandbox, argocd: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    box.controller.windows.append(ProjectSyncWindow.deny_all("*-prod"))
    is_as_recorded(await sync(argocd, PROD), "sync-window-denied")
    is_as_recorded(await sync(argocd, PROD, dryRun=True), "sync-window-denied-dry-run")
    is_as_recorded(await sync(viewer, PROD), "sync-window-denied-viewer")
    assert (await sync(argocd, STAGING)).status_code == 200
    assert (await argocd.get(f"{APPS}/{PROD}/syncwindows")).json() == load_recording("syncwindows").body
    assert (await argocd.get(f"{APPS}/{STAGING}/syncwindows")).json() == load_recording("syncwindows-none").body


async def test_auto_sync_waits_until_the_window_is_over(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.controller.windows.append(ProjectSyncWindow.deny_all(PROD))
    box.commit(edit_release(box, "prod", "1.43.0"), "Back to 1.43.0")
    box.advance(120)
    app = await get(argocd, PROD)
    assert (app["status"]["sync"]["status"], "operation" in app) == ("OutOfSync", False)
    box.controller.windows.clear()
    box.advance(120)
    assert (await get(argocd, PROD))["status"]["sync"]["status"] == "Synced"


async def test_a_window_that_comes_after_the_request_holds_the_operation_and_its_termination(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    await sync(argocd, PROD)
    box.controller.windows.append(ProjectSyncWindow.deny_all(PROD))
    box.advance(30)
    state = (await get(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Running", "Sync operation blocked by sync window")
    assert (await terminate(argocd, PROD)).json() == {}
    box.advance(30)
    state = (await get(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Terminating", "Sync operation blocked by sync window")
    assert (await terminate(argocd, PROD)).json() == {}
    box.controller.windows.clear()
    box.advance(30)
    state = (await get(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")


WORK = {"schedule": "0 6 * * 1-5", "duration": "12h", "applications": ("*",), "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("windows", "manual", "allowed"),
    [
        ([], False, True),
        ([ProjectSyncWindow.deny_all("*")], True, False),
        ([ProjectSyncWindow("deny", "0 0 * * *", "24h", ("*",), manual_sync=True)], True, True),
        ([ProjectSyncWindow("deny", "0 0 * * *", "24h", ("*",), manual_sync=True)], False, False),
        ([ProjectSyncWindow("deny", "*/15 11 23 11 *", "10m", ("*",))], True, True),
        ([ProjectSyncWindow("deny", "*/15 11,12 * * *", "10m", ("*",))], True, False),
        ([ProjectSyncWindow("allow", **WORK)], False, True),
        ([ProjectSyncWindow("allow", **{**WORK, "schedule": "0 6 * * 0,6"})], False, False),
        ([ProjectSyncWindow("allow", **{**WORK, "schedule": "0 6 * * 0,6"}, manual_sync=True)], True, True),
        ([ProjectSyncWindow("allow", **{**WORK, "schedule": "0 13 * * *", "duration": "1h30m"})], True, True),
        (
            [ProjectSyncWindow("allow", **{**WORK, "schedule": "0 13 * * *"}), ProjectSyncWindow.deny_all("*")],
            True,
            False,
        ),
    ],
)
def test_windows_allow_and_deny(windows: list[ProjectSyncWindow], manual: bool, allowed: bool) -> None:
    monday_noon = datetime(2026, 11, 23, 12, 5, tzinfo=UTC)
    assert is_sync_allowed(windows, monday_noon, manual=manual) is allowed


# --- patches -------------------------------------------------------------------------------------


async def patch(client: httpx.AsyncClient, text: str, **body: Any) -> httpx.Response:
    return await client.patch(f"{APPS}/{PROD}", json={"patch": text, "patchType": "merge", **body})


async def test_a_patch_changes_labels_annotations_and_the_spec(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    text = (
        '{"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"syncPolicy": {"automated": null}}}'
    )
    answer = await patch(argocd, text, project="anchor-msp")
    app = answer.json()
    assert answer.status_code == 200
    assert (app["metadata"]["labels"]["a"], app["metadata"]["annotations"]["c"]) == ("b", "d")
    assert app["spec"]["syncPolicy"] == {"syncOptions": ["CreateNamespace=true"]}
    box.advance(2)
    again = await patch(argocd, '{"metadata": {"annotations": {"c": null}}}')
    assert "c" not in again.json()["metadata"]["annotations"]


async def test_a_patch_that_is_none_is_500_and_one_into_another_project_is_forbidden(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    is_as_recorded(await patch(argocd, '{"spec":'), "patch-bad")
    issued = {"2026-11-23T06:22:54Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "bot": "on-call"}
    moved = await patch(argocd, '{"spec": {"project": "nope"}}')
    is_as_recorded(moved, "patch-invalid-spec", **issued, anchor_msp_preview=PROD)


async def test_a_patched_revision_is_compared_soon(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await patch(argocd, '{"spec": {"source": {"targetRevision": "no-such-branch"}}}')
    box.advance(2)
    assert (await get(argocd, PROD))["status"]["conditions"][0]["type"] == "ComparisonError"
    is_as_recorded(await sync(argocd, PROD), "sync-unknown-revision-app")

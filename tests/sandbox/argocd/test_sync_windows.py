from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow, is_sync_allowed
from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    PROD,
    STAGING,
    assert_recorded,
    get_application,
    sync_application,
    terminate_operation,
)
from tests.sandbox.conftest import edit_release


async def test_without_sync_windows_a_sync_is_allowed(argocd: httpx.AsyncClient) -> None:
    answer = await argocd.get(f"{APPS}/{PROD}/syncwindows")
    assert answer.json() == load_recording("syncwindows-none").body


async def test_a_sync_window_is_checked_before_the_permission(
    box: Sandbox, argocd: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    box.controller.windows.append(ProjectSyncWindow.deny_all("*-prod"))
    assert_recorded(await sync_application(argocd, PROD), "sync-window-denied")
    assert_recorded(await sync_application(argocd, PROD, dryRun=True), "sync-window-denied-dry-run")
    assert_recorded(await sync_application(viewer, PROD), "sync-window-denied-viewer")
    assert (await sync_application(argocd, STAGING)).status_code == 200
    assert (await argocd.get(f"{APPS}/{PROD}/syncwindows")).json() == load_recording("syncwindows").body
    assert (await argocd.get(f"{APPS}/{STAGING}/syncwindows")).json() == load_recording("syncwindows-none").body


async def test_auto_sync_waits_for_the_end_of_a_window(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.controller.windows.append(ProjectSyncWindow.deny_all(PROD))
    box.commit(edit_release(box, "prod", "1.43.0"), "Back to 1.43.0")
    box.advance(120)
    app = await get_application(argocd, PROD)
    assert (app["status"]["sync"]["status"], "operation" in app) == ("OutOfSync", False)
    box.controller.windows.clear()
    box.advance(120)
    assert (await get_application(argocd, PROD))["status"]["sync"]["status"] == "Synced"


async def test_a_later_window_blocks_an_operation_and_its_termination(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await sync_application(argocd, PROD)
    box.controller.windows.append(ProjectSyncWindow.deny_all(PROD))
    box.advance(30)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Running", "Sync operation blocked by sync window")
    assert (await terminate_operation(argocd, PROD)).json() == {}
    box.advance(30)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Terminating", "Sync operation blocked by sync window")
    assert (await terminate_operation(argocd, PROD)).json() == {}
    box.controller.windows.clear()
    box.advance(30)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
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

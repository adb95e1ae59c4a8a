from __future__ import annotations

import asyncio
import base64
import json

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import APPS, DEV, PROD, assert_recorded, sync_application, terminate_operation

CAN_I = "/api/v1/account/can-i"


async def test_the_token_is_a_json_web_token_that_expires(box: Sandbox) -> None:
    header, claims, _ = box.argocd_token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert read[0] == {"alg": "HS256", "typ": "JWT"}
    assert (read[1]["iss"], read[1]["sub"]) == ("argocd", "on-call:apiKey")
    assert read[1]["exp"] > box.clock.now().timestamp()


async def test_a_viewer_may_get_and_not_sync(box: Sandbox) -> None:
    headers = {"authorization": f"Bearer {box.argocd.sessions.issue_token('viewer:apiKey')}"}
    async with httpx.AsyncClient(
        base_url=box.argocd_url + "/api/v1/account/can-i", headers=headers, verify=False
    ) as client:
        answers = await asyncio.gather(
            client.get("/applications/get/anchor-msp/anchor-msp-prod"),
            client.get("/applications/sync/anchor-msp%2Fanchor-msp-prod"),
        )
    assert [answer.json()["value"] for answer in answers] == ["yes", "no"]


async def test_without_a_token_nothing_is_written(box: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=box.argocd_url, verify=False) as client:
        answers = [
            await sync_application(client, DEV),
            await terminate_operation(client, DEV),
            await client.patch(f"{APPS}/{DEV}", json={"patch": "{}", "patchType": "merge"}),
        ]
        assert (await client.delete(f"{APPS}/{DEV}/operation")).status_code == 415
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert answers[0].json() == load_recording("unauthorized-no-token").body


async def test_a_denial_names_the_account_and_the_action(
    box: Sandbox, argocd: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    issued = {"2026-11-23T06:22:54Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "viewer": "audit"}
    assert_recorded(await sync_application(viewer, PROD), "sync-not-permitted", **issued)
    assert_recorded(await sync_application(viewer, PROD, dryRun=True), "sync-not-permitted-dry-run", **issued)
    patched = await viewer.patch(f"{APPS}/{PROD}", json={"patch": "{}", "patchType": "merge"})
    assert_recorded(patched, "patch-not-permitted", **issued, anchor_msp_demo=PROD)
    await sync_application(argocd, PROD)
    box.advance(1)
    assert_recorded(await terminate_operation(viewer, PROD), "terminate-not-permitted")
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
        assert (await sync_application(client, DEV, dryRun=True)).status_code == 200
        denied = await sync_application(client, PROD, dryRun=True)
    issued = {"2026-11-23T06:37:42Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert_recorded(denied, "sync-project-role-not-permitted", **issued)


@pytest.mark.parametrize("action", ["sync", "update", "action/apps/Deployment/restart", "override", "delete"])
async def test_a_read_only_token_may_not_change_anything(viewer: httpx.AsyncClient, action: str) -> None:
    path = f"applications/{action.replace('/', '%2F')}/anchor-msp/anchor-msp-prod"
    assert (await viewer.get(f"{CAN_I}/{path}")).json() == {"value": "no"}

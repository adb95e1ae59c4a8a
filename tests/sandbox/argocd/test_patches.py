from __future__ import annotations

from typing import Any

import httpx

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.argocd_requests import APPS, PROD, assert_recorded, get_application, sync_application


async def patch_prod(client: httpx.AsyncClient, text: str, **body: Any) -> httpx.Response:
    return await client.patch(f"{APPS}/{PROD}", json={"patch": text, "patchType": "merge", **body})


async def test_a_patch_changes_labels_annotations_and_the_spec(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    text = (
        '{"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"syncPolicy": {"automated": null}}}'
    )
    answer = await patch_prod(argocd, text, project="anchor-msp")
    app = answer.json()
    assert answer.status_code == 200
    assert (app["metadata"]["labels"]["a"], app["metadata"]["annotations"]["c"]) == ("b", "d")
    assert app["spec"]["syncPolicy"] == {"syncOptions": ["CreateNamespace=true"]}
    box.advance(2)
    again = await patch_prod(argocd, '{"metadata": {"annotations": {"c": null}}}')
    assert "c" not in again.json()["metadata"]["annotations"]


async def test_an_invalid_patch_is_refused(argocd: httpx.AsyncClient) -> None:
    assert_recorded(await patch_prod(argocd, '{"spec":'), "patch-bad")


async def test_a_patch_into_another_project_is_forbidden(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    issued = {"2026-11-23T06:22:54Z": box.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "bot": "on-call"}
    moved = await patch_prod(argocd, '{"spec": {"project": "nope"}}')
    assert_recorded(moved, "patch-invalid-spec", **issued, anchor_msp_preview=PROD)


async def test_a_patched_revision_is_compared_soon(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await patch_prod(argocd, '{"spec": {"source": {"targetRevision": "no-such-branch"}}}')
    box.advance(2)
    assert (await get_application(argocd, PROD))["status"]["conditions"][0]["type"] == "ComparisonError"
    assert_recorded(await sync_application(argocd, PROD), "sync-unknown-revision-app")

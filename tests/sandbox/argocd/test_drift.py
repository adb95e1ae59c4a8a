"""What the cluster has and git has not: the drift scenario, hands at the cluster, self-heal, and diffs of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.test_operations import APPS, DEV, PROD, STAGING, get, prunable, results, sync
from tests.sandbox.conftest import NOON

drift = pytest.mark.parametrize("scenario_name", ["drift"])
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left-over"}, "data": {"A": "1"}}


async def managed(client: httpx.AsyncClient, app: str) -> dict[tuple[str, str], dict[str, Any]]:
    items = (await client.get(f"{APPS}/{app}/managed-resources")).json().get("items", ())
    return {(item["kind"], item["name"]): item for item in items}


def differences(one: Any, other: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Where two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in one.keys() | other.keys()]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(str(place), *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    else:
        return {} if one == other else {path: (one, other)}
    return {name: pair for key, *both in pairs for name, pair in differences(*both, f"{path}.{key}").items()}


def diff(item: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return differences(*(json.loads(item[state]) for state in ("normalizedLiveState", "predictedLiveState")))


@drift
async def test_prod_was_changed_by_hand_and_nobody_puts_it_back(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = await get(argocd, PROD)
    assert app["spec"]["syncPolicy"]["automated"] == {"prune": True}
    assert (app["status"]["sync"]["status"], app["status"]["health"]["status"]) == ("OutOfSync", "Healthy")
    found = await managed(argocd, PROD)
    assert {name: diff(item) for name, item in found.items() if item.get("modified")} == {
        ("Deployment", "anchor-gateway"): {".spec.template.spec.containers.0.env.4.value": ("debug", "warning")},
        ("Deployment", "anchor-web"): {".spec.replicas": (3, 1)},
    }
    assert all(diff(item) == {} for item in found.values() if not item.get("modified"))
    box.advance(600)
    assert (await get(argocd, PROD))["status"]["sync"]["status"] == "OutOfSync"
    await sync(argocd, PROD)
    box.advance(30)
    after = await get(argocd, PROD)
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    assert results(after)["Deployment", "anchor-web"][1] == "deployment.apps/anchor-web configured"


@drift
async def test_staging_holds_what_a_prune_keeps_and_what_it_would_delete(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    app = await get(argocd, STAGING)
    assert prunable(app) == ["ConfigMap/anchor-gateway-tuning", "Service/anchor-web-canary"]
    assert app["status"]["sync"]["status"] == "OutOfSync"
    kept = json.loads((await managed(argocd, STAGING))["Service", "anchor-web-canary"]["liveState"])["metadata"]
    assert kept["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false"
    assert kept["creationTimestamp"] == (NOON - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await sync(argocd, STAGING, prune=True)
    box.advance(30)
    after = await get(argocd, STAGING)
    assert results(after)["Service", "anchor-web-canary"] == ("PruneSkipped", "ignored (no prune)")
    assert results(after)["ConfigMap", "anchor-gateway-tuning"] == ("Pruned", "pruned")
    assert (after["status"]["sync"]["status"], prunable(after)) == ("OutOfSync", ["Service/anchor-web-canary"])


@drift
async def test_dev_no_longer_follows_git_and_is_behind_it(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = await get(argocd, DEV)
    assert "automated" not in app["spec"]["syncPolicy"]
    assert app["status"]["sync"] == {**app["status"]["sync"], "status": "OutOfSync", "revision": box.git.head}
    changed = diff((await managed(argocd, DEV))["Deployment", "anchor-web"])
    ((live, wanted),) = changed.values()
    assert (live.partition("@")[0][-6:], wanted.partition("@")[0][-6:]) == ("1.43.2", "1.44.0")


async def test_self_heal_puts_back_what_was_changed_by_hand(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    told = []
    box.controller.listeners.append(lambda _event, app: told.append((app.sync, app.operation is not None)))
    box.kubectl.edit_object(PROD, "Deployment", "anchor-web", "spec.replicas", 3)
    box.advance(30)
    after = await get(argocd, PROD)
    assert told[0] == ("Synced", True)
    assert ("OutOfSync", True) in told
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    assert after["status"]["history"][-1]["initiatedBy"] == {"automated": True}
    assert diff((await managed(argocd, PROD))["Deployment", "anchor-web"]) == {}


async def test_what_git_never_said_is_no_difference_and_outlives_a_sync(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    box.kubectl.annotate_object(PROD, "Service", "anchor-web", {"example.org/by": "hand"})
    box.advance(5)
    assert (await get(argocd, PROD))["status"]["sync"]["status"] == "Synced"
    await sync(argocd, PROD)
    box.advance(30)
    live = json.loads((await managed(argocd, PROD))["Service", "anchor-web"]["liveState"])
    assert live["metadata"]["annotations"]["example.org/by"] == "hand"


async def test_what_was_deleted_by_hand_is_missing_until_it_is_created_anew(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    async def uid() -> str:
        found: str = json.loads((await managed(argocd, DEV))["Service", "anchor-web"]["liveState"])["metadata"]["uid"]
        return found

    before = await uid()
    box.kubectl.delete_object(DEV, "Service", "anchor-web")
    box.advance(5)
    app = await get(argocd, DEV)
    missing = [item["name"] for item in app["status"]["resources"] if item["health"]["status"] == "Missing"]
    assert (app["status"]["sync"]["status"], missing) == ("OutOfSync", ["anchor-web"])
    await sync(argocd, DEV)
    box.advance(5)
    assert results(await get(argocd, DEV))["Service", "anchor-web"] == ("Synced", "service/anchor-web created")
    assert await uid() != before


async def test_with_prune_and_self_heal_a_stray_object_is_gone_by_itself(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    box.kubectl.apply_object(PROD, CONFIG)
    box.advance(30)
    app = await get(argocd, PROD)
    assert (app["status"]["sync"]["status"], prunable(app)) == ("Synced", [])
    assert results(app)["ConfigMap", "left-over"] == ("Pruned", "pruned")

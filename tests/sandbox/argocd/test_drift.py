"""Differences between git and the cluster: the drift scenario, manual changes and self-heal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    DEV,
    PROD,
    STAGING,
    get_application,
    get_sync_results,
    list_prunable,
    sync_application,
)
from tests.sandbox.conftest import NOON

drift = pytest.mark.parametrize("scenario_name", ["drift"])
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left-over"}, "data": {"A": "1"}}


async def read_managed_resources(client: httpx.AsyncClient, app: str) -> dict[tuple[str, str], dict[str, Any]]:
    items = (await client.get(f"{APPS}/{app}/managed-resources")).json().get("items", ())
    return {(item["kind"], item["name"]): item for item in items}


def find_differences(one: Any, other: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Return the paths at which two JSON values differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in one.keys() | other.keys()]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(str(place), *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    else:
        return {} if one == other else {path: (one, other)}
    return {name: pair for key, *both in pairs for name, pair in find_differences(*both, f"{path}.{key}").items()}


def diff_resource(item: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return find_differences(*(json.loads(item[state]) for state in ("normalizedLiveState", "predictedLiveState")))


@drift
async def test_manual_changes_of_prod_stay_without_self_heal(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = await get_application(argocd, PROD)
    assert app["spec"]["syncPolicy"]["automated"] == {"prune": True}
    assert (app["status"]["sync"]["status"], app["status"]["health"]["status"]) == ("OutOfSync", "Healthy")
    found = await read_managed_resources(argocd, PROD)
    assert {name: diff_resource(item) for name, item in found.items() if item.get("modified")} == {
        ("Deployment", "anchor-gateway"): {".spec.template.spec.containers.0.env.4.value": ("debug", "warning")},
        ("Deployment", "anchor-web"): {".spec.replicas": (3, 1)},
    }
    assert all(diff_resource(item) == {} for item in found.values() if not item.get("modified"))
    box.advance(600)
    assert (await get_application(argocd, PROD))["status"]["sync"]["status"] == "OutOfSync"
    await sync_application(argocd, PROD)
    box.advance(30)
    after = await get_application(argocd, PROD)
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    assert get_sync_results(after)["Deployment", "anchor-web"][1] == "deployment.apps/anchor-web configured"


@drift
async def test_staging_has_kept_and_prunable_stale_resources(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = await get_application(argocd, STAGING)
    assert list_prunable(app) == ["ConfigMap/anchor-gateway-tuning", "Service/anchor-web-canary"]
    assert app["status"]["sync"]["status"] == "OutOfSync"
    canary = (await read_managed_resources(argocd, STAGING))["Service", "anchor-web-canary"]
    kept = json.loads(canary["liveState"])["metadata"]
    assert kept["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false"
    assert kept["creationTimestamp"] == (NOON - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await sync_application(argocd, STAGING, prune=True)
    box.advance(30)
    after = await get_application(argocd, STAGING)
    assert get_sync_results(after)["Service", "anchor-web-canary"] == ("PruneSkipped", "ignored (no prune)")
    assert get_sync_results(after)["ConfigMap", "anchor-gateway-tuning"] == ("Pruned", "pruned")
    assert (after["status"]["sync"]["status"], list_prunable(after)) == ("OutOfSync", ["Service/anchor-web-canary"])


@drift
async def test_dev_no_longer_follows_git_and_is_behind_it(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = await get_application(argocd, DEV)
    assert "automated" not in app["spec"]["syncPolicy"]
    assert app["status"]["sync"] == {**app["status"]["sync"], "status": "OutOfSync", "revision": box.git.head}
    changed = diff_resource((await read_managed_resources(argocd, DEV))["Deployment", "anchor-web"])
    ((live, wanted),) = changed.values()
    assert (live.partition("@")[0][-6:], wanted.partition("@")[0][-6:]) == ("1.43.2", "1.44.0")


async def test_self_heal_reverts_a_manual_change(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    states = []
    box.controller.listeners.append(lambda _event, app: states.append((app.sync, app.operation is not None)))
    box.kubectl.edit_object(PROD, "Deployment", "anchor-web", "spec.replicas", 3)
    box.advance(30)
    after = await get_application(argocd, PROD)
    assert states[0] == ("Synced", True)
    assert ("OutOfSync", True) in states
    assert (after["status"]["sync"]["status"], after["status"]["health"]["status"]) == ("Synced", "Healthy")
    assert after["status"]["history"][-1]["initiatedBy"] == {"automated": True}
    assert diff_resource((await read_managed_resources(argocd, PROD))["Deployment", "anchor-web"]) == {}


async def test_fields_unknown_to_git_are_ignored_and_survive_a_sync(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.kubectl.annotate_object(PROD, "Service", "anchor-web", {"example.org/by": "hand"})
    box.advance(5)
    assert (await get_application(argocd, PROD))["status"]["sync"]["status"] == "Synced"
    await sync_application(argocd, PROD)
    box.advance(30)
    live = json.loads((await read_managed_resources(argocd, PROD))["Service", "anchor-web"]["liveState"])
    assert live["metadata"]["annotations"]["example.org/by"] == "hand"


async def test_a_deleted_resource_is_missing_until_the_next_sync(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async def uid() -> str:
        service = (await read_managed_resources(argocd, DEV))["Service", "anchor-web"]
        found: str = json.loads(service["liveState"])["metadata"]["uid"]
        return found

    before = await uid()
    box.kubectl.delete_object(DEV, "Service", "anchor-web")
    box.advance(5)
    app = await get_application(argocd, DEV)
    missing = [item["name"] for item in app["status"]["resources"] if item["health"]["status"] == "Missing"]
    assert (app["status"]["sync"]["status"], missing) == ("OutOfSync", ["anchor-web"])
    await sync_application(argocd, DEV)
    box.advance(5)
    assert get_sync_results(await get_application(argocd, DEV))["Service", "anchor-web"] == (
        "Synced",
        "service/anchor-web created",
    )
    assert await uid() != before


async def test_prune_and_self_heal_delete_a_stray_object(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.kubectl.apply_object(PROD, CONFIG)
    box.advance(30)
    app = await get_application(argocd, PROD)
    assert (app["status"]["sync"]["status"], list_prunable(app)) == ("Synced", [])
    assert get_sync_results(app)["ConfigMap", "left-over"] == ("Pruned", "pruned")

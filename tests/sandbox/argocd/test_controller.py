from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import httpx
import pytest

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sandbox.timings import FAST_TIMINGS
from tests.sandbox.argocd.argocd_requests import Event, read_events
from tests.sandbox.conftest import NOON, edit_release

DEV, STAGING, PROD = (("argocd", f"anchor-msp-{name}") for name in ("dev", "staging", "prod"))


def describe_state(event: Event) -> tuple[str, str | None, str]:
    status = event["application"]["status"]
    return (status["sync"]["status"], status.get("operationState", {}).get("phase"), status["health"]["status"])


def is_healthy_at(sha: str) -> Callable[[Event], bool]:
    return lambda app: (
        app["status"]["sync"] == {**app["status"]["sync"], "status": "Synced", "revision": sha}
        and app["status"]["health"]["status"] == "Healthy"
    )


async def test_a_commit_takes_dev_through_all_states_to_healthy(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    async with argocd.stream("GET", "/api/v1/stream/applications", params={"name": "anchor-msp-dev"}) as stream:
        sha = box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
        box.advance(30)
        seen = await read_events(stream, is_healthy_at(sha))
    assert [event["type"] for event in seen] == ["ADDED"] + ["MODIFIED"] * (len(seen) - 1)
    steps = [step for step, _ in groupby(map(describe_state, seen))]
    assert steps == [
        ("Synced", "Succeeded", "Healthy"),
        ("Synced", None, "Healthy"),
        ("OutOfSync", None, "Healthy"),
        ("OutOfSync", "Running", "Healthy"),
        ("OutOfSync", "Running", "Progressing"),
        ("OutOfSync", "Succeeded", "Progressing"),
        ("Synced", "Succeeded", "Progressing"),
        ("Synced", "Succeeded", "Healthy"),
    ]
    versions = [int(event["application"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))


async def test_the_wall_clock_runs_events_without_advancing() -> None:
    async with (
        Sandbox.start(timings=FAST_TIMINGS) as box,
        httpx.AsyncClient(
            base_url=box.argocd_url, headers={"authorization": f"Bearer {box.argocd_token}"}, verify=False
        ) as client,
        client.stream("GET", "/api/v1/stream/applications", params={"name": "anchor-msp-dev"}) as stream,
    ):
        sha = box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
        seen = await read_events(stream, is_healthy_at(sha))
    assert ("OutOfSync", "Running", "Progressing") in map(describe_state, seen)


async def test_the_sync_result_names_configured_and_unchanged_resources(box: Sandbox) -> None:
    sha = box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
    box.advance(30)
    app = box.applications[DEV]
    assert app.operation_state is not None
    result = app.operation_state["syncResult"]
    messages = {line["message"] for line in result["resources"]}
    assert {"deployment.apps/anchor-gateway configured", "service/anchor-web unchanged"} <= messages
    assert (result["revision"], app.history[-1]["revision"]) == (sha, sha)
    assert app.history[-1]["initiatedBy"] == {"automated": True}


async def test_without_auto_sync_an_application_stays_out_of_sync(box: Sandbox) -> None:
    app = box.applications[STAGING]
    app.spec = {**app.spec, "syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}
    before = app.operation_state
    sha = box.commit(edit_release(box, "staging", "1.44.0"), "Promote staging")
    box.advance(300)
    assert (app.sync, app.revision, app.health) == ("OutOfSync", sha, "Healthy")
    assert app.operation_state is before
    assert app.images[0].startswith("ghcr.io/anchor/anchor-gateway:1.43.2@")


async def test_automated_enabled_false_turns_auto_sync_off(box: Sandbox) -> None:
    app = box.applications[DEV]
    app.spec = {**app.spec, "syncPolicy": {"automated": {"enabled": False}}}
    box.commit(edit_release(box, "dev", "1.43.2"), "Back")
    box.advance(300)
    assert app.sync == "OutOfSync"


async def test_a_commit_without_rendered_changes_only_moves_the_revision(box: Sandbox) -> None:
    app = box.applications[PROD]
    count = len(app.history)
    sha = box.commit({"README.md": "# Other words\n"}, "Words")
    box.advance(5)
    assert (app.sync, app.revision, len(app.history)) == ("Synced", sha, count)


async def test_reconciled_at_advances_each_minute(box: Sandbox) -> None:
    app = box.applications[PROD]
    first = app.reconciled_at
    box.advance(60)
    second = app.reconciled_at
    box.advance(60)
    assert first is not None
    assert second is not None
    assert app.reconciled_at is not None
    assert first < second < app.reconciled_at
    assert (app.reconciled_at - second).total_seconds() == 60


@pytest.mark.parametrize("how", ["normal", "hard"])
async def test_a_refresh_responds_after_the_comparison(how: str) -> None:
    async with Sandbox.start(timings=FAST_TIMINGS) as box:
        headers = {"authorization": f"Bearer {box.argocd_token}"}
        async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client:
            asked = box.clock.now()
            answer = await client.get(f"/api/v1/applications/anchor-msp-prod?refresh={how}")
    app = answer.json()
    assert "argocd.argoproj.io/refresh" not in app["metadata"]["annotations"]
    assert app["metadata"]["annotations"]["argocd.argoproj.io/hydrate"] == how
    assert app["status"]["reconciledAt"] >= asked.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_an_invalid_overlay_is_a_comparison_error_and_keeps_health(box: Sandbox) -> None:
    app = box.applications[DEV]
    box.commit({"infra/helm/platform/environments/dev/values.yaml": "gateway: [oops\n"}, "Break dev")
    box.advance(5)
    assert (app.sync, app.revision, app.health) == ("Unknown", "main", "Healthy")
    assert [condition.type for condition in app.conditions] == ["ComparisonError"]
    assert app.conditions[0].message.startswith("Failed to load target state: failed to generate manifest")
    box.commit({"infra/helm/platform/environments/dev/values.yaml": None}, "Delete it")
    box.advance(5)
    assert "no such file or directory" in app.conditions[0].message


def list_degraded(app: ClusterApplication) -> dict[str, str | None]:
    return {live.resource.name: live.message for live in app.live.values() if live.health == "Degraded"}


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_rolling_prod_back_heals_the_incident(box: Sandbox) -> None:
    app = box.applications[PROD]
    assert list_degraded(app) == {"anchor-gateway": 'Deployment "anchor-gateway" exceeded its progress deadline'}
    box.commit(edit_release(box, "prod", "1.43.1"), "Roll prod back to 1.43.1")
    box.advance(30)
    assert (app.sync, app.health, list_degraded(app)) == ("Synced", "Healthy", {})
    assert app.health_since is not None
    assert app.health_since > NOON


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_only_a_sync_with_prune_removes_stale_resources(box: Sandbox) -> None:
    app = box.applications[STAGING]
    for prune, status in ((False, "PruneSkipped"), (True, "Pruned")):
        box.call_in_loop(
            lambda prune=prune: box.controller.sync_application(
                app, box.clock.now(), revision=app.revision, prune=prune, username="on-call"
            )
        )
        box.advance(2.6)
        assert app.operation_state is not None
        results = app.operation_state["syncResult"]["resources"]
        assert [line["name"] for line in results if line["status"] == status] == ["status-mock", "status-mock"]
        assert app.sync == "OutOfSync"
        box.advance(10)
        assert app.sync == ("Synced" if prune else "OutOfSync")

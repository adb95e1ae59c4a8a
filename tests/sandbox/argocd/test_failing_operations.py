"""Operations that fail or do not begin: refused manifests, retries, a stopped controller, an invalid spec."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sandbox.timings import FAST_TIMINGS
from tests.argocd_recordings import load_recording
from tests.sandbox.argocd.argocd_requests import (
    APPS,
    DEV,
    PROD,
    get_application,
    get_sync_results,
    read_events,
    sync_application,
    terminate_operation,
)
from tests.sandbox.argocd.json_shapes import (
    describe_recorded_applications,
    describe_recorded_bodies,
    describe_shape,
    list_unknown_keys,
)
from tests.sandbox.conftest import edit_release

REFUSED = 'Service "anchor-gateway" is invalid: spec.ports[0].port: Invalid value: 80800: must be between 1 and 65535'


async def test_a_resource_refused_by_kubernetes_fails_the_operation(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    before = await get_application(argocd, PROD)
    box.controller.sync_failures[PROD] = REFUSED
    await sync_application(argocd, PROD)
    box.advance(30)
    app = await get_application(argocd, PROD)
    state = app["status"]["operationState"]
    assert state["phase"] == "Failed"
    assert state["message"] == f"one or more synchronization tasks completed unsuccessfully, reason: {REFUSED}"
    assert get_sync_results(app)["Service", "anchor-gateway"] == ("SyncFailed", REFUSED)
    assert get_sync_results(app)["Service", "anchor-web"] == ("Synced", "service/anchor-web unchanged")
    assert app["status"]["history"] == before["status"]["history"]
    assert list_unknown_keys(describe_shape(app), describe_recorded_applications()) == []


async def test_a_dry_run_does_not_find_refused_resources(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.controller.sync_failures[PROD] = REFUSED
    await sync_application(argocd, PROD, dryRun=True)
    box.advance(30)
    assert (await get_application(argocd, PROD))["status"]["operationState"]["phase"] == "Succeeded"


async def test_retries_wait_as_recorded_and_are_counted(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    theirs = [state["operationState"] for state in load_recording("operation-phases-retry").raw["states"][2:]]
    box.controller.sync_failures[PROD] = REFUSED
    seen: list[dict[str, Any]] = []
    box.controller.listeners.append(lambda _event, app: seen.append(serialize_application(app)))
    await sync_application(
        argocd, PROD, retryStrategy=load_recording("sync-retry").raw["request"]["body"]["retryStrategy"]
    )
    box.advance(60)
    states = [app["status"].get("operationState") for app in seen]
    retried = [state for state in states if state and "retryCount" in state]
    steps = [(state["phase"], state["retryCount"], "finishedAt" in state) for state in retried]
    assert list(dict.fromkeys(steps)) == [
        (state["phase"], state["retryCount"], "finishedAt" in state) for state in theirs
    ]
    waits = [state for state in retried if "finishedAt" in state]
    assert waits[0]["message"].endswith(f"{REFUSED}. Retrying attempt #1 at 12:00PM.")
    assert "Retrying operation. Attempt #2" in {state["message"] for state in retried}
    assert waits[-1]["message"].endswith(f"{REFUSED} (retried 2 times).")
    ends = sorted({datetime.fromisoformat(state["finishedAt"]) for state in waits})
    assert [round((later - sooner).total_seconds()) for sooner, later in pairwise(ends)] == [12, 22]
    # A retry's backoff was recorded in the operation alone.
    known = describe_recorded_applications() | describe_recorded_bodies("sync-retry")
    known |= {f".status.operationState{path}": kinds for path, kinds in describe_shape(*theirs).items()}
    assert list_unknown_keys(describe_shape(*seen), known) == []


async def test_an_operation_can_be_terminated_between_two_attempts(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.controller.sync_failures[PROD] = REFUSED
    await sync_application(argocd, PROD, retryStrategy={"limit": 5})
    box.advance(5)
    assert (await terminate_operation(argocd, PROD)).json() == {}
    box.advance(60)
    app = await get_application(argocd, PROD)
    assert (app["status"]["operationState"]["message"], "operation" in app) == ("Operation terminated", False)


async def test_a_failed_auto_sync_is_a_condition_without_further_attempts(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    box.controller.sync_failures[DEV] = REFUSED
    box.kubectl.patch_application(DEV, {"spec": {"syncPolicy": {"retry": {"limit": 1, "backoff": {"duration": "1s"}}}}})
    sha = box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
    box.advance(120)
    app = await get_application(argocd, DEV)
    (condition,) = app["status"]["conditions"]
    assert condition["type"] == "SyncError"
    assert condition["message"].startswith(f"Failed last sync attempt to [{sha}]: one or more")
    assert app["status"]["operationState"]["retryCount"] == 1
    finished = app["status"]["operationState"]["finishedAt"]
    box.advance(600)
    assert (await get_application(argocd, DEV))["status"]["operationState"]["finishedAt"] == finished


async def test_without_a_controller_an_accepted_sync_does_not_begin(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    box.controller.is_down = True
    before = await get_application(argocd, PROD)
    assert (await sync_application(argocd, PROD)).status_code == 200
    box.advance(300)
    app, theirs = await get_application(argocd, PROD), load_recording("get-operation-not-started").body
    assert "operation" in app
    assert "operationState" not in app["status"]
    assert "operation" in theirs
    assert app["status"]["reconciledAt"] == before["status"]["reconciledAt"]
    with pytest.raises(httpx.ReadTimeout):
        await argocd.get(f"{APPS}/{PROD}", params={"refresh": "normal"}, timeout=0.05)
    assert "argocd.argoproj.io/refresh" in (await get_application(argocd, PROD))["metadata"]["annotations"]
    box.controller.is_down = False
    box.advance(30)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    assert state["phase"] == "Succeeded"
    assert (box.clock.now() - datetime.fromisoformat(state["startedAt"])).total_seconds() <= 31


async def test_an_invalid_spec_is_a_condition_and_ends_syncs(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    theirs = load_recording("get-invalid-spec-after-sync").body
    box.controller.spec_errors[PROD] = message = theirs["status"]["conditions"][0]["message"]
    await argocd.get(f"{APPS}/{PROD}", params={"refresh": "hard"})
    app = await get_application(argocd, PROD)
    assert (app["status"]["sync"]["status"], app["status"]["health"]["status"]) == ("Unknown", "Unknown")
    assert app["status"]["sync"]["comparedTo"] == theirs["status"]["sync"]["comparedTo"]
    assert "reconciledAt" not in app["status"]
    assert (await sync_application(argocd, PROD)).status_code == 200
    box.advance(10)
    state = (await get_application(argocd, PROD))["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Error", f"InvalidSpecError: {message}")
    assert state["syncResult"].keys() == theirs["status"]["operationState"]["syncResult"].keys()
    box.controller.spec_errors.clear()
    box.advance(120)
    app = await get_application(argocd, PROD)
    assert (app["status"]["sync"]["status"], app["status"]["health"]["status"]) == ("Synced", "Healthy")


async def test_a_watch_gets_every_step_of_an_operation() -> None:
    async with Sandbox.start("incident", timings=FAST_TIMINGS) as box:
        headers = {"authorization": f"Bearer {box.argocd_token}"}
        name = "anchor-msp-staging"
        async with (
            httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client,
            client.stream("GET", "/api/v1/stream/applications", params={"name": name}) as stream,
        ):
            answer, seen = await asyncio.gather(
                sync_application(client, name, prune=True),
                read_events(stream, lambda app: app["status"]["sync"]["status"] == "Synced"),
            )
        assert box.errors == []
    assert answer.status_code == 200
    steps = [
        (
            "operation" in line["application"],
            line["application"]["status"].get("operationState", {}).get("phase"),
            line["application"]["status"]["health"]["status"],
        )
        for line in seen
    ]
    assert list(dict.fromkeys(steps)) == [
        (False, "Succeeded", "Healthy"),
        (True, None, "Healthy"),
        (True, "Running", "Healthy"),
        (True, "Running", "Progressing"),
        (False, "Succeeded", "Progressing"),
    ]
    assert steps[-1] == (False, "Succeeded", "Healthy")
    versions = [int(line["application"]["metadata"]["resourceVersion"]) for line in seen]
    assert versions == sorted(set(versions))

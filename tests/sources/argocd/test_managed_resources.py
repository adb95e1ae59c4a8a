"""The manifests of applications: when they are read, and what a failure means."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from anchor_tui.domain.actions.resource_diff import field_differences
from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import AppId, Application, Operation
from anchor_tui.domain.policy.evidence.cluster import ClusterEvidence
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, NotApplicable
from anchor_tui.domain.policy.evidence.facts_builder import read_environment_evidence
from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader
from tests.argocd_recordings import Recording, load_recording
from tests.sources.argocd.fakes import NOW, error_response, make_client
from tests.values import application, argocd, replace

PROD = application("anchor-msp-prod")
NOTHING = httpx.Response(200, json={"items": []})


class ResourceServer(httpx.AsyncBaseTransport):
    """An Argo CD that answers by the end of the path, while `gate` is set."""

    def __init__(self, **answers: httpx.Response | Recording) -> None:
        self.answers = answers
        self.asked: list[httpx.URL] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        _, _, name, what = request.url.path.rsplit("/", 3)
        answer = self.answers.get(name.replace("-", "_"), self.answers.get(what.replace("-", "_"), NOTHING))
        if isinstance(answer, Recording):
            return answer.response(request)
        return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})

    def about(self, what: str) -> list[httpx.URL]:
        return [url for url in self.asked if url.path.endswith(f"/{what}")]


class FakeClock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


async def managed(transport: ResourceServer, *applications: Application) -> dict[AppId, ManagedResources]:
    """Return the manifests of these applications after one read."""
    managing = ManagedResourcesReader(lambda: NOW)
    await managing.refresh(make_client(transport), applications)
    return dict(managing.results_for(applications))


def in_cluster(answers: dict[AppId, ManagedResources], *applications: Application) -> ClusterEvidence:
    return read_environment_evidence(applications, argocd(*applications, managed=answers))


# --- times ------------------------------------------------------------------------------------------------


async def test_an_unchanged_application_is_read_once():
    there, clock = ResourceServer(), FakeClock()
    managing = ManagedResourcesReader(clock)
    assert await managing.refresh(make_client(there), [PROD])
    clock.advance(hours=3)
    assert not await managing.refresh(make_client(there), [replace(PROD, reconciled_at=clock.now)])
    assert len(there.asked) == 1


@pytest.mark.parametrize("change", [{"synced_revision": "b" * 40}, {"health": "Degraded"}, {"sync": "X"}])
async def test_a_change_is_read_a_minute_after_the_last_read(change):
    there, clock = ResourceServer(), FakeClock()
    managing = ManagedResourcesReader(clock)
    await managing.refresh(make_client(there), [PROD])
    changed = replace(PROD, **change)
    clock.advance(seconds=59)
    assert not await managing.refresh(make_client(there), [changed])
    clock.advance(seconds=1)
    assert await managing.refresh(make_client(there), [changed])
    assert len(there.asked) == 2


@pytest.mark.parametrize(("phase", "seconds"), [("Succeeded", 10), ("Failed", 10), ("Running", 60)])
async def test_an_ended_operation_is_read_after_ten_seconds(phase, seconds):
    there, clock = ResourceServer(), FakeClock()
    managing = ManagedResourcesReader(clock)
    await managing.refresh(make_client(there), [PROD])
    operation = Operation(phase, finished_at=clock.now)
    changed = replace(PROD, synced_revision="b" * 40, operation=operation)
    clock.advance(seconds=seconds - 1)
    assert not await managing.refresh(make_client(there), [changed])
    clock.advance(seconds=1)
    assert await managing.refresh(make_client(there), [changed])
    clock.advance(hours=1)
    assert not await managing.refresh(make_client(there), [changed])


async def test_a_new_commit_is_read_after_ten_seconds():
    there, clock = ResourceServer(), FakeClock()
    managing = ManagedResourcesReader(clock)
    await managing.refresh(make_client(there), [PROD])
    changed = replace(PROD, compared_revision="b" * 40, synced_at=clock.now)
    clock.advance(seconds=9)
    assert not await managing.refresh(make_client(there), [changed])
    assert managing.results_for([changed])[PROD.id].compared_revision == PROD.compared_revision
    clock.advance(seconds=1)
    assert await managing.refresh(make_client(there), [changed])
    read = managing.results_for([changed])[PROD.id]
    assert (read.compared_revision, read.synced_at) == ("b" * 40, changed.synced_at)


async def test_a_returning_application_is_read_after_a_minute():
    there, clock = ResourceServer(), FakeClock()
    managing = ManagedResourcesReader(clock)
    await managing.refresh(make_client(there), [PROD])
    managing.results_for([])
    for seconds, is_read in ((59, False), (1, True)):
        clock.advance(seconds=seconds)
        await managing.refresh(make_client(there), [])
        assert await managing.refresh(make_client(there), [PROD]) is is_read


async def test_four_applications_are_read_at_once():
    there = ResourceServer()
    there.gate.clear()
    many = [application(f"app-{number}") for number in range(11)]
    refreshing = asyncio.create_task(ManagedResourcesReader(lambda: NOW).refresh(make_client(there), many))
    async with asyncio.timeout(5):
        while len(there.asked) < 4:  # noqa: ASYNC110 - there is no event for what is looked at from outside
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(there.asked) == 4
    there.gate.set()
    await refreshing
    assert len(there.asked) == 11
    assert there.most_at_once == 4


async def test_a_failure_is_retried_after_a_minute():
    there, clock = ResourceServer(anchor_msp_prod=error_response(500, "cache is empty")), FakeClock()
    managing = ManagedResourcesReader(clock)
    await managing.refresh(make_client(there), [PROD])
    assert not await managing.refresh(make_client(there), [PROD])
    there.answers.clear()
    clock.advance(minutes=1)
    assert await managing.refresh(make_client(there), [PROD])
    assert managing.results_for([PROD])[PROD.id].error is None


# --- results --------------------------------------------------------------------------------------------------


async def test_a_403_skips_the_evidence_and_names_the_permission():
    there = ResourceServer(anchor_msp_prod=error_response(403, "permission denied"))
    found = in_cluster(await managed(there, PROD), PROD)
    assert isinstance(found.rendered, NotApplicable)
    assert isinstance(found.live, NotApplicable)
    assert "applications, get" in found.live.reason


@pytest.mark.parametrize("name", ["managed-resources-cache-empty", "managed-resources-redis-down"])
async def test_a_server_error_makes_one_applications_evidence_unknown(name):
    staging = application("anchor-msp-staging")
    there = ResourceServer(anchor_msp_prod=load_recording(name), anchor_msp_staging=load_recording("managed-resources"))
    answers = await managed(there, PROD, staging)
    assert isinstance(lack := in_cluster(answers, PROD).rendered, MissingEvidence)
    assert "error getting cached app managed resources" in lack.reason
    assert isinstance(in_cluster(answers, staging).rendered, Manifests)


@pytest.mark.parametrize("body", ["<html>", "[]", '{"items": 3}', '{"items": [1]}', ""])
async def test_an_invalid_response_is_the_reason(body):
    there = ResourceServer(anchor_msp_prod=httpx.Response(200, text=body))
    answers = await managed(there, PROD)
    assert answers[PROD.id].error
    assert isinstance(in_cluster(answers, PROD).live, MissingEvidence)


@pytest.mark.parametrize(
    "extra", ["[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, r'"\ud800"', "1" * 4_301]
)
async def test_an_odd_live_object_is_read_or_reported(extra):
    live = f'{{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {{"name": "x"}}, "data": {extra}}}'
    item = {"kind": "ConfigMap", "name": "x", "liveState": live, "targetState": live}
    answers = await managed(ResourceServer(managed_resources=httpx.Response(200, json={"items": [item]})), PROD)
    objects = read_managed_resources(answers[PROD.id].items, "prod")
    assert len(objects.live) + len(objects.unreadable) in {1, 2}
    json.dumps([found.manifest for found in objects.live]).encode()
    field_differences(answers[PROD.id].items)


async def test_the_keys_of_a_masked_secret_are_evidence():
    there = ResourceServer(
        managed_resources=load_recording("managed-resources-prod"), resource=load_recording("resource-secret")
    )
    answers = await managed(there, PROD)
    (asked,) = there.about("resource")
    assert dict(asked.params) | {"kind": "Secret", "resourceName": "anchor-platform"} == dict(asked.params)
    live = in_cluster(answers, PROD).live
    assert isinstance(live, Manifests)
    (secret,) = [resource for resource in live.resources if resource.kind == "Secret"]
    assert {"DATABASE_URL", "AUDIT_SIGNING_SECRET", "ANCHOR_OPERATOR_JWT"} <= set(secret.manifest["data"])
    assert set(secret.manifest["data"].values()) == {"++++++++"}


async def test_an_unreadable_secret_is_left_out():
    there = ResourceServer(
        managed_resources=load_recording("managed-resources-prod"), resource=error_response(403, "permission denied")
    )
    answers = await managed(there, PROD)
    assert answers[PROD.id].error is None
    assert answers[PROD.id].secrets == ()
    assert len(answers[PROD.id].items) == 7


async def test_recorded_staging_has_two_live_mocks_outside_git():
    staging = application("anchor-msp-staging")
    found = in_cluster(
        await managed(ResourceServer(managed_resources=load_recording("managed-resources")), staging), staging
    )
    assert isinstance(found.live, Manifests)
    assert isinstance(found.rendered, Manifests)
    assert [str(resource) for resource in found.live.resources if resource.stale] == [
        "Service/status-mock",
        "Deployment/status-mock",
    ]
    assert not [resource for resource in found.rendered.resources if resource.name == "status-mock"]

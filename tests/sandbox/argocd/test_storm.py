"""A storm changes tenants; its events are those of any other change."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.server import Sandbox

STREAM = "/api/v1/stream/applications"
FIELDS = "result.type,result.application.metadata.name,result.application.status.health"


@pytest.fixture
def scenario_name() -> str:
    return "scale-12"


async def read_events(argocd: httpx.AsyncClient, box: Sandbox, fields: str, changes: int) -> list[dict[str, Any]]:
    """Return the events of a storm of so many changes, with those of the beginning."""
    query = {"fields": fields} if fields else {}
    count = len(box.applications) + changes
    async with argocd.stream("GET", STREAM, params=query) as stream:
        box.storm.change_next(changes)
        lines = stream.aiter_lines()
        return [json.loads(await anext(lines))["result"] for _ in range(count)]


async def test_a_storm_changes_one_tenant_after_the_other(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    events = (await read_events(argocd, box, FIELDS, 18))[12:]
    names = [event["application"]["metadata"]["name"] for event in events]
    assert len(set(names[:9])) == 9
    assert names[:9] == names[9:]
    health = [event["application"]["status"]["health"]["status"] for event in events]
    assert health == ["Progressing"] * 9 + ["Healthy"] * 9


async def test_an_event_is_the_application_at_that_time(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    expected: list[object] = []
    box.controller.listeners.append(lambda _event, app: expected.append(serialize_application(app)))
    events = await read_events(argocd, box, "", 20)
    assert [event["application"] for event in events[12:]] == expected


async def test_another_change_during_a_storm_is_not_lost(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = next(app for app in box.applications.values() if app.foreign)
    fields = f"{FIELDS},result.application.status.sync"
    async with argocd.stream("GET", STREAM, params={"fields": fields}) as stream:
        box.storm.change_next(18)
        app.sync = "OutOfSync"
        box.controller.notify_changed(app, box.clock.now())
        box.storm.change_next(18)
        lines = stream.aiter_lines()
        events = [json.loads(await anext(lines))["result"]["application"] for _ in range(12 + 18 + 1 + 18)]
    later = [event["status"] for event in events[31:] if event["metadata"]["name"] == app.name]
    assert [status["sync"]["status"] for status in later] == ["OutOfSync", "OutOfSync"]


async def test_without_tenants_a_storm_changes_nothing() -> None:
    async with Sandbox.start("steady") as box:
        version = box.controller.resource_version
        box.storm.change_next(5)
        assert box.controller.resource_version == version

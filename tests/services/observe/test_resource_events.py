"""The events of a resource and of everything below it."""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.services.observe.resource_events import MAX_RESOURCES, EventReport, read_event_report
from tests.tui.sample_inspections import (
    BACK_OFF,
    FAILING_NODES,
    FAILING_POD,
    REFUSED,
    SCHEDULED,
    SYNCED,
    FakeInspector,
    make_node,
)

GATEWAY = next(node for node in FAILING_NODES if str(node.key) == "Deployment/gateway")


async def read_report(inspector: Any, node: Any = None) -> Fresh[EventReport]:
    reading = await read_event_report(inspector, node)
    assert isinstance(reading, Fresh)
    return reading


async def test_events_of_the_pods_of_a_workload_are_included():
    inspector = FakeInspector()
    report = (await read_report(inspector, GATEWAY)).value
    assert report.events == (BACK_OFF, SCHEDULED)
    assert report.examined == 4
    assert "events Pod/web-5b6c-0" not in inspector.reads


async def test_events_of_the_application_include_its_workloads():
    report = (await read_report(FakeInspector())).value
    assert report.events == (BACK_OFF, SCHEDULED, SYNCED)


async def test_the_worst_resources_are_examined_first():
    pods = tuple(make_node(f"healthy-{number}", parent="gateway") for number in range(40))
    inspector = FakeInspector((GATEWAY, *pods, make_node("bad", parent="gateway", health="Degraded")))
    report = (await read_report(inspector, GATEWAY)).value
    assert report.scope == f"{MAX_RESOURCES} of 42 resources"
    assert "events Pod/bad" in inspector.reads


async def test_a_tree_that_cannot_be_read_is_a_problem():
    inspector = FakeInspector()
    inspector.tree = REFUSED
    reading = await read_report(inspector, FAILING_POD)
    assert reading.value.events == (BACK_OFF, SCHEDULED)
    assert [problem.kind for problem in reading.problems] == ["forbidden"]


async def test_refused_events_are_unavailable():
    inspector: Any = FakeInspector()
    inspector.events = REFUSED
    assert isinstance(await read_event_report(inspector, FAILING_POD), Unavailable)
    assert len((await read_report(inspector)).problems) == 9

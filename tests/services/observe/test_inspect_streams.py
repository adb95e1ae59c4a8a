"""Streams of one application end to end, on the embedded servers."""

from __future__ import annotations

import asyncio

import pytest

from anchor_tui.domain.inspection.logs import LogSelection
from anchor_tui.domain.readings import Fresh
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.inspect import ApplicationInspector
from anchor_tui.services.observe.log_pods import read_log_pods
from tests.services.sandbox_operator import Operator, operator_at


async def open_inspector(op: Operator, name: str) -> ApplicationInspector:
    snapshot = await op.observe()
    every = [app for environment in snapshot.environments for app in environment.applications]
    return ApplicationInspector(op.connections, next(app for app in every if app.name == name))


async def wait_for_request(op: Operator, path: str) -> None:
    """Wait until the server has received a request for a path."""
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    op.traffic.on_arrival.append(
        lambda request: loop.call_soon_threadsafe(arrived.set) if request.path == path else None  # type: ignore[func-returns-value]
    )
    if any(request.path == path for request in op.traffic.requests):
        return
    await arrived.wait()


@pytest.fixture
def faster(monkeypatch):
    from anchor_tui.sandbox.argocd.workloads import api

    monkeypatch.setattr(api, "FOLLOW_INTERVAL_S", 0.02)


@pytest.mark.usefixtures("faster")
async def test_new_lines_of_every_pod_arrive(tmp_path):
    with operator_at("steady", tmp_path) as op:
        inspector = await open_inspector(op, "anchor-msp-prod")
        reading = await read_log_pods(inspector, None)
        assert isinstance(reading, Fresh)
        pods = reading.value.pods
        wanted = [LogSelection(pod.node.key.namespace, pod.node.key.name, tail=1) for pod in pods]
        counts: dict[str, int] = {}
        found = inspector.follow_logs(wanted)
        async with asyncio.timeout(10):
            async for batch in found:
                for line in batch.lines:
                    counts[line.pod] = counts.get(line.pod, 0) + 1
                if len(counts) == len(pods) and min(counts.values()) > 2:
                    break
        await found.aclose()
        await inspector.aclose()
        assert reading.value.total == len(pods) > 2


async def test_a_change_brings_a_new_tree(tmp_path):
    with operator_at("steady", tmp_path) as op:
        inspector = await open_inspector(op, "anchor-msp-dev")
        found = inspector.follow_tree()
        async with asyncio.timeout(10):
            first = await anext(aiter(found))
            assert isinstance(first, Fresh)
            app = op.box.applications["argocd", "anchor-msp-dev"]
            path = "/api/v1/stream/applications/anchor-msp-dev/resource-tree"
            changes = asyncio.create_task(anext(aiter(found)))
            await wait_for_request(op, path)
            op.box.call_in_loop(lambda: op.box.controller.notify_changed(app, op.box.clock.now()))
            second = await changes
        assert isinstance(second, Fresh)
        assert {node.key for node in second.value.tree.nodes} == {node.key for node in first.value.tree.nodes}
        assert len([request for request in op.traffic.requests if request.path.endswith("/resource-tree")]) == 2
        await found.aclose()
        await inspector.aclose()


async def test_the_missing_right_for_logs_is_named(tmp_path):
    with operator_at("steady", tmp_path) as op:
        inspector = await open_inspector(op, "anchor-msp-prod")
        token = op.box.argocd.sessions.issue_token("viewer:apiKey")
        viewer = Connections(op.config, {**op.environ, "ARGOCD_AUTH_TOKEN": token}, tmp_path)
        refused = ApplicationInspector(viewer, inspector.application)
        (batch,) = [found async for found in refused.follow_logs([LogSelection()], reopens=False)]
        await refused.aclose()
        await inspector.aclose()
    assert "logs, get" in batch.failures[0].error.message
    assert "ask for this right" in batch.failures[0].error.message

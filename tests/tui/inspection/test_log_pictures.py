"""Pictures of the Logs pane in every state and in two sizes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh
from tests.tui.inspection.panel_app import (
    DEPLOYMENT,
    FakeInspector,
    LogHarness,
    at,
    open_logs,
    pod_manifest,
    pod_node,
)
from tests.values import NOW

SIZES = ((80, 24), (120, 40))
A, B = "gateway-7d9f-abc12", "gateway-7d9f-xyz89"
HEALTHY = (
    LogLine('{"level":"info","msg":"listening","port":8080}', A, at(0)),
    LogLine('{"level":"info","msg":"listening","port":8080}', B, at(0.4)),
    LogLine('{"level":"warn","msg":"slow request","path":"/v1/runs","ms":1830}', A, at(2)),
    LogLine("plain text without a level, long enough to be cut at the right edge of a narrow screen " * 2, B, at(3)),
    LogLine('{"level":"debug","msg":"cache","hits":12,"tags":["a","b"]}', A, at(4)),
    LogLine('{"level":"error","msg":"upstream timed out","url":"http://agent-field/v1/runs"}', B, at(5)),
    LogLine('{"level":"info","msg":"GET /healthz 200","ms":2}', A, at(6)),
)
CRASHED = (
    LogLine('{"level":"info","msg":"starting"}', A, at(-33)),
    LogLine("Traceback (most recent call last):", A, at(-32)),
    LogLine('  File "/app/main.py", line 12, in <module>', A, at(-31.9)),
    LogLine("KeyError: 'AUTH_JWKS_URL'", A, at(-31)),
)


def make_inspector(*names: str) -> FakeInspector:
    inspector = FakeInspector()
    inspector.nodes = (DEPLOYMENT, *(pod_node(name) for name in names))
    return inspector


def fail() -> FakeInspector:
    inspector = make_inspector(A)
    ended = {"terminated": {"exitCode": 1, "finishedAt": at(-30).isoformat()}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    inspector.manifests[A] = pod_manifest(A, {"name": "app", "restartCount": 6, "state": waiting, "lastState": ended})
    inspector.previous = Fresh(CRASHED, NOW, NOW)
    return inspector


def refuse() -> FakeInspector:
    inspector = make_inspector(A)
    inspector.tree_error = SourceFailure("forbidden", "403: permission denied: applications, get, anchor-msp/prod")
    return inspector


async def show_lines(ui: LogHarness) -> None:
    await ui.send(*HEALTHY)


async def show_previous(ui: LogHarness) -> None:
    await ui.wait_until(lambda: "KeyError" in ui.text)
    await ui.press("e")


async def filter_lines(ui: LogHarness) -> None:
    await ui.send(*HEALTHY)
    await ui.press("w", "H", "slash", *"time|healthz", "up")


async def lose_the_source(ui: LogHarness) -> None:
    await ui.send(*HEALTHY)
    ui.inspector.tree_error = SourceFailure("unreachable", "cannot connect: connection refused")
    ui.panel.activate()
    await ui.wait_until(lambda: "connection refused" in ui.text)


async def wait(ui: LogHarness) -> None:
    await ui.pilot.pause()


STATES: dict[str, tuple[Callable[[], FakeInspector], Callable[[LogHarness], Awaitable[None]]]] = {
    "healthy": (lambda: make_inspector(A, B), show_lines),
    "failing": (fail, show_previous),
    "filtered": (lambda: make_inspector(A, B), filter_lines),
    "stale": (lambda: make_inspector(A, B), lose_the_source),
    "empty": (lambda: make_inspector(A), wait),
    "refused": (refuse, wait),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_the_logs_look_as_before(state, size, picture):
    make, prepare = STATES[state]
    inspector = make()
    async with open_logs(inspector, size, follows=inspector.tree_error is None) as ui:
        await prepare(ui)
        image = re.sub(r"@font-face \{.*?\}", "", ui.app.export_screenshot(), flags=re.DOTALL)
    assert image == picture

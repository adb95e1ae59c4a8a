"""A small application with one panel, and requests without a background thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.logs import LogBatch, LogLine, LogSelection
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.observe.inspect import InspectedTree
from anchor_tui.tui.inspection.logs import LogPanel
from anchor_tui.tui.screens.detail import DetailScreen
from tests.values import NOW, application

DEPLOYMENT = ResourceNode(ResourceKey("apps", "Deployment", "prod", "gateway"), uid="d")


def pod_node(name: str, **changes: Any) -> ResourceNode:
    values: dict[str, Any] = {"uid": name, "parent_uids": ("d",), "health": "Healthy", "ready": "1/1", "restarts": 0}
    return ResourceNode(ResourceKey("", "Pod", "prod", name), **{**values, **changes})


def pod_manifest(name: str, *containers: dict[str, Any], phase: str = "Running") -> dict[str, Any]:
    """Return a live pod. A container has its name, and the fields of its status."""
    return {
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"containers": [{"name": container["name"]} for container in containers]},
        "status": {"phase": phase, "containerStatuses": list(containers)},
    }


def at(seconds: float) -> datetime:
    return NOW - timedelta(minutes=1) + timedelta(seconds=seconds)


class FakeInspector:
    """The inside of an application, as tests set it. `feed` has the batches of the followed logs."""

    def __init__(self) -> None:
        self.nodes: tuple[ResourceNode, ...] = (DEPLOYMENT, pod_node("gateway-7d9-abc"))
        self.manifests: dict[str, dict[str, Any]] = {}
        self.tree_error: SourceFailure | None = None
        self.previous: Reading[tuple[LogLine, ...]] = Fresh((), NOW, NOW)
        self.feed: asyncio.Queue[LogBatch] = asyncio.Queue()
        self.followed: list[Sequence[LogSelection]] = []
        self.read: list[Sequence[LogSelection]] = []
        self.after: dict[str, datetime] = {}
        self.open = 0

    async def read_tree(self) -> Reading[InspectedTree]:
        if self.tree_error is not None:
            return Unavailable(self.tree_error)
        return Fresh(InspectedTree(ResourceTree(self.nodes), ApplicationDetails()), NOW, NOW)

    async def read_live_object(self, node: ResourceNode) -> Reading[dict[str, Any]]:
        name = node.key.name
        return Fresh(self.manifests.get(name, pod_manifest(name, {"name": "app"})), NOW, NOW)

    async def read_logs(self, selections: Sequence[LogSelection]) -> Reading[tuple[LogLine, ...]]:
        self.read.append(selections)
        return self.previous

    async def follow_logs(
        self, selections: Sequence[LogSelection], *, after: dict[str, datetime]
    ) -> AsyncIterator[LogBatch]:
        self.followed.append(selections)
        self.after = after
        self.open += 1
        try:
            while True:
                yield await self.feed.get()
        finally:
            self.open -= 1


class FakeRequests:
    """Runs the readings on the loop of the test."""

    def __init__(self, inspector: FakeInspector) -> None:
        self.inspector = inspector

    def inspect(self, _application: Application, read: Callable[[Any], Coroutine[Any, Any, Any]]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(read(self.inspector), asyncio.get_running_loop())


class PanelApp(App[None]):
    """One panel and nothing else."""

    def __init__(self, panel: LogPanel) -> None:
        super().__init__()
        self.panel = panel

    def compose(self) -> ComposeResult:
        yield self.panel

    @on(LogPanel.RowOpened)
    async def show_row(self, message: LogPanel.RowOpened) -> None:
        screen = DetailScreen(message.row, lambda: message.row)
        await self.push_screen(screen)
        screen.now = self.panel.now


class LogHarness:
    """The running panel, with helpers for tests."""

    def __init__(self, app: PanelApp, pilot: Pilot[None], inspector: FakeInspector) -> None:
        self.app, self.pilot, self.inspector = app, pilot, inspector

    @property
    def panel(self) -> LogPanel:
        return self.app.panel

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips(self.app.size)  # Textual has no public way to the text
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def status(self) -> str:
        return self.text.splitlines()[0]

    @property
    def notifications(self) -> str:
        return "\n".join(f"{shown.title}: {shown.message}" for shown in self.app._notifications)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def wait_until(self, is_reached: Callable[[], bool]) -> None:
        for _ in range(500):
            if is_reached():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"the state was not reached; the screen shows\n{self.text}")

    async def send(self, *lines: LogLine, dropped: int = 0) -> None:
        """Send a batch, and wait until it is drawn."""
        before = self.inspector.feed.qsize()
        assert before == 0
        self.inspector.feed.put_nowait(LogBatch(tuple(lines), dropped))
        await self.wait_until(lambda: self.inspector.feed.qsize() == 0)
        await self.pilot.pause()
        await self.pilot.pause()


@asynccontextmanager
async def open_logs(
    inspector: FakeInspector | None = None, size: tuple[int, int] = (80, 24), *, follows: bool = True
) -> AsyncIterator[LogHarness]:
    """Run the panel, active and focused, and wait until it follows the logs."""
    inspector = inspector or FakeInspector()
    panel = LogPanel(application("anchor-msp-prod"), FakeRequests(inspector))
    panel.set_reactive(LogPanel.now, NOW)
    app = PanelApp(panel)
    async with app.run_test(size=size) as pilot:
        ui = LogHarness(app, pilot, inspector)
        panel.lines.focus()
        panel.activate()
        await ui.wait_until(lambda: bool(inspector.followed) if follows else panel.reading is not None)
        yield ui

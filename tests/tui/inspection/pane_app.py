"""A small application with one pane of an application, for tests: the readings come from a stand-in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.pilot import Pilot

from anchor_tui.domain.model import Application, Snapshot, SourceFailure
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.style import find_sheets
from anchor_tui.tui.targets import ActionTarget
from anchor_tui.tui.widgets.filtered_rows import FilteredRows
from tests.values import NOW, ago, application

REFUSED = Unavailable(SourceFailure("forbidden", "permission denied: applications, get: ask for this right"))


def fresh(value: Any) -> Fresh[Any]:
    return Fresh(value, ago(seconds=3), NOW + timedelta(minutes=1))


class FakeInspector:
    """Answers every method with the reading that the test has set, and records the calls."""

    def __init__(self, **readings: Any) -> None:
        self.readings = readings
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.application = application()

    def __getattr__(self, name: str) -> Any:
        async def read(*arguments: Any) -> Any:
            self.calls.append((name, arguments))
            found = self.readings[name]
            return found(*arguments) if callable(found) else found

        return read


class PaneApp(LiveApp):
    """An application that shows a pane and nothing else."""

    CSS_PATH = find_sheets("app.tcss", "fleet.tcss", "dialog.tcss", "inspection.tcss")
    BINDINGS: ClassVar = [Binding("slash", "filter", show=False), Binding("escape", "end_filter", show=False)]

    def __init__(self, pane: type[InspectionPanel[Any]], inspector: FakeInspector, snapshot: Snapshot | None) -> None:
        super().__init__()
        self.inspector = inspector
        self.started: list[tuple[str, ActionTarget]] = []
        self.panel: Any = pane(application(), self)
        self.set_reactive(LiveApp.snapshot, snapshot)
        self.set_reactive(LiveApp.now, NOW)

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.panel.now = NOW
        self.read()
        focusable = (widget for widget in self.panel.query("*") if widget.focusable)
        self.screen.set_focus(next(focusable, None))

    def read(self) -> None:
        """Read the pane again, now."""
        self.panel.activate()

    def inspect(self, application: Application, read: Callable[[Any], Coroutine[Any, Any, Any]]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(read(self.inspector), asyncio.get_running_loop())

    def start_action(self, action: Any, target: ActionTarget) -> None:
        self.started.append((action, target))

    async def action_filter(self) -> None:
        await self.panel.query_one(FilteredRows).open_filter()

    async def action_end_filter(self) -> None:
        await self.panel.query_one(FilteredRows).clear_filter()


class PaneHarness:
    """The running pane, with helpers for tests."""

    def __init__(self, app: PaneApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.panel = app, pilot, app.panel

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def read(self) -> None:
        self.app.read()
        await self.pilot.pause()

    async def wait_until(self, is_reached: Callable[[], bool]) -> None:
        for _ in range(500):
            if is_reached():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"the state was not reached; the screen shows\n{self.text}")

    async def wait_for(self, text: str) -> None:
        await self.wait_until(lambda: text in self.text)

    @property
    def text(self) -> str:
        lines = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text.rstrip() for strip in lines)

    @property
    def clipboard(self) -> str:
        return self.app.clipboard

    @property
    def notifications(self) -> str:
        return "\n".join(f"{shown.title}: {shown.message}" for shown in self.app._notifications)

    def picture(self) -> str:
        return re.sub(r"@font-face \{.*?\}", "", self.app.export_screenshot(), flags=re.DOTALL)


@asynccontextmanager
async def open_pane(
    pane: type[InspectionPanel[Any]],
    inspector: FakeInspector,
    size: tuple[int, int] = (120, 40),
    snapshot: Snapshot | None = None,
) -> AsyncIterator[PaneHarness]:
    """Run a pane whose readings come from the stand-in."""
    app = PaneApp(pane, inspector, snapshot)
    async with app.run_test(size=size) as pilot:
        ui = PaneHarness(app, pilot)
        await ui.wait_until(lambda: app.panel.reading is not None)
        await pilot.pause()
        yield ui

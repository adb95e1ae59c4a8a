"""A screen without servers: snapshots are handed in, the clock stands still, pictures are comparable."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from textual.pilot import Pilot

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.execute.executor import Consent
from anchor_tui.tui.app import AnchorApp
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from tests.values import NOW, config


def completed_future(value: Any) -> Future[Any]:
    """A future that has its answer already."""
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class FakeBackend:
    """Hands over what the test publishes, and remembers what it was asked: for readings, Plans and executions."""

    def __init__(self) -> None:
        self.jobs_listener: Callable[[tuple[Job, ...]], None] | None = None
        self.orders: list[Order] = []
        self.executed: list[tuple[Plan, Consent]] = []
        self.plan: Callable[[Order], Plan | Refusal] = lambda _: Refusal("", "none", "the test has no Plan for it")
        self.outcome: Future[Outcome] = Future()
        self.releases: tuple[PastRelease, ...] | Refusal = ()
        self.recovered: tuple[str, ...] = ()
        self.writes_finished = 0
        self.listener: Callable[[Snapshot], None] | None = None
        self.died: Callable[[], None] | None = None
        self.first_frame_shown = False
        self.read_again_count = 0

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        self.listener, self.died = listener, died

    def on_first_frame(self) -> None:
        self.first_frame_shown = True

    def read_again(self) -> None:
        self.read_again_count += 1

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        self.orders.append(order)
        return completed_future(self.plan(order))

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        self.executed.append((plan, consent))
        self.outcome = Future()
        return self.outcome

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        return completed_future(self.releases)

    def recover(self) -> Future[tuple[str, ...]]:
        return completed_future(self.recovered)

    def finish_writes(self) -> Future[None]:
        self.writes_finished += 1
        return completed_future(None)

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        self.jobs_listener = listener


class AppHarness:
    """The running application with what a test needs of it."""

    def __init__(self, app: AnchorApp, pilot: Pilot[None], reader: FakeBackend, of: Config) -> None:
        self.app, self.pilot, self.reader, self.config = app, pilot, reader, of
        self.moment = NOW

    @property
    def fleet(self) -> FleetScreen:
        assert isinstance(self.app.screen, FleetScreen)
        return self.app.screen

    async def show(self, readings: SourceReadings, findings: PolicyFindings | None = None) -> Snapshot:
        """Publishes what follows from these readings, and waits until it is drawn."""
        snapshot = build_snapshot(self.config, readings, self.moment, findings)
        assert self.reader.listener is not None
        self.reader.listener(snapshot)
        await self.pilot.pause()
        await self.pilot.pause()
        return snapshot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips(self.app.size)
        assert len(lines) == height
        return "\n".join(strip.text[:width].rstrip() for strip in lines)

    def picture(self) -> str:
        """The screen as SVG, without the web font that Textual links."""
        return re.sub(r"@font-face \{.*?\}", "", self.app.export_screenshot(), flags=re.DOTALL)


@asynccontextmanager
async def open_app(
    size: tuple[int, int] = (110, 32), of: Config | None = None, **options: Any
) -> AsyncIterator[AppHarness]:
    """The application at a fixed size, its clock standing at NOW."""
    chosen, reader = of or config(), FakeBackend()
    stage: list[AppHarness] = []

    def clock() -> datetime:
        return stage[0].moment if stage else NOW

    app = AnchorApp(chosen, reader, clock, ascii_only=options.pop("ascii_only", False), **options)
    async with app.run_test(size=size) as pilot:
        stage.append(AppHarness(app, pilot, reader, chosen))
        await pilot.pause()
        yield stage[0]


async def wait_until(stage: AppHarness, holds: Callable[[], bool]) -> None:
    """Lets the application go on until it is so; the suite's own time limit is the last resort."""
    for _ in range(500):
        if holds():
            return
        await stage.pilot.pause(0.01)
    raise AssertionError(f"it never came to be; on the screen stands\n{stage.text}")


def notifications(stage: AppHarness) -> str:
    """What the application has notified of."""
    return "\n".join(f"{each.title}: {each.message}" for each in stage.app._notifications)


def plan_screen(stage: AppHarness) -> PlanScreen:
    assert isinstance(stage.app.screen, PlanScreen)
    return stage.app.screen


async def open_plan(stage: AppHarness, key: str, plan: Callable[[Order], Plan | Refusal]) -> PlanScreen:
    """Presses an action's key and waits until its Plan can be read."""
    stage.reader.plan = plan
    await stage.press(key)
    await wait_until(stage, lambda: isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable)
    return plan_screen(stage)

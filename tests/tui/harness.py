"""Run the application without servers: tests publish snapshots, the clock is fixed, pictures are comparable."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from textual.pilot import Pilot

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
from anchor_tui.domain.history.incidents import (
    Incident,
    IncidentFacts,
    IncidentNote,
    IncidentReport,
    IncidentStatus,
)
from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
from anchor_tui.domain.history.release_runs import ReleaseRecord
from anchor_tui.domain.model import Application, Snapshot, SourceFailure
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.readings import Unavailable
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.execute.executor import Consent
from anchor_tui.services.history.database import HistoryError
from anchor_tui.tui.app import AnchorApp
from anchor_tui.tui.protocols import Backend
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.operator_fleet import OperatorFleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from tests.values import NOW
from tests.values import config as make_config


def completed_future(value: Any) -> Future[Any]:
    """Return a future that already has its result."""
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class UnreadInspector:
    """An ApplicationInspector whose parts are all unavailable."""

    async def follow_tree(self) -> AsyncGenerator[Unavailable, None]:
        yield Unavailable(SourceFailure("unreachable", "the test has no inspector"))

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Unavailable]]:
        async def read(*_: object) -> Unavailable:
            return Unavailable(SourceFailure("unreachable", "the test has no inspector"))

        return read


class FakeBackend:
    """A background thread without a thread: delivers what the test publishes and records every request."""

    def __init__(self) -> None:
        self.jobs_listener: Callable[[tuple[Job, ...]], None] | None = None
        self.orders: list[Order] = []
        self.executed: list[tuple[Plan, Consent]] = []
        self.plan: Callable[[Order], Plan | Refusal] = lambda _: Refusal("", "none", "the test has no plan")
        self.outcome: Future[Outcome] = Future()
        self.releases: tuple[PastRelease, ...] | Refusal = ()
        self.release_record = ReleaseRecord()
        self.incidents = FakeIncidents()
        self.recovered: tuple[str, ...] = ()
        self.writes_finished = 0
        self.listener: Callable[[Snapshot], None] | None = None
        self.died: Callable[[], None] | None = None
        self.first_frame_shown = False
        self.read_again_count = 0
        self.inspector: Any = UnreadInspector()
        """The stand-in for ApplicationInspector."""
        self.inspected: list[Application] = []
        self.pull_requests: Any = None
        """Reads pull requests instead of a PullRequestInspector."""
        self.inspected_pull_requests: list[int] = []
        self.timeline: Callable[..., Future[Any]] = lambda _environments, loaded, _older: completed_future(
            loaded or LoadedTimeline()
        )
        """The stand-in for TimelineService."""
        self.timeline_requests: list[tuple[tuple[str, ...], bool]] = []

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        self.listener, self.died = listener, died

    def on_first_frame(self) -> None:
        self.first_frame_shown = True

    def read_again(self) -> None:
        self.read_again_count += 1

    def inspect_pull_request(self, number: int, read: Callable[[Any], Coroutine[Any, Any, Any]]) -> Future[Any]:
        """Run a reading on `pull_requests`, on the loop of the test."""
        self.inspected_pull_requests.append(number)
        future: Future[Any] = Future()
        task = asyncio.ensure_future(read(self.pull_requests))

        def finish(done: asyncio.Task[Any]) -> None:
            if done.cancelled() or future.cancelled():
                future.cancel()
            elif error := done.exception():
                future.set_exception(error)
            else:
                future.set_result(done.result())

        task.add_done_callback(finish)
        future.add_done_callback(lambda ended: task.cancel() if ended.cancelled() else None)
        return future

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        self.orders.append(order)
        return completed_future(self.plan(order))

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        self.executed.append((plan, consent))
        self.outcome = Future()
        return self.outcome

    def read_release_record(self, environment: str) -> Future[ReleaseRecord]:
        return completed_future(self.release_record)

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        return completed_future(self.releases)

    def recover(self) -> Future[tuple[str, ...]]:
        return completed_future(self.recovered)

    def finish_writes(self) -> Future[None]:
        self.writes_finished += 1
        return completed_future(None)

    def read_timeline(self, environments: tuple[str, ...], loaded: Any, older: bool) -> Future[Any]:
        self.timeline_requests.append((environments, older))
        return self.timeline(environments, loaded, older)

    def inspect(self, application: Application, read: Callable[[Any], Coroutine[Any, Any, Any]]) -> Future[Any]:
        """Run a reading with the test's inspector."""
        self.inspected.append(application)
        return asyncio.run_coroutine_threadsafe(read(self.inspector), asyncio.get_running_loop())

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        self.jobs_listener = listener


class FakeIncidents:
    """Incidents without a file: every request is recorded and answered at once, or fails."""

    def __init__(self) -> None:
        self.refusal = ""
        self.failure: HistoryError | None = None
        self.listener: Callable[[IncidentStatus], None] | None = None
        self.running: Incident | None = None
        self.notes: list[IncidentNote] = []
        self.facts = IncidentFacts(NOW)
        self.read_count = 0
        self.version = 0

    def watch(self, listener: Callable[[IncidentStatus], None]) -> None:
        self.listener = listener
        self.publish()

    def publish(self) -> None:
        """Report a change of the history, as the desk's thread does."""
        assert self.listener is not None
        running = self.running if self.running is not None and self.running.is_running else None
        self.version += 1
        self.listener(IncidentStatus(running, self.version))

    def start_incident(self, title: str) -> Future[tuple[Incident, bool]]:
        is_new = self.running is None
        if is_new and self.failure is None:
            self.running = Incident(12, title, NOW, "kim@laptop")
        return self._answer((self.running, is_new))

    def add_note(self, number: int, text: str) -> Future[IncidentNote]:
        note = IncidentNote(NOW, "kim@laptop", text, len(self.notes) + 1)
        if self.failure is None:
            self.notes.append(note)
        return self._answer(note)

    def end_incident(self, number: int) -> Future[Incident]:
        assert self.running is not None
        if self.failure is None:
            self.running = replace(self.running, ended_at=NOW, ended_by="kim@laptop")
        return self._answer(self.running)

    def read_report(self, number: int) -> Future[IncidentReport]:
        self.read_count += 1
        assert self.running is not None
        return self._answer(IncidentReport(self.running, tuple(self.notes), self.facts, "anchor-msp", "laptop"))

    def _answer(self, value: Any) -> Future[Any]:
        if self.failure is None:
            return completed_future(value)
        future: Future[Any] = Future()
        future.set_exception(self.failure)
        return future


class NotLaidOutError(Exception):
    """A screen was pushed and has no lines yet."""


class AppHarness:
    """The running application, with helpers for tests."""

    def __init__(self, app: AnchorApp, pilot: Pilot[None], backend: Backend, config: Config) -> None:
        self.app, self.pilot, self.config = app, pilot, config
        self.backend: Any = backend
        self.time = NOW

    @property
    def fleet(self) -> FleetScreen:
        assert isinstance(self.app.screen, FleetScreen)
        return self.app.screen

    @property
    def operator_fleet(self) -> OperatorFleetScreen:
        assert isinstance(self.app.screen, OperatorFleetScreen)
        return self.app.screen

    @property
    def plan_screen(self) -> PlanScreen:
        assert isinstance(self.app.screen, PlanScreen)
        return self.app.screen

    @property
    def can_confirm(self) -> bool:
        """Return True if a plan is on the screen and keys count."""
        return isinstance(self.app.screen, PlanScreen) and self.app.screen.is_readable

    async def show(self, readings: SourceReadings, findings: PolicyFindings | None = None) -> Snapshot:
        """Publish the snapshot of these readings, and wait until it is drawn."""
        snapshot = build_snapshot(self.config, readings, self.time, findings)
        await self.publish(snapshot)
        return snapshot

    async def publish(self, snapshot: Snapshot) -> None:
        """Publish a snapshot, and wait until it is drawn."""
        assert self.backend.listener is not None
        self.backend.listener(snapshot)
        await self.pilot.pause()
        await self.pilot.pause()

    async def publish_jobs(self, *jobs: Job) -> None:
        """Publish the progress of actions, and wait until it is drawn."""
        assert self.backend.jobs_listener is not None
        self.backend.jobs_listener(jobs)
        await self.pilot.pause()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def open_plan(self, key: str, plan: Callable[[Order], Plan | Refusal]) -> PlanScreen:
        """Press an action's key and wait until keys count on its plan."""
        self.backend.plan = plan
        await self.press(key)
        await self.wait_until(lambda: self.can_confirm)
        return self.plan_screen

    async def wait_until(self, is_reached: Callable[[], bool]) -> None:
        """Let the application run until a state is reached; fail after 15 s or a little more."""
        for _ in range(1500):
            with contextlib.suppress(NotLaidOutError):
                if is_reached():
                    return
            await self.pilot.pause(0.01)
        raise AssertionError(f"the state was not reached; the screen shows\n{self.text}")

    @property
    def text(self) -> str:
        """The screen's text, line by line. Raises NotLaidOutError."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips(self.app.size)  # Textual has no public way to the text
        if len(lines) != height:
            raise NotLaidOutError(f"{len(lines)} of {height} lines")
        return "\n".join(strip.text[:width].rstrip() for strip in lines)

    @property
    def notifications(self) -> str:
        """All notifications so far."""
        shown = self.app._notifications  # Textual has no public list of them
        return "\n".join(f"{notification.title}: {notification.message}" for notification in shown)

    def picture(self) -> str:
        """Return the screen as SVG, without the web font that Textual links."""
        return re.sub(r"@font-face \{.*?\}", "", self.app.export_screenshot(), flags=re.DOTALL)


@asynccontextmanager
async def open_app(
    size: tuple[int, int] = (110, 32),
    config: Config | None = None,
    *,
    ascii_only: bool = False,
    backend: Backend | None = None,
    may_fail: bool = False,
    **options: Any,
) -> AsyncIterator[AppHarness]:
    """Run the application at a fixed size with its clock at NOW. Unless it `may_fail`, no part of it may fail."""
    chosen, backend = config or make_config(), backend or FakeBackend()
    ui: list[AppHarness] = []

    def clock() -> datetime:
        return ui[0].time if ui else NOW

    app = AnchorApp(chosen, backend, clock, ascii_only=ascii_only, **options)
    async with app.run_test(size=size) as pilot:
        ui.append(AppHarness(app, pilot, backend, chosen))
        await pilot.pause()
        yield ui[0]
    assert may_fail or app.failures == [], app.failures

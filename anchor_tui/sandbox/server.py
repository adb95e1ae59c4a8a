"""All servers on loopback sockets, in an event loop or in their own thread.

async with Sandbox.start("incident") as box: ...
with run_sandbox_in_thread("steady", clock=ManualClock(...)) as box: ...
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.types import ASGIApp

from anchor_tui.sandbox.argocd.api import ArgoCDServer
from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.kubectl import Kubectl
from anchor_tui.sandbox.argocd.storm import ChangeStorm
from anchor_tui.sandbox.argocd.stream import HEARTBEAT_S
from anchor_tui.sandbox.clock import Clock, ManualClock, WallClock
from anchor_tui.sandbox.faults.middleware import ClientAddress, FaultMiddleware, SandboxRequest
from anchor_tui.sandbox.faults.switches import Fault, FaultSwitches, Side
from anchor_tui.sandbox.git.objects import GitPerson
from anchor_tui.sandbox.git.repository import MemoryRepository
from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.api import GitHubServer
from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.writes import submit_review
from anchor_tui.sandbox.scenarios.builder import build_scenario
from anchor_tui.sandbox.scenarios.catalog import find_scenario
from anchor_tui.sandbox.scenarios.scenario import Scenario
from anchor_tui.sandbox.sockets import LOOPBACK, SHUTDOWN_GRACE_S, LoopbackServer, open_listener, wait_while
from anchor_tui.sandbox.status_api import EVENTS_PATH, StatusApiServer
from anchor_tui.sandbox.timings import ControllerTimings

TICK_S = 0.1
ResultT = TypeVar("ResultT")


class Sandbox:
    """A running sandbox. All methods are thread-safe."""

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        *,
        timings: ControllerTimings,
        checks: CheckTimings,
        faults: Iterable[Fault | str],
        heartbeat_s: float,
        storm_per_s: float,
    ) -> None:
        self.scenario = scenario
        self.clock = clock
        self.errors: list[Exception] = []
        """Exceptions of the servers; empty if everything works."""
        self.requests: Counter[SandboxRequest] = Counter()
        """The number of requests so far."""
        self.faults = FaultSwitches()
        for fault in faults:
            self.faults.add(fault)
        state = build_scenario(scenario, clock, timings, checks)
        self.controller: ApplicationController = state.controller
        self.github_repo: HostedRepository = state.ops
        self.argocd = ArgoCDServer(
            state.controller, clock, self.faults, heartbeat_s=heartbeat_s, wake=lambda: self._wake.set()
        )
        self.storm = ChangeStorm(state.controller, self.argocd.encoded, clock)
        self._storm_per_s = storm_per_s
        self.kubectl = Kubectl(state.controller, clock, self.call_in_loop)
        self.github = GitHubServer((state.ops, state.app), clock, self.faults)
        self.status_api = StatusApiServer(clock)
        self.argocd_token = self.argocd.sessions.issue_token("on-call:apiKey")
        self.github_token = self.github.token
        self.status_token = self.status_api.token
        self.argocd_url = self.github_url = self.status_url = ""
        self.ops_repo, self.app_repo = state.ops.full_name, state.app.full_name
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def git(self) -> MemoryRepository:
        """The git repository of the ops repo."""
        return self.github_repo.git

    @property
    def applications(self) -> Mapping[tuple[str, str], ClusterApplication]:
        """Argo CD's applications by namespace and name."""
        return self.controller.applications

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        branch: str = "main",
        author: str | GitPerson = "a-lee",
    ) -> str:
        """Commit to the ops repo, as a push, and return the commit id. None deletes a file."""
        person = ACCOUNTS[author] if isinstance(author, str) else author
        return self.call_in_loop(
            lambda: self.git.commit(files, message, author=person, time=self.clock.now(), branch=branch)
        )

    def advance(self, seconds: float) -> None:
        """Advance a ManualClock and run the events that are due."""
        clock = self.clock
        if not isinstance(clock, ManualClock):
            raise TypeError("only a ManualClock can be advanced")

        def move() -> None:
            clock.advance(seconds)
            self._run_due_events()

        self.call_in_loop(move)

    def approve(self, number: int, by: str = "a-lee") -> None:
        """Approve a pull request of the ops repo as another account."""
        self.call_in_loop(
            lambda: submit_review(self.github_repo.pull_requests[number], "APPROVE", by, self.clock.now())
        )

    def _run_due_events(self) -> None:
        """Run the events that are due: merges first, so that Argo CD notices them."""
        now = self.clock.now()
        self.github.run_due_events(now)
        self.controller.run_due_events(now)

    def call_in_loop(self, function: Callable[[], ResultT]) -> ResultT:
        """Call a function in the servers' event loop and wait for its result."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            return function()
        future: Future[ResultT] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001 - handed on to the caller
                future.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return future.result()

    # --- running ---------------------------------------------------------------------------------

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls,
        name: str = "steady",
        *,
        clock: Clock | None = None,
        timings: ControllerTimings | None = None,
        checks: CheckTimings | None = None,
        faults: Iterable[Fault | str] = (),
        heartbeat_s: float = HEARTBEAT_S,
        storm_per_s: float = 0.0,
        port_argocd: int = 0,
        port_github: int = 0,
        port_status: int = 0,
    ) -> AsyncIterator[Sandbox]:
        """Start all servers; they listen until the block ends. `storm_per_s` is a rate of changes of tenants."""
        box = cls(
            find_scenario(name),
            clock or WallClock(),
            timings=timings or ControllerTimings(),
            checks=checks or CheckTimings(),
            faults=faults,
            heartbeat_s=heartbeat_s,
            storm_per_s=storm_per_s,
        )
        ports: dict[Side, int] = {"argocd": port_argocd, "github": port_github, "status": port_status}
        listeners: dict[Side, socket.socket] = {}
        try:
            for side, port in ports.items():
                listeners[side] = open_listener(port)
        except OSError:
            for listener in listeners.values():
                listener.close()
            raise
        async with box._serve(listeners):
            yield box

    @contextlib.asynccontextmanager
    async def _serve(self, listeners: Mapping[Side, socket.socket]) -> AsyncIterator[None]:
        """Run all servers and the ticker until the block ends, then stop them together."""
        closing = self.argocd.closing
        apps: dict[Side, ASGIApp] = {
            "argocd": self.argocd.app,
            "github": self.github.app,
            "status": self.status_api.app,
        }
        servers, tasks = [], []
        for side, listener in listeners.items():
            connections: dict[ClientAddress, asyncio.Transport] = {}
            faulty = FaultMiddleware(apps[side], side, self.faults, connections, closing, self.errors, self.requests)
            server = LoopbackServer(faulty, connections)
            servers.append(server)
            tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
            await server.ready.wait()
        self.argocd_url, self.github_url, status = (
            f"http://{LOOPBACK}:{listeners[side].getsockname()[1]}" for side in apps
        )
        self.status_url = status + EVENTS_PATH
        own_tasks = [asyncio.create_task(self._run_ticker())]
        if self._storm_per_s:
            own_tasks.append(asyncio.create_task(self.storm.run(self._storm_per_s)))
        try:
            yield
        finally:
            closing.set()
            for task in own_tasks:
                task.cancel()
            await wait_while(lambda: any(server.is_busy for server in servers), SHUTDOWN_GRACE_S)
            for server in servers:
                server.abort_connections()
            await asyncio.gather(*tasks, *own_tasks, return_exceptions=True)

    async def _run_ticker(self) -> None:
        while True:
            try:
                self._run_due_events()
            except Exception as error:
                self.errors.append(error)
                raise
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_S)


@contextlib.contextmanager
def run_sandbox_in_thread(name: str = "steady", **options: Any) -> Iterator[Sandbox]:  # noqa: ANN401 - those of Sandbox.start
    """Run a sandbox in its own thread, for callers without an event loop. The options are those of `Sandbox.start`."""
    started: Future[tuple[Sandbox, asyncio.Event]] = Future()

    async def main() -> None:
        stop = asyncio.Event()
        async with Sandbox.start(name, **options) as box:
            started.set_result((box, stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        box, stop = started.result()
        try:
            yield box
        finally:
            box.call_in_loop(stop.set)
    finally:
        thread.join()

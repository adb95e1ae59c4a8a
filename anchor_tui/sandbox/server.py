"""All servers on loopback sockets, in a running event loop or in a thread of their own.

async with Sandbox.start("incident") as box: ...
with running("steady", clock=ManualClock(...)) as box: ...
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.types import ASGIApp

from anchor_tui.sandbox.accounts import ACCOUNTS
from anchor_tui.sandbox.applications import Application
from anchor_tui.sandbox.argocd import ArgoCD
from anchor_tui.sandbox.clock import Clock, ManualClock, WallClock
from anchor_tui.sandbox.controller import Controller
from anchor_tui.sandbox.estate import build
from anchor_tui.sandbox.faults import Fault, Faults, Side
from anchor_tui.sandbox.faulty import Address, FaultyApp
from anchor_tui.sandbox.github import GitHub
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.kubectl import Kubectl
from anchor_tui.sandbox.pace import Pace
from anchor_tui.sandbox.pulls import ChecksPace
from anchor_tui.sandbox.repository import Person, Repository
from anchor_tui.sandbox.scenarios import Scenario, scenario
from anchor_tui.sandbox.sockets import GRACE_S, LOOPBACK, Server, listener_on, waiting_while
from anchor_tui.sandbox.status_api import EVENTS, StatusApi
from anchor_tui.sandbox.watch import HEARTBEAT_S
from anchor_tui.sandbox.writing import review

TICK_S = 0.1
T = TypeVar("T")


class Sandbox:
    """A running sandbox. Everything may be called from any thread."""

    def __init__(
        self,
        what: Scenario,
        clock: Clock,
        *,
        pace: Pace,
        checks: ChecksPace,
        faults: Iterable[Fault | str],
        heartbeat_s: float,
    ) -> None:
        self.scenario = what
        self.clock = clock
        self.errors: list[Exception] = []
        """What the servers themselves stumbled over: nothing, if all is well."""
        self.faults = Faults()
        for fault in faults:
            self.faults.add(fault)
        estate = build(what, clock, pace, checks)
        self.controller: Controller = estate.controller
        self.hosted: HostedRepository = estate.ops
        self.argocd = ArgoCD(
            estate.controller, clock, self.faults, heartbeat_s=heartbeat_s, wake=lambda: self._wake.set()
        )
        self.kubectl = Kubectl(estate.controller, clock, self.call)
        self.github = GitHub((estate.ops, estate.app), clock, self.faults)
        self.status_api = StatusApi(clock)
        self.argocd_token = self.argocd.sessions.issue("on-call:apiKey")
        self.github_token = self.github.token
        self.status_token = self.status_api.token
        self.argocd_url = self.github_url = self.status_url = ""
        self.ops_repo, self.app_repo = estate.ops.full_name, estate.app.full_name
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def repository(self) -> Repository:
        """The ops repo's git."""
        return self.hosted.git

    @property
    def applications(self) -> Mapping[tuple[str, str], Application]:
        """Argo CD's applications by namespace and name."""
        return self.controller.applications

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        branch: str = "main",
        author: str | Person = "a.lee",
    ) -> str:
        """Commit to the ops repo, as a push would, and return the sha. None deletes a file."""
        person = ACCOUNTS[author] if isinstance(author, str) else author
        return self.call(
            lambda: self.repository.commit(files, message, author=person, time=self.clock.now(), branch=branch)
        )

    def advance(self, seconds: float) -> None:
        """Move a ManualClock on, and let happen what is due."""
        clock = self.clock
        if not isinstance(clock, ManualClock):
            raise TypeError("only a ManualClock can be advanced")

        def move() -> None:
            clock.advance(seconds)
            self._step()

        self.call(move)

    def approve(self, number: int, by: str = "a.lee") -> None:
        """Approve a pull request of the ops repo as somebody else."""
        self.call(lambda: review(self.hosted.pulls[number], "APPROVE", by, self.clock.now()))

    def _step(self) -> None:
        """Let happen what is due: merges first, so that Argo CD notices them."""
        now = self.clock.now()
        self.github.step(now)
        self.controller.step(now)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function where the servers run, and wait for it."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            return function()
        future: Future[T] = Future()

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
        pace: Pace | None = None,
        checks: ChecksPace | None = None,
        faults: Iterable[Fault | str] = (),
        heartbeat_s: float = HEARTBEAT_S,
        port_argocd: int = 0,
        port_github: int = 0,
        port_status: int = 0,
    ) -> AsyncIterator[Sandbox]:
        """All servers, listening, as long as the block lasts."""
        box = cls(
            scenario(name),
            clock or WallClock(),
            pace=pace or Pace(),
            checks=checks or ChecksPace(),
            faults=faults,
            heartbeat_s=heartbeat_s,
        )
        ports: dict[Side, int] = {"argocd": port_argocd, "github": port_github, "status": port_status}
        listeners: dict[Side, socket.socket] = {}
        try:
            for side, port in ports.items():
                listeners[side] = listener_on(port)
        except OSError:
            for listener in listeners.values():
                listener.close()
            raise
        async with box._serving(listeners):
            yield box

    @contextlib.asynccontextmanager
    async def _serving(self, listeners: Mapping[Side, socket.socket]) -> AsyncIterator[None]:
        """All servers and the ticker, until the block ends; then all of them end together."""
        closing = self.argocd.closing
        apps: dict[Side, ASGIApp] = {
            "argocd": self.argocd.app,
            "github": self.github.app,
            "status": self.status_api.app,
        }
        servers, tasks = [], []
        for side, listener in listeners.items():
            connections: dict[Address, asyncio.Transport] = {}
            faulty = FaultyApp(apps[side], side, self.faults, connections, closing, self.errors)
            server = Server(faulty, connections)
            servers.append(server)
            tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
            await server.ready.wait()
        self.argocd_url, self.github_url, status = (
            f"http://{LOOPBACK}:{listeners[side].getsockname()[1]}" for side in apps
        )
        self.status_url = status + EVENTS
        ticker = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            closing.set()
            ticker.cancel()
            await waiting_while(lambda: any(server.is_busy for server in servers), GRACE_S)
            for server in servers:
                server.cut()
            await asyncio.gather(*tasks, ticker, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            try:
                self._step()
            except Exception as error:
                self.errors.append(error)
                raise
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_S)


@contextlib.contextmanager
def running(name: str = "steady", **options: Any) -> Iterator[Sandbox]:  # noqa: ANN401 - those of Sandbox.start
    """A sandbox in a thread of its own, for callers without an event loop. The options are those of `Sandbox.start`."""
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
            box.call(stop.set)
    finally:
        thread.join()

"""Both servers on loopback sockets, in a running event loop or in a thread of their own.

async with Sandbox.start("incident") as box: ...
with running("steady", clock=ManualClock(...)) as box: ...
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from anchor_tui.sandbox.applications import Application
from anchor_tui.sandbox.argocd import ArgoCD
from anchor_tui.sandbox.clock import Clock, ManualClock, WallClock
from anchor_tui.sandbox.controller import Controller, Pace
from anchor_tui.sandbox.estate import build
from anchor_tui.sandbox.faults import Fault, Faults, Side
from anchor_tui.sandbox.faulty import Address, FaultyApp
from anchor_tui.sandbox.github import GitHub
from anchor_tui.sandbox.hosting import ACCOUNTS, ChecksPace, HostedRepository
from anchor_tui.sandbox.repository import Person, Repository
from anchor_tui.sandbox.scenarios import Scenario, scenario
from anchor_tui.sandbox.watch import HEARTBEAT_S

LOOPBACK = "127.0.0.1"
TICK_S = 0.1
GRACE_S = 0.05
"""How long open streams have to say goodbye."""
T = TypeVar("T")

FAST = Pace(
    notice_s=0.1,
    take_s=0.05,
    apply_s=0.1,
    finish_s=0.05,
    compare_s=0.02,
    rollout_s=0.3,
    prune_s=0.2,
)
"""A pace for those who wait by the wall clock."""


class _Server(uvicorn.Server):
    """One listening server that can be told to stop, and leaves the process's signals alone."""

    def __init__(self, app: FaultyApp, connections: dict[Address, asyncio.Transport]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_remembering(connections),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.CRITICAL,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
            )
        )
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs us."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Keep the Date header true until told to stop."""
        while not self.stop.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), 1.0)

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return bool(self.server_state.tasks)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, and wait until the last request is over: the connections have been cut already."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await _while(lambda: self.is_busy, GRACE_S)
        for task in list(self.server_state.tasks):
            task.cancel()
        await _while(lambda: self.is_busy or bool(self.server_state.connections), GRACE_S)
        for server in self.servers:
            await server.wait_closed()


async def _while(holds: Callable[[], bool], at_most_s: float) -> None:
    """Let others run while something holds, but not for long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + at_most_s
    while holds() and loop.time() < end:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.002)


def _remembering(connections: dict[Address, asyncio.Transport]) -> type[H11Protocol]:
    """A protocol that notes its transports by the client's address, so that one can be cut."""

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                connections.pop(self.client, None)

    return Connection


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
        self.github = GitHub((estate.ops, estate.app), clock, self.faults)
        self.argocd_token = self.argocd.sessions.issue("on-call:apiKey")
        self.github_token = self.github.token
        self.argocd_url = self.github_url = ""
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
            self.controller.step(clock.now())

        self.call(move)

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
    ) -> AsyncIterator[Sandbox]:
        """Both servers, listening, as long as the block lasts."""
        box = cls(
            scenario(name),
            clock or WallClock(),
            pace=pace or Pace(),
            checks=checks or ChecksPace(),
            faults=faults,
            heartbeat_s=heartbeat_s,
        )
        ports: dict[Side, int] = {"argocd": port_argocd, "github": port_github}
        listeners: dict[Side, socket.socket] = {}
        try:
            for side, port in ports.items():
                listeners[side] = _listener(port)
        except OSError:
            for listener in listeners.values():
                listener.close()
            raise
        async with box._serving(listeners):
            yield box

    @contextlib.asynccontextmanager
    async def _serving(self, listeners: Mapping[Side, socket.socket]) -> AsyncIterator[None]:
        """Both servers and the ticker, until the block ends; then all of them end together."""
        closing = self.argocd.closing
        connections: dict[Address, asyncio.Transport] = {}
        servers, tasks = [], []
        for side, listener in listeners.items():
            app = self.argocd.app if side == "argocd" else self.github.app
            faulty = FaultyApp(app, side, self.faults, connections, closing, self.errors)
            server = _Server(faulty, connections)
            servers.append(server)
            tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
            await server.ready.wait()
        self.argocd_url, self.github_url = (
            f"http://{LOOPBACK}:{listeners[side].getsockname()[1]}" for side in ("argocd", "github")
        )
        ticker = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            closing.set()
            ticker.cancel()
            await _while(lambda: any(server.is_busy for server in servers), GRACE_S)
            for transport in list(connections.values()):
                transport.abort()
            for server in servers:
                server.stop.set()
            await asyncio.gather(*tasks, ticker, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            self.controller.step(self.clock.now())
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_S)


def _listener(port: int) -> socket.socket:
    """A bound socket. With its protocol named, asyncio sends without delay on what it accepts; otherwise each answer
    waits 40 ms for an acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener


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

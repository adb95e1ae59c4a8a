"""Listening sockets and their uvicorn servers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from anchor_tui.sandbox.faults.middleware import ClientAddress, FaultMiddleware

LOOPBACK = "127.0.0.1"
SHUTDOWN_GRACE_S = 0.05
"""The time that open streams have to end."""


ACCEPTING_TURNS = 5


class LoopbackServer(uvicorn.Server):
    """A listening server that can be stopped and does not handle signals."""

    def __init__(self, app: FaultMiddleware, connections: dict[ClientAddress, asyncio.Transport]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_make_tracking_protocol(connections, lambda: self._stop.is_set()),
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
        self._stop = asyncio.Event()
        self._connections = connections

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handling to the caller."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and set `ready`."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Keep the Date header current until the server is stopped."""
        while not self._stop.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1.0)

    def abort_connections(self) -> None:
        """Abort every connection and stop."""
        for transport in list(self._connections.values()):
            transport.abort()
        self._stop.set()

    @property
    def is_busy(self) -> bool:
        """Report whether a request is being handled."""
        return bool(self.server_state.tasks)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and wait for the last requests; the connections have been aborted before."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for _ in range(ACCEPTING_TURNS):  # accepted sockets become connections, which are aborted
            await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await wait_while(lambda: self.is_busy, SHUTDOWN_GRACE_S)
        for task in list(self.server_state.tasks):
            task.cancel()
        await wait_while(lambda: self.is_busy or bool(self.server_state.connections), SHUTDOWN_GRACE_S)
        for server in self.servers:
            await server.wait_closed()


async def wait_while(holds: Callable[[], bool], at_most_s: float) -> None:
    """Wait while a condition holds, but not longer than `at_most_s` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + at_most_s
    while holds() and loop.time() < end:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.002)


def _make_tracking_protocol(
    connections: dict[ClientAddress, asyncio.Transport], is_over: Callable[[], bool]
) -> type[H11Protocol]:
    """Return a protocol that keeps its transports by the client's address, so that they can be aborted.

    A connection that is accepted while the server stops is aborted at once.
    """

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport
            if is_over():
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                connections.pop(self.client, None)

    return Connection


def open_listener(port: int) -> socket.socket:
    """Return a bound socket.

    With its protocol named, asyncio sets TCP_NODELAY on accepted connections; otherwise each response waits 40 ms for
    an acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener

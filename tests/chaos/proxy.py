"""A TLS proxy on raw sockets between the real client and the sandbox, which can break every byte.

It serves one request a connection: nothing of a fault survives in a connection that is kept open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
HANDSHAKE_TIMEOUT_S = 3.0
"""asyncio does not notice a connection that is lost before its handshake begins."""
HEAD_END = b"\r\n\r\n"
HOP_HEADERS = (b"transfer-encoding:", b"connection:")
DROPPED_REQUEST_HEADERS = (b"accept-encoding:", b"connection:")


@dataclass
class UpstreamResponse:
    """The response of the sandbox: its head without hop-by-hop headers, and its body as decoded chunks."""

    status_line: bytes
    headers: list[bytes]
    chunks: AsyncIterator[bytes]

    def render_head(self, *, without: bytes = b"") -> bytes:
        """Return the head for a body that ends with the connection. `without` is a header to leave out."""
        kept = [line for line in self.headers if not (without and line.lower().startswith(without))]
        return b"\r\n".join([self.status_line, *kept, b"connection: close"]) + HEAD_END

    async def read_body(self) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks])


@dataclass
class Exchange:
    """One request of the client, and the ways to answer it."""

    proxy: FaultyProxy
    method: str
    path: str
    head: bytes
    body: bytes
    writer: asyncio.StreamWriter
    connection: asyncio.WriteTransport
    """The connection below TLS."""

    @property
    def is_stream(self) -> bool:
        """True if the request opens an event stream."""
        return self.path.startswith("/api/v1/stream/")

    async def write(self, data: bytes) -> None:
        """Send bytes that the server did not write."""
        self.writer.write(data)
        await self.writer.drain()

    async def deliver(self, data: bytes) -> None:
        """Send genuine bytes of the server."""
        self.proxy.last_delivery = time.monotonic()  # before: the client may read them before `write` returns
        await self.write(data)

    async def respond(self, status: int, body: bytes, content_type: str = "application/json", *more: str) -> None:
        """Send a complete response that the server did not write."""
        lines = [f"HTTP/1.1 {status} Any", f"content-type: {content_type}", f"content-length: {len(body)}", *more]
        await self.write("\r\n".join([*lines, "connection: close"]).encode() + HEAD_END + body)

    def reset(self) -> None:
        """Close the connection with RST."""
        reset_connection(self.connection)

    @asynccontextmanager
    async def open_upstream(self) -> AsyncIterator[UpstreamResponse]:
        """Send the request to the sandbox."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.proxy.upstream_port)
        try:
            lines = self.head.removesuffix(HEAD_END).split(b"\r\n")
            kept = [line for line in lines if not line.lower().startswith(DROPPED_REQUEST_HEADERS)]
            writer.write(b"\r\n".join([*kept, b"connection: close"]) + HEAD_END + self.body)
            await writer.drain()
            status_line, *headers = (await reader.readuntil(HEAD_END)).removesuffix(HEAD_END).split(b"\r\n")
            is_chunked = any(line.lower().startswith(b"transfer-encoding:") for line in headers)
            kept = [line for line in headers if not line.lower().startswith(HOP_HEADERS)]
            yield UpstreamResponse(status_line, kept, _read_chunks(reader) if is_chunked else _read_rest(reader))
        finally:
            writer.transport.abort()


async def _read_chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readline()


async def _read_rest(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(65536):
        yield data


def reset_connection(connection: asyncio.WriteTransport) -> None:
    """Close a connection with RST: what was written before may be lost, as after a crash."""
    raw = connection.get_extra_info("socket")
    if raw is not None and raw.fileno() != -1:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


async def relay(exchange: Exchange) -> None:
    """Forward the request and the response unchanged."""
    async with exchange.open_upstream() as upstream:
        await exchange.write(upstream.render_head())
        async for chunk in upstream.chunks:
            await exchange.deliver(chunk)


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class FaultyProxy:
    """One listening proxy. Its methods run in the event loop that started it."""

    upstream_port: int
    certificate: ssl.SSLContext
    behaviour: Behaviour = relay
    requests: int = 0
    last_delivery: float = 0.0
    """The monotonic time at which genuine bytes were delivered last."""
    port: int = 0
    _server: asyncio.Server | None = None
    _placeholder: socket.socket | None = None
    _connections: dict[asyncio.WriteTransport, bool] = field(default_factory=dict)
    """The open connections, and whether each is an event stream."""

    async def listen(self) -> None:
        """Accept connections, on the same port as before."""
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        if self._server is None:
            listener = _bind(self.port)
            self.port = listener.getsockname()[1]
            self._server = await asyncio.start_server(self._serve, sock=listener)

    def refuse(self) -> None:
        """Refuse connections. The port is kept: it is bound, and nothing listens."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._placeholder = _bind(self.port)

    def break_connections(self, *, only_streams: bool = False) -> None:
        """End every open connection, or every stream."""
        for connection, is_stream in list(self._connections.items()):
            if is_stream or not only_streams:
                reset_connection(connection)

    async def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()
        if self._placeholder is not None:
            self._placeholder.close()
        while self._connections:
            self.break_connections()
            await asyncio.sleep(0.005)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.transport
        self._connections[connection] = False
        answering: asyncio.Task[None] | None = None
        try:
            await self._start_tls(writer)
            head = await reader.readuntil(HEAD_END)
            body = await reader.readexactly(_content_length(head))
            method, path, _ = head.split(b" ", 2)
            self.requests += 1
            exchange = Exchange(self, method.decode(), path.decode(), head, body, writer, connection)
            self._connections[connection] = exchange.is_stream
            answering = asyncio.create_task(self._answer(exchange))
            leaving = asyncio.create_task(reader.read())
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left, or refused the certificate
        finally:
            if answering is not None:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(0.5):
                    await writer.wait_closed()
            connection.abort()
            self._connections.pop(connection, None)

    async def _start_tls(self, writer: asyncio.StreamWriter) -> None:
        """Start TLS with the current certificate. Raises OSError."""
        connection = writer.transport
        try:
            await writer.start_tls(self.certificate, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S)
        except AttributeError as error:  # asyncio's, for a connection that was aborted in the handshake
            raise ConnectionAbortedError from error
        finally:
            if writer.transport is None:
                writer._transport = connection

    async def _answer(self, exchange: Exchange) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self.behaviour(exchange)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound

"""Limits of what a server may send: decompressed bytes, the length of a line, lines per second.

The limits hold while a response arrives, so memory and processor time stay bounded whatever the server sends.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.network import MIB

ACCEPT_ENCODING = "gzip"
"""The only compression that is requested and understood."""
MAX_LINE_BYTES = 16 * MIB
PIECE_BYTES = 256 * 1024
"""The largest piece that is decompressed at once: a bomb of 64 KiB would otherwise become 64 MiB."""
IS_STREAM = "anchor_tui_is_stream"
"""The extension of a request whose response has no end: its lines are limited, its bytes are not."""
UNITS_PER_S = 20_000.0
"""The speed at which a stream is read for long. A line and a KiB are one unit each."""
LOG_UNITS_PER_S = 150_000.0
"""The speed at which a log is read for long. A slower reader would show an ever older part of a busy log."""
BURST_UNITS = 100_000.0
"""What a stream may send at once: it begins with every application."""
MAX_PAUSE_S = 1.0


class BoundedTransport(httpx.AsyncBaseTransport):
    """Decompress responses in small pieces, and end one that has more than `max_bytes` after decompression."""

    def __init__(self, inner: httpx.AsyncBaseTransport, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response with a bounded body. Raises InvalidResponse for a compression that is not understood."""
        response = await self._inner.handle_async_request(request)
        headers = response.headers.copy()
        encoding = headers.pop("content-encoding", "").strip().lower()
        address = str(request.url.copy_with(query=None, userinfo=b""))
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            await response.aclose()
            raise InvalidResponse(f"{address}: the answer cannot be decompressed: unknown encoding {encoding[:40]!r}")
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=_BoundedStream(
                response.stream,
                address,
                is_compressed="gzip" in encoding,
                max_bytes=None if request.extensions.get(IS_STREAM) else self._max_bytes,
            ),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


class _BoundedStream(httpx.AsyncByteStream):
    """A body that is decompressed while it arrives. Without `max_bytes` it may be endless."""

    def __init__(
        self, inner: httpx.AsyncByteStream, address: str, *, is_compressed: bool, max_bytes: int | None
    ) -> None:
        self._inner = inner
        self._address = address
        self._is_compressed = is_compressed
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16) if self._is_compressed else None
        size = 0
        async for chunk in self._inner:
            for piece in _decompress(decompressor, chunk) if decompressor else (chunk,):
                size += len(piece)
                if self._max_bytes is not None and size > self._max_bytes:
                    limit = f"{self._max_bytes / MIB:g} MiB"
                    raise InvalidResponse(f"{self._address}: the answer is larger than {limit}: raise max_response_mb")
                yield piece
                if decompressor:
                    await asyncio.sleep(0)  # a chunk can become many pieces

    async def aclose(self) -> None:
        await self._inner.aclose()


def _decompress(decompressor: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Yield a compressed chunk in pieces of at most PIECE_BYTES. Raises httpx.DecodingError."""
    pending = chunk
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(pending, PIECE_BYTES)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
        if piece:
            yield piece
        pending = decompressor.unconsumed_tail
        if not pending and len(piece) < PIECE_BYTES:
            return
    # What follows the end is ignored; a server that sends it without end is ended by the deadline.


# --- lines --------------------------------------------------------------------------------------------


class StreamThrottle:
    """Limits the speed at which a stream is processed: a flood is read slowly instead of using a core."""

    def __init__(self, now: float, units_per_s: float = UNITS_PER_S) -> None:
        """`now` is on the monotonic clock, in seconds."""
        self._units_per_s = units_per_s
        self._units = BURST_UNITS
        self._at = now

    def pause_s(self, lines: int, size: int, now: float) -> float:
        """Return the pause after so many lines and bytes, in seconds."""
        self._units = min(BURST_UNITS, self._units + (now - self._at) * self._units_per_s) - lines - size / 1024
        self._at = now
        return min(MAX_PAUSE_S, max(0.0, -self._units / self._units_per_s))


async def iterate_line_batches(
    response: httpx.Response, units_per_s: float = UNITS_PER_S
) -> AsyncIterator[list[bytes]]:
    """Yield the lines of a streamed body without their ends, those that arrived together as one list.

    A line ends with LF or CRLF: httpx also splits at U+0085, U+2028 and other characters, which JSON may contain
    unescaped. Raises InvalidResponse for a line that is too long.
    """
    pending = bytearray()
    throttle = StreamThrottle(time.monotonic(), units_per_s)
    async for chunk in response.aiter_bytes():
        pending += chunk
        lines: list[bytes] = []
        if b"\n" in chunk:
            *complete, pending = pending.split(b"\n")
            lines = [bytes(line.removesuffix(b"\r")) for line in complete]
        if len(pending) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in lines):
            raise InvalidResponse(f"a line of the stream is longer than {MAX_LINE_BYTES / MIB:g} MiB")
        if lines:
            yield lines
        if pause_s := throttle.pause_s(len(lines), len(chunk), time.monotonic()):
            await asyncio.sleep(pause_s)
    if pending:
        yield [bytes(pending)]

"""Follows the resource tree of an application by its stream, with polling as the fallback.

The stream does not send the tree at its start, and not even headers before the first change. The tree is therefore
read first, and polled until the stream has proven that it is alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from anchor_tui.sources.errors import SourceError

T = TypeVar("T")
POLL_S = 5.0
"""The pause between two readings while the stream is not known to be alive, in seconds."""
SAFETY_POLL_S = 30.0
"""The pause while it is: a connection can break without a trace."""
GATHER_S = 0.3
"""The time for which changes are gathered: during a rollout there are several each second."""
MAX_REOPEN_S = 60.0


class TreeChanges:
    """The newest tree that a stream sent, until it is taken. `is_alive` is False if the stream has not sent one yet."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.is_alive = False
        self._latest: bytes | None = None

    async def watch(self, open_stream: Callable[[], AbstractAsyncContextManager[AsyncIterator[list[bytes]]]]) -> None:
        """Keep the newest line of the stream, and open it again when it ends. Runs without an end."""
        pause_s = POLL_S
        while True:
            try:
                async with open_stream() as batches:
                    async for lines in batches:
                        self._latest, self.is_alive, pause_s = lines[-1], True, POLL_S
                        self.changed.set()
            except SourceError:
                pause_s = min(MAX_REOPEN_S, pause_s * 2)  # polling reports why nothing can be read
            self.is_alive = False
            await asyncio.sleep(pause_s)

    async def wait(self) -> bytes | None:
        """Return the next tree; None if it has to be read because the stream sent nothing for a while."""
        try:
            async with asyncio.timeout(SAFETY_POLL_S if self.is_alive else POLL_S):
                await self.changed.wait()
        except TimeoutError:
            return None
        await asyncio.sleep(GATHER_S)
        self.changed.clear()
        return self._latest


async def follow_tree(
    open_stream: Callable[[], AbstractAsyncContextManager[AsyncIterator[list[bytes]]]],
    read: Callable[[], Awaitable[T]],
    convert: Callable[[bytes, T], Awaitable[T]],
) -> AsyncGenerator[T, None]:
    """Yield what `read` returns, and after each change what `convert` makes of the streamed line and the last value.

    It does not end; closing the iterator closes the connection.
    """
    changes = TreeChanges()
    watching = asyncio.create_task(changes.watch(open_stream))
    try:
        value = await read()
        yield value
        while not watching.done():
            line = await changes.wait()
            value = await read() if line is None else await convert(line, value)
            yield value
        await watching  # an internal error
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

"""Values of large responses, reused while a server sends the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
LARGE_BYTES = 256 * 1024
"""The size from which a response takes longer than a frame to parse."""
MAX_KEPT = 2
"""Values that are kept: of the panes of one application, one is visible."""


class ParsedResponses:
    """Parses responses. A large one is parsed on another thread, and only if it differs from the one before.

    A pane reads again every few seconds, and JSON of 10 MB stops all threads for longer than a frame.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[bytes, Any]] = {}
        """The digest of each response and its value, the oldest first."""

    async def parse(self, name: Hashable, body: bytes, parse: Callable[[], T]) -> T:
        """Return the value of a response. `name` identifies the request. Raises what `parse` raises."""
        if len(body) < LARGE_BYTES:
            return parse()
        import hashlib  # rarely needed

        digest = await asyncio.to_thread(lambda: hashlib.blake2b(body).digest())
        known = self._known.pop(name, None)
        value: T = known[1] if known is not None and known[0] == digest else await asyncio.to_thread(parse)
        self._known[name] = digest, value
        while len(self._known) > MAX_KEPT:
            del self._known[next(iter(self._known))]
        return value

"""One client for several readings at the same time, opened by the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar


class ClosableClient(Protocol):
    """A client with connections."""

    async def aclose(self) -> None:
        """Close the connections."""


C = TypeVar("C", bound=ClosableClient)


class SharedClient(Generic[C]):
    """Opens one client, whatever the number of readings that ask for it at once."""

    def __init__(self, open_client: Callable[[], Awaitable[C]]) -> None:
        self._open_client = open_client
        self._client: C | None = None
        self._opening = asyncio.Lock()

    async def get(self) -> C:
        """Return the open client. Raises what opening it raises; the next call tries again."""
        async with self._opening:
            if self._client is None:
                self._client = await self._open_client()
            return self._client

    async def aclose(self) -> None:
        """Close the client, if one was opened."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

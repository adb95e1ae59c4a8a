"""What goes on with the requests that were sent ahead, once there is an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anchor_tui.sources.argocd.ahead import Asked, Parcel, asked
from anchor_tui.sources.argocd.answers import Answer

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.wire import StreamEvent

DRAWN_WITHIN_S = 0.05


class AheadClient:
    """An `ArgoClient` that has the answers to what was sent ahead, each once, and is made for everything else."""

    def __init__(self, url: str, parcels: Mapping[Asked, Parcel], connect: Callable[[], ArgoClient]) -> None:
        self.url = url
        self._parcels = dict(parcels)
        self._connect = connect
        self._connected: ArgoClient | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """As `ArgoClient.get`."""
        if (parcel := self._parcels.pop(asked(path, params or {}), None)) is not None:
            await _arrival(parcel)
            if parcel.body is not None:
                return Answer(parcel.body, parcel.took_s)
        return await (await self._client()).get(path, params)

    @asynccontextmanager
    async def events(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[StreamEvent | None]]:
        """As `ArgoClient.events`."""
        async with (await self._client()).events(path, params) as events:
            yield events

    async def aclose(self) -> None:
        """As `ArgoClient.aclose`."""
        if self._connected is not None:
            await self._connected.aclose()

    async def _client(self) -> ArgoClient:
        """Made off the loop, since that loads httpx, and a moment later: what was answered is drawn first."""
        if self._connected is None:
            await asyncio.sleep(DRAWN_WITHIN_S)
            self._connected = await asyncio.to_thread(self._connect)
        return self._connected


async def _arrival(parcel: Parcel) -> None:
    """Waits on the loop, not in one of its few threads: a server that hangs must not keep another from being asked."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed: nobody waits any more
            loop.call_soon_threadsafe(arrived.set)

    parcel.when_arrived(tell)
    await arrived.wait()

"""What goes on with the requests that were sent ahead, once there is an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anchor_tui.sources.argocd.prefetch import PrefetchedResponse, RequestKey, request_key
from anchor_tui.sources.argocd.response import ApiResponse

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.schema import StreamEvent

DRAW_DELAY_S = 0.05


class PrefetchingClient:
    """An `ArgoClient` that has the answers to what was sent ahead, each once, and is made for everything else."""

    def __init__(
        self, url: str, parcels: Mapping[RequestKey, PrefetchedResponse], connect: Callable[[], ArgoClient]
    ) -> None:
        self.url = url
        self._responses = dict(parcels)
        self._connect = connect
        self._client: ArgoClient | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> ApiResponse:
        """As `ArgoClient.get`."""
        if (parcel := self._responses.pop(request_key(path, params or {}), None)) is not None:
            await _wait_until_done(parcel)
            if parcel.body is not None:
                return ApiResponse(parcel.body, parcel.duration_s)
        return await (await self._get_client()).get(path, params)

    @asynccontextmanager
    async def stream_events(
        self, path: str, params: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[StreamEvent | None]]:
        """As `ArgoClient.events`."""
        async with (await self._get_client()).stream_events(path, params) as events:
            yield events

    async def aclose(self) -> None:
        """As `ArgoClient.aclose`."""
        if self._client is not None:
            await self._client.aclose()

    async def _get_client(self) -> ArgoClient:
        """Made off the loop, since that loads httpx, and a moment later: what was answered is drawn first."""
        if self._client is None:
            await asyncio.sleep(DRAW_DELAY_S)
            self._client = await asyncio.to_thread(self._connect)
        return self._client


async def _wait_until_done(parcel: PrefetchedResponse) -> None:
    """Waits on the loop, not in one of its few threads: a server that hangs must not keep another from being asked."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed: nobody waits any more
            loop.call_soon_threadsafe(arrived.set)

    parcel.notify_when_done(tell)
    await arrived.wait()

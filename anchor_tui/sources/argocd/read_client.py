"""The reading half of an Argo CD client, as `ArgoClient` and `PrefetchingClient` both provide it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.response import ApiResponse
    from anchor_tui.sources.argocd.schema import StreamEvent


class ReadClient(Protocol):
    """An open client of one Argo CD. `url` is the configured address of the server."""

    url: str

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> ApiResponse:
        """Send a GET for a path below the server's root. Raises SourceError."""

    def stream_events(
        self, path: str, params: Mapping[str, str]
    ) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent | None]]:
        """Open an event stream: each event as it arrives, None for each heartbeat. Raises SourceError."""

    async def aclose(self) -> None:
        """Close every connection."""

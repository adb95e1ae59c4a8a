"""The earlier releases of one environment, read again and again while they are visible."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

from textual.dom import DOMNode

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.tui.workers import start_worker

HISTORY_INTERVAL_S = 60.0
"""The pause between two readings of a visible history."""
PendingHistory: TypeAlias = Future[tuple[PastRelease, ...] | Refusal]
_GROUP = "history"


class ReleaseHistoryReader:
    """Reads a history as a worker of a node. `releases` is None before the first answer, and stays after a refusal."""

    def __init__(self, node: DOMNode, request: Callable[[], PendingHistory], on_change: Callable[[], None]) -> None:
        self._node, self._request, self._on_change = node, request, on_change
        self._pending: PendingHistory | None = None
        self.releases: tuple[PastRelease, ...] | None = None
        self.refusal: Refusal | None = None

    def start(self) -> None:
        """Read now, then at every interval."""
        self.stop()
        start_worker(self._node, self._read_repeatedly, group=_GROUP, exclusive=True)

    def stop(self) -> None:
        """Stop to read, and cancel the request in flight."""
        self._node.workers.cancel_group(self._node, _GROUP)
        if self._pending is not None:
            self._pending.cancel()

    async def _read_repeatedly(self) -> None:
        while True:
            self._pending = self._request()
            result = await asyncio.wrap_future(self._pending)
            if isinstance(result, Refusal):
                self.refusal = result
            else:
                self.releases, self.refusal = result, None
            self._on_change()
            await asyncio.sleep(HISTORY_INTERVAL_S)

"""Fake sources, and the snapshots that an observer publishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.readings import Fresh, Reading
from tests.values import argocd, fresh, ops_repo


class FakeSource:
    """A source whose readings are published by the test."""

    def __init__(self, id_: str = "argocd", *, once: Any = None) -> None:
        self.id = id_
        self.kind = "github" if id_ == "github" else "argocd"
        self.single_reading = once if once is not None else fresh(ops_repo() if id_ == "github" else argocd(server=id_))
        self.partial_reading: Fresh[Any] | None = None
        self.read_again_calls = 0
        self.started = 0
        self.cancelled = False
        self.running = asyncio.Event()
        self._death_cause: BaseException | None = None
        self._publish: Callable[[Reading[Any]], None] | None = None
        self._death = asyncio.Event()

    async def read(self) -> Fresh[Any]:
        if self.single_reading is HANGS:
            await asyncio.Event().wait()
        if isinstance(self.single_reading, Exception):
            raise self.single_reading
        return self.single_reading

    def get_partial_reading(self, timeout_s: float) -> Fresh[Any] | None:
        return self.partial_reading

    async def run(self, publish: Callable[[Reading[Any]], None]) -> None:
        self._publish = publish
        self._death = asyncio.Event()
        self.started += 1
        self.running.set()
        try:
            await self._death.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._death_cause:
            raise self._death_cause

    def publish(self, reading: Reading[Any]) -> None:
        assert self._publish is not None
        self._publish(reading)

    def stop_with(self, error: BaseException | None) -> None:
        self._death_cause = error
        self.running.clear()
        self._death.set()

    def read_again(self) -> None:
        self.read_again_calls += 1


class FakeComparingSource(FakeSource):
    """A GitHub that records the commits to compare and the polls out of turn."""

    def __init__(self, *, once: Any = None) -> None:
        super().__init__("github", once=once)
        self.revisions: tuple[str, ...] = ()
        self.early_polls = 0

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        self.revisions = tuple(revisions)

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[Any] | None:
        self.revisions = tuple(revisions)
        return None

    def poll_now(self) -> None:
        self.early_polls += 1


HANGS = object()


class PublishedSnapshots:
    """The snapshots that an observer has published."""

    def __init__(self) -> None:
        self.all: list[Snapshot] = []
        self._changed = asyncio.Event()

    def publish(self, snapshot: Snapshot) -> None:
        self.all.append(snapshot)
        self._changed.set()

    async def wait_until(self, predicate: Callable[[Snapshot], bool]) -> Snapshot:
        """Wait until `predicate` is true for the latest snapshot and return that."""
        async with asyncio.timeout(5):
            while not (self.all and predicate(self.all[-1])):
                self._changed.clear()
                await self._changed.wait()
        return self.all[-1]

"""The timeline of the activity pane: read while the pane is visible, once for each choice of environments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeAlias

from textual.dom import DOMNode

from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline

ReadTimeline: TypeAlias = Callable[[tuple[str, ...], "LoadedTimeline | None", bool], "Future[LoadedTimeline]"]
"""Reads what is new since a timeline, or with True a page of older changes. Without environments: of all of them."""
_GROUP = "timeline"
MAX_CHOICES = 16
"""The choices of environments whose timelines are kept."""


class TimelineLoader:
    """The timelines that were read so far, by the environments that they contain. One reading runs at a time."""

    def __init__(self, node: DOMNode, read: ReadTimeline, on_change: Callable[[], None]) -> None:
        self._node, self._read, self._on_change = node, read, on_change
        self._loaded: dict[tuple[str, ...], LoadedTimeline] = {}
        self._environments: tuple[str, ...] | None = None
        self._is_reading = False
        self._reads_again = self._reads_older = False

    @property
    def timeline(self) -> LoadedTimeline | None:
        """The timeline of the environments that are shown; None before it was read."""
        return self._loaded.get(self._environments) if self._environments is not None else None

    def show(self, environments: tuple[str, ...]) -> None:
        """Choose the environments; none means all. They are read if they were not before."""
        if environments != self._environments:
            self._environments = environments
            self.refresh()

    def refresh(self) -> None:
        """Read what is new."""
        self._start(older=False)

    def load_older(self) -> None:
        """Read a further page, if there is one."""
        if self.timeline is not None and self.timeline.has_older:
            self._start(older=True)

    def _start(self, *, older: bool) -> None:
        if older:
            self._reads_older = True
        else:
            self._reads_again = True
        if not self._is_reading and self._environments is not None:
            self._is_reading = True
            start_worker(self._node, self._run, group=_GROUP)

    async def _run(self) -> None:
        try:
            while self._reads_again or self._reads_older:
                older = not self._reads_again
                self._reads_again, self._reads_older = False, self._reads_older and not older
                await self._read_once(older=older)
        finally:
            self._is_reading = False

    async def _read_once(self, *, older: bool) -> None:
        environments = self._environments
        assert environments is not None
        known = self._loaded.get(environments)
        found = await asyncio.wrap_future(self._read(environments, known, older))
        if found is known:
            return
        if known is None and len(self._loaded) >= MAX_CHOICES:
            self._loaded.clear()
        self._loaded[environments] = found
        if environments == self._environments:
            self._on_change()

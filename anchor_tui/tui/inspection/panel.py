"""Base class of the panels: reads its part while it is visible, shows its age, and explains what is missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Application
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.source_states import get_latest_value, keep_last_value
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import ListRow
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

T = TypeVar("T")
POLL_S = 5.0
"""The pause between two readings of a visible panel, in seconds."""
MAX_POLL_S = 60.0
PAUSE_FACTOR = 20.0
"""The pause is at least this number of times as long as the reading took, but not longer than MAX_POLL_S."""


def choose_pause_s(poll_s: float, took_s: float) -> float:
    """Return the pause after a reading, in seconds: one that takes long is repeated less often."""
    return max(poll_s, min(MAX_POLL_S, PAUSE_FACTOR * took_s))


class InspectionRequests(Protocol):
    """The background thread as the panels use it."""

    def inspect(
        self, application: Application, read: Callable[[ApplicationInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading on the background thread. Cancelling the future cancels its request."""


class InspectionPanel(FailureGuard, Widget, Generic[T]):
    """A panel about one application.

    While it is active, it reads every POLL_S seconds; `show_reading` gets each result. A part that cannot be read keeps
    its last value, which is shown as stale with its age. A subclass defines `read`, `show_reading` and `row_count`.
    """

    class ReadingArrived(Message):
        """The panel shows a new reading: the line of tabs shows its age."""

    class RowOpened(Message):
        """The operator opened a row: the screen shows its details."""

        def __init__(self, row: ListRow) -> None:
            super().__init__()
            self.row = row

    now: reactive[datetime | None] = reactive(None)
    selected: reactive[ResourceNode | None] = reactive(None)
    """The resource that is selected in the tree; None for the whole application."""
    poll_s = POLL_S
    has_own_pull_requests: ClassVar[bool] = False
    """True if each row has a pull request of its own, so that the key does not open the one in the title."""

    def __init__(self, application: Application, requests: InspectionRequests) -> None:
        super().__init__()
        self.application = application
        self.requests = requests
        self.reading: Reading[T] | None = None
        self._is_active = False
        self._pending: Future[Reading[T]] | None = None

    async def read(self, inspector: ApplicationInspector) -> Reading[T]:
        """Read the part. Runs on the background thread."""
        raise NotImplementedError

    def show_reading(self, reading: Reading[T]) -> None:
        """Show a new reading."""
        raise NotImplementedError

    @property
    def last_value(self) -> T | None:
        """The value that was read last, fresh or stale; None if there is none."""
        return get_latest_value(self.reading)

    @property
    def note(self) -> str:
        """A short text for the line of tabs: the age of the data, or why there is none."""
        match self.reading:
            case None:
                return "loading"
            case Unavailable(error=error):
                return error.message
            case Stale(error=error):
                return f"stale: {error.message}"
            case _:
                return ""

    @property
    def summary(self) -> str:
        """A short text for the line of tabs: what the panel is about."""
        return ""

    def describe(self, now: datetime | None) -> str:
        """Return what the panel is about, and the age of its data."""
        match self.reading:
            case Fresh(taken_at=taken_at) if now is not None:
                parts = [f"{format_age(taken_at, now)} ago", self.summary, self.note]
            case Stale(taken_at=taken_at) if now is not None:
                parts = [f"{StatusMark.UNKNOWN.glyph()} {format_age(taken_at, now)} old", self.note]
            case Unavailable():
                parts = [f"{StatusMark.UNKNOWN.glyph()} unavailable"]  # the panel explains it
            case _:
                parts = [self.summary, self.note]
        return " · ".join(filter(None, parts))

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request of the highlighted row, if the rows have their own."""
        return None

    def activate(self) -> None:
        """Begin to read. Called when the panel becomes visible."""
        self._is_active = True
        start_worker(self, self._read_repeatedly, group="inspection", exclusive=True)

    def deactivate(self) -> None:
        """Stop to read, and cancel the request in flight. Called when the panel is hidden."""
        self._is_active = False
        self.workers.cancel_group(self, "inspection")
        if self._pending is not None:
            self._pending.cancel()

    async def _read_repeatedly(self) -> None:
        while True:
            began = time.monotonic()
            self._pending = self.requests.inspect(self.application, self.read)
            reading = await asyncio.wrap_future(self._pending)
            if not self.is_attached:
                return  # the screen is closing, and the children of the panel are removed already
            self._apply(reading)
            await asyncio.sleep(choose_pause_s(self.poll_s, time.monotonic() - began))

    def _apply(self, reading: Reading[T]) -> None:
        self.reading = keep_last_value(self.reading, reading)
        self.show_reading(self.reading)
        self.post_message(self.ReadingArrived())

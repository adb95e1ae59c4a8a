"""When each application is due to be read again. Only the applications that have changed are looked at."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from anchor_tui.domain.identity import list_changes
from anchor_tui.domain.model import AppId, Application

T = TypeVar("T")


class RefreshQueue:
    """The applications of one reader, with the times at which they are due.

    `find_due_time` returns when an application is due, or None if it is not until it changes.
    """

    def __init__(self, find_due_time: Callable[[Application], datetime | None]) -> None:
        self._find_due_time = find_due_time
        self._known: Sequence[Application] = ()
        self._applications: dict[AppId, Application] = {}
        self._due_times: dict[AppId, datetime] = {}
        self._heap: list[tuple[datetime, AppId]] = []

    def update(self, applications: Sequence[Application]) -> None:
        """Take over the present applications. Those that are the same objects as before keep their times."""
        if applications is self._known:
            return
        changed = list_changes(self._known, applications)
        self._known = applications
        for application in changed:
            self._applications[application.id] = application
        if len(self._applications) > len(applications):
            present = {application.id for application in applications}
            for id_ in self._applications.keys() - present:
                del self._applications[id_]
                self._due_times.pop(id_, None)
        self.schedule(*(application.id for application in changed))

    def schedule(self, *ids: AppId) -> None:
        """Find the times of applications again: they have changed, or were read."""
        for id_ in ids:
            application = self._applications.get(id_)
            due_time = self._find_due_time(application) if application is not None else None
            if due_time is None:
                self._due_times.pop(id_, None)
            elif self._due_times.get(id_) != due_time:
                self._due_times[id_] = due_time
                heapq.heappush(self._heap, (due_time, id_))

    def take_due(self, now: datetime) -> list[Application]:
        """Return the applications that are due, and forget their times: the caller reads and schedules them."""
        due: list[Application] = []
        while self._heap and self._heap[0][0] <= now:
            due_time, id_ = heapq.heappop(self._heap)
            if self._due_times.get(id_) == due_time:
                del self._due_times[id_]
                due.append(self._applications[id_])
        return due


def forget_absent(
    requested: dict[AppId, tuple[T, datetime]], applications: Sequence[Application], until: datetime
) -> None:
    """Forget the requests of applications that are absent. Those after `until` stay: they delay the next request."""
    if len(requested) > len(applications):
        for id_ in requested.keys() - {application.id for application in applications}:
            if requested[id_][1] <= until:
                del requested[id_]

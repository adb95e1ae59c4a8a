"""When each application was first seen OutOfSync: Argo CD does not record it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from anchor_tui.domain.identity import list_changes
from anchor_tui.domain.model import AppId
from anchor_tui.domain.readings import Fresh, Reading
from anchor_tui.domain.source_data import ArgoCDData, ObservedApplication


class OutOfSyncTimes:
    """The first times. The mapping stays the same object until an application becomes OutOfSync or is in sync again."""

    def __init__(self) -> None:
        self._times: dict[AppId, datetime] = {}
        self._known: dict[str, tuple[ObservedApplication, ...]] = {}

    def update(self, server: str, reading: Reading[ArgoCDData], now: datetime) -> Mapping[AppId, datetime]:
        """Return the times after a reading of a server. One that is not fresh changes nothing."""
        if not isinstance(reading, Fresh):
            return self._times
        before, present = self._known.get(server, ()), reading.value.applications
        self._known[server] = present
        times = dict(self._times)
        for observed in list_changes(before, present):
            application = observed.application
            if application.sync == "OutOfSync":
                times.setdefault(application.id, now)
            else:
                times.pop(application.id, None)
        if vanished := list_changes(present, before):
            found = {observed.application.id for observed in present}
            for id_ in {observed.application.id for observed in vanished} - found:
                times.pop(id_, None)
        if times != self._times:
            self._times = times
        return self._times

"""The place of the shown snapshot in its recording."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class ReplayPosition(NamedTuple):
    """The time of the snapshot, its place from 0, the number of snapshots, and how long ago it was taken."""

    taken_at: datetime
    place: int
    total: int
    age: str

    @property
    def text(self) -> str:
        """The position as shown on every screen: "REPLAY 2026-11-30 03:12:05Z, 3 h ago · 14 of 310"."""
        moment = f"{self.taken_at:%Y-%m-%d %H:%M:%S}Z, {self.age} ago"
        return f"REPLAY {moment} · {self.place + 1:,} of {self.total:,}"


class ReplayClock:
    """The clock of a replay: the time of the snapshot that is shown, so that ages are those of that time."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """Return the time of the snapshot."""
        return self.moment

"""The content of every format: the lines of the timeline, and what is left out."""

from __future__ import annotations

from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.timeline import TimelineEntry, TimelineLine
from anchor_tui.domain.model import ValueObject


class HistoryReport(ValueObject, frozen=True):
    """The lines, newest first. `is_complete` is False if there are older ones that match."""

    engine_id: str
    lines: tuple[TimelineLine, ...] = ()
    is_complete: bool = True

    @property
    def entries(self) -> tuple[TimelineEntry, ...]:
        """The lines that are changes."""
        return tuple(line for line in self.lines if isinstance(line, TimelineEntry))

    @property
    def gaps(self) -> tuple[ObservationGap, ...]:
        """The lines that are times without observation."""
        return tuple(line for line in self.lines if isinstance(line, ObservationGap))


def format_note(entry: TimelineEntry) -> str:
    """Return "imported" or "local" for a change that was not observed, else an empty text."""
    origin = entry.change.origin
    return "" if origin == "observed" else origin

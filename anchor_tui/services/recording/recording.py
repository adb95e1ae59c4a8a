"""A recording as a series of snapshots: the index of all segments at once, each snapshot on demand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Snapshot
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.folder import check_recording, list_segments
from anchor_tui.services.recording.segment_reader import SegmentReader


class Instant(NamedTuple):
    """The time of a recorded snapshot, and True if it contains a change that the operator looks for."""

    taken_at: datetime
    is_change: bool


class SnapshotSeries(Protocol):
    """Snapshots in the order of their recording. There is at least one."""

    @property
    def instants(self) -> Sequence[Instant]:
        """The time of each snapshot."""

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The names of all environments."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The parts that cannot be read, as sentences."""

    def load(self, place: int) -> Snapshot:
        """Return a snapshot by its place, counted from 0. Raises RecordingError."""


class SingleSnapshot:
    """A series of one snapshot."""

    problems: tuple[str, ...] = ()

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.instants: Sequence[Instant] = (Instant(snapshot.taken_at, is_change=False),)
        self.environment_names = tuple(environment.name for environment in snapshot.environments)

    def load(self, place: int) -> Snapshot:
        """Return the snapshot."""
        del place
        return self._snapshot


class Recording:
    """The snapshots of a folder that `--record` has written. It can be read while it is written."""

    def __init__(self, folder: Path) -> None:
        """Read the index. Raises RecordingError, also if there is no snapshot."""
        check_recording(folder)
        self._segments: list[SegmentReader] = []
        problems = []
        for segment in list_segments(folder):
            try:
                self._segments.append(SegmentReader(segment.path))
            except RecordingError as error:
                problems.append(str(error))
        problems += [_describe_cut(segment) for segment in self._segments if segment.cut_bytes]
        self.problems = tuple(problems)
        self._places = [(segment, index) for segment in self._segments for index, _ in enumerate(segment.frames)]
        self.instants: Sequence[Instant] = [
            Instant(frame.taken_at, frame.is_change) for segment in self._segments for frame in segment.frames
        ]
        if not self.instants:
            reason = f": {problems[0]}" if problems else ""
            raise RecordingError(f"the recording {folder} contains no complete snapshot{reason}: record longer")
        self.environment_names = tuple(
            dict.fromkeys(name for segment in reversed(self._segments) for name in segment.environment_names)
        )

    def load(self, place: int) -> Snapshot:
        """Return a snapshot by its place, counted from 0. Raises RecordingError."""
        segment, index = self._places[place]
        return segment.load(index)


def _describe_cut(segment: SegmentReader) -> str:
    left_out = format_count(segment.cut_bytes, "byte")
    return f"the end of {segment.path.name} is cut or damaged: {left_out} were left out, the last snapshot is missing"


def find_place(instants: Sequence[Instant], moment: datetime) -> int | None:
    """Return the place of the last snapshot that is not later than `moment`; None if all are later.

    Whole seconds are compared: a time that is shown finds the snapshot of that time.
    """
    places = range(len(instants) - 1, -1, -1)
    return next((place for place in places if instants[place].taken_at.replace(microsecond=0) <= moment), None)


def find_change(instants: Sequence[Instant], place: int, step: int) -> int | None:
    """Return the place of the next change after a place, or of the one before it; None if there is none."""
    places = range(place + 1, len(instants)) if step > 0 else range(place - 1, -1, -1)
    return next((found for found in places if instants[found].is_change), None)

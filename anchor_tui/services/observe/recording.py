"""Hands published snapshots to the recorder of the history, and its results to the next snapshot."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import Problem, Snapshot
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SourceReadings

RECORD_DELAY_S = 1.0
"""Recording starts so long after the first answer of a source: the first frames are more urgent."""


class SnapshotRecorder(Protocol):
    """The history as the reader uses it."""

    @property
    def facts(self) -> HistoryFacts:
        """The facts about the environments."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The warnings about the file."""

    def record(self, snapshot: Snapshot, readings: SourceReadings) -> None:
        """Record what has changed since the last snapshot. `readings` are what it was built from."""

    def close(self) -> None:
        """Record that this process does not watch any more."""


MakeRecorder = Callable[[], SnapshotRecorder]


class SnapshotRecording:
    """The recording of one reader. `record` and `close` are called in the thread that builds the snapshots.

    The recorder is made there, with the first snapshot that is recorded: its modules take time to load.
    """

    def __init__(self, make_recorder: MakeRecorder | None) -> None:
        self._make_recorder = make_recorder
        self._recorder: SnapshotRecorder | None = None
        self._starts_at_s: float | None = None
        self._failure: tuple[Problem, ...] = ()

    def is_due(self, snapshot: Snapshot) -> bool:
        """Return True if a snapshot is to be recorded: the history is on, and the start is over."""
        if self._make_recorder is None:
            return False
        now_s = time.monotonic()
        if self._starts_at_s is None and any(source.state != "asking" for source in snapshot.sources):
            self._starts_at_s = now_s + RECORD_DELAY_S
        return self._starts_at_s is not None and now_s >= self._starts_at_s

    def complete_readings(self, readings: SourceReadings) -> SourceReadings:
        """Return readings with what the recorder knows."""
        if self._recorder is None:
            return replace(readings, problems=self._failure) if self._failure else readings
        return replace(readings, history=self._recorder.facts, problems=self._recorder.problems)

    def record(self, snapshot: Snapshot, readings: SourceReadings) -> None:
        """Record a snapshot. An internal error ends the recording, not the screen."""
        if self._make_recorder is None:
            return
        try:
            if self._recorder is None:
                self._recorder = self._make_recorder()
            self._recorder.record(snapshot, readings)
        except Exception as error:  # noqa: BLE001 - see above
            self._make_recorder = self._recorder = None
            message = f"the history is off until the next start: {format_internal_error(error)}"
            self._failure = (Problem("history", "history", message),)

    def close(self) -> None:
        """Close the recorder. The process ends: an error is not shown any more."""
        if self._recorder is not None:
            with contextlib.suppress(Exception):
                self._recorder.close()

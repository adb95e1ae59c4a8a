"""Writes the snapshots of a running screen into a folder: compressed, each part once for each segment, and bounded.

A snapshot in which only ages differ is not written. Every frame is one write, so a process that is killed loses at most
the snapshot that it is writing.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from anchor_tui.domain.change_tracker import ChangeTracker
from anchor_tui.domain.model import Snapshot, ValueObject
from anchor_tui.domain.snapshot_ages import differs_beyond_ages
from anchor_tui.services.private_file import UnsafeFileError, open_private_file
from anchor_tui.services.recording.encoder import SnapshotEncoder
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.folder import SegmentFile, list_segments, lock_recording, name_segment
from anchor_tui.services.recording.frames import encode_frame
from anchor_tui.services.recording.recording import Recording
from anchor_tui.services.recording.segment_reader import SegmentPreface

SEGMENTS = 16
"""A segment has at most this share of the largest size, so that the oldest one is a small part of the recording."""
MAX_SEGMENT_AGE = timedelta(days=1)
RETRY_AFTER = timedelta(seconds=30)
"""The pause after a write that failed."""
CHANGES_TO_FIND = frozenset({"verdict", "release", "application", "sync", "health", "finding"})
"""The kinds of changes that the keys of a replay move to."""


class RecordingLimits(ValueObject, frozen=True):
    """The largest size of a recording in bytes, and the age of the oldest segment. The oldest ones are deleted."""

    max_bytes: int = 200 * 1024 * 1024
    max_age: timedelta = timedelta(days=30)

    @property
    def max_segment_bytes(self) -> int:
        """The size after which a new segment begins."""
        return self.max_bytes // SEGMENTS


class RecordingWriter:
    """The only writer of a recording. `record` and `close` can be called on any thread; neither raises an error.

    A failure is a warning, once for each reason. The recording continues when writing succeeds again.
    """

    def __init__(self, folder: Path, limits: RecordingLimits | None = None) -> None:
        """Create and lock the folder. Raises RecordingError."""
        self.folder = folder
        self._limits = limits or RecordingLimits()
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._stack.enter_context(lock_recording(folder))
        self._files: list[SegmentFile] = list(list_segments(folder))
        """The segments, oldest first. The last one is open if there is an encoder."""
        self._encoder: SnapshotEncoder | None = None
        self._segment_stack = ExitStack()
        self._handle = -1
        self._preface = SegmentPreface()
        self._last: Snapshot | None = None
        self._is_last_read = False
        self._tracker = ChangeTracker()
        self._has_change = False
        """True if a change was found and is not written yet: the write may have failed."""
        self._retry_at: datetime | None = None
        self._is_closed = False
        self._warnings: dict[str, bool] = {}
        """The reasons of failures, each with True if it was passed to the listener."""
        self._listener: Callable[[str], None] | None = None

    def listen(self, listener: Callable[[str], None]) -> None:
        """Pass each warning to a listener: those so far now, later ones on the thread that writes."""
        self._listener = listener
        self._pass_warnings()

    def record(self, snapshot: Snapshot) -> None:
        """Write a snapshot if anything but ages has changed."""
        with self._lock:
            if self._is_closed or all(source.state == "asking" for source in snapshot.sources):
                return
            if self._retry_at is not None and snapshot.taken_at < self._retry_at:
                return
            try:
                self._write_if_changed(snapshot)
                self._retry_at = None
            except (OSError, UnsafeFileError, RecordingError) as error:
                self._close_segment()  # the next attempt begins a segment: the state of this one is unknown
                self._retry_at = snapshot.taken_at + RETRY_AFTER
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                self._warnings.setdefault(
                    f"cannot record into {self.folder}: {reason}: snapshots are missing until it can be written again",
                    False,
                )
        self._pass_warnings()

    def close(self) -> None:
        """Release the folder."""
        with self._lock:
            self._is_closed = True
            self._close_segment()
            self._stack.close()

    def _pass_warnings(self) -> None:
        if self._listener is not None:
            for warning in [warning for warning, is_passed in self._warnings.items() if not is_passed]:
                self._warnings[warning] = True
                self._listener(warning)

    # --- writing -------------------------------------------------------------------------------------

    def _write_if_changed(self, snapshot: Snapshot) -> None:
        if not self._is_last_read:
            self._last, self._is_last_read = _read_last(self.folder) if self._files else None, True
            if self._last is not None:
                self._tracker.update(self._last)
        last = self._last
        if last is not None and not differs_beyond_ages(last, snapshot):
            self._last = snapshot  # the next comparison finds the unchanged parts by identity
            return
        encoder = self._open_segment(snapshot)
        encoded = encoder.encode(snapshot)
        self._has_change = self._find_change(snapshot) or self._has_change
        frame = encode_frame(encoded.lines, snapshot.taken_at, encoded.first_part, is_change=self._has_change)
        self._append(frame)
        self._last, self._has_change = snapshot, False
        self._delete_oldest(snapshot.taken_at)

    def _find_change(self, snapshot: Snapshot) -> bool:
        """Return True if one of the changes is of a kind to find. The first value of something is not a change."""
        changes = self._tracker.update(snapshot)
        return any(change.kind in CHANGES_TO_FIND and change.before is not None for change in changes)

    def _open_segment(self, snapshot: Snapshot) -> SnapshotEncoder:
        """Return the encoder of the open segment. Begin one if there is none or if it is too large or too old."""
        names = tuple(environment.name for environment in snapshot.environments)
        if self._encoder is not None:
            current = self._files[-1]
            is_full = current.size >= self._limits.max_segment_bytes
            is_old = snapshot.taken_at - current.started_at >= MAX_SEGMENT_AGE
            if not is_full and not is_old and names == self._preface.environments:
                return self._encoder
            self._close_segment()
        number = self._files[-1].number + 1 if self._files else 1
        path = self.folder / name_segment(number, snapshot.taken_at)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._handle = self._segment_stack.enter_context(open_private_file(path, flags))
        started_at = snapshot.taken_at.replace(microsecond=0)
        self._files.append(SegmentFile(number, started_at, path, 0))
        self._preface = SegmentPreface(environments=names)
        self._append(msgspec.json.encode(self._preface) + b"\n")
        self._encoder = SnapshotEncoder()
        return self._encoder

    def _append(self, content: bytes) -> None:
        """Write at the end of the open segment. A write that is cut is undone. Raises OSError."""
        current = self._files[-1]
        written = os.write(self._handle, content)
        if written < len(content):  # the disk is full: the next write would report it
            os.ftruncate(self._handle, current.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._files[-1] = current._replace(size=current.size + written)

    def _close_segment(self) -> None:
        self._encoder = None
        self._segment_stack.close()
        if self._files and self._files[-1].size == 0:  # not even its first line was written
            with suppress(OSError):
                self._files.pop().path.unlink()

    def _delete_oldest(self, now: datetime) -> None:
        """Delete segments until the limits are kept. The open one stays. Raises OSError."""
        total = sum(segment.size for segment in self._files)
        while len(self._files) > 1:
            oldest, following = self._files[:2]
            if total <= self._limits.max_bytes and now - following.started_at <= self._limits.max_age:
                return
            oldest.path.unlink(missing_ok=True)
            del self._files[0]
            total -= oldest.size


def _read_last(folder: Path) -> Snapshot | None:
    """Return the last snapshot of an earlier process; None if it cannot be read."""
    try:
        recording = Recording(folder)
        return recording.load(len(recording.instants) - 1)
    except RecordingError:
        return None

"""The snapshots that a command names: FILE, "-", DIR, or DIR@TIME."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.moments import MomentError, parse_moment
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.recording import Recording, SingleSnapshot, SnapshotSeries, find_place
from anchor_tui.services.snapshot_files import STDIN, SnapshotFileError, read_snapshot_file


class NamedSeries(NamedTuple):
    """A series, and the place in it that was named: the last one without a time."""

    series: SnapshotSeries
    place: int


def open_series(name: str) -> NamedSeries:
    """Return the recording of a folder, or the single snapshot of a file. Raises RecordingError."""
    path, moment = _split_name(name)
    if path != STDIN and Path(path).is_dir():
        recording = Recording(Path(path))
        return NamedSeries(recording, _find_named_place(recording, moment, path))
    if moment:
        raise RecordingError(f"cannot find {name}: {path} is not a recording: name a file without a time")
    try:
        return NamedSeries(SingleSnapshot(read_snapshot_file(path)), 0)
    except SnapshotFileError as error:
        raise RecordingError(str(error)) from error


def read_named_snapshot(name: str) -> Snapshot:
    """Return the snapshot of a file, or the one of a recording at a time. Raises RecordingError."""
    series, place = open_series(name)
    return series.load(place)


def _split_name(name: str) -> tuple[str, str]:
    """Return a path and a time. An existing path may contain "@" itself."""
    path, at, moment = name.rpartition("@")
    return (path, moment) if at and not _exists(name) and _exists(path) else (name, "")


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _find_named_place(recording: Recording, moment: str, folder: str) -> int:
    """Return the place of the last snapshot until a time. Raises RecordingError."""
    instants = recording.instants
    if not moment:
        return len(instants) - 1
    try:
        wanted = parse_moment(moment, instants[-1].taken_at)
    except MomentError as error:
        raise RecordingError(str(error)) from error
    place = find_place(instants, wanted)
    if place is None:
        first = min(instant.taken_at for instant in instants)
        raise RecordingError(
            f"cannot find {moment} in {folder}: the recording begins at {first:%Y-%m-%d %H:%M:%S}Z: name a later time"
        )
    return place

"""The folder of a recording: its mark, its segments in their order, and its lock.

A segment is named by its number and the time of its first snapshot. Numbers only grow, so the order of the names is the
order of the writing, also after the clock was set back.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from anchor_tui.services.private_file import UnsafeFileError, open_private_file
from anchor_tui.services.recording.errors import RecordingError

SCHEMA = "anchor-tui/recording/v1"
MARK_NAME = "recording.json"
_NEW_MARK_NAME = f".{MARK_NAME}"
LOCK_NAME = "lock"
_SEGMENT_NAME = re.compile(r"(?P<number>\d{6,12})-(?P<time>\d{8}T\d{6}Z)\.segment")
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
MAX_MARK_BYTES = 4096


class SegmentFile(NamedTuple):
    """A segment as it is listed. `started_at` is the time of its first snapshot, in whole seconds."""

    number: int
    started_at: datetime
    path: Path
    size: int


def name_segment(number: int, started_at: datetime) -> str:
    """Return the file name of a segment."""
    return f"{number:06d}-{started_at.astimezone(UTC):{_TIME_FORMAT}}.segment"


def list_segments(folder: Path) -> tuple[SegmentFile, ...]:
    """Return the segments of a recording, oldest first. Raises RecordingError."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if (name := _SEGMENT_NAME.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False):
                    started_at = _parse_time(name["time"])
                    if started_at is not None:
                        size = entry.stat(follow_symlinks=False).st_size
                        found.append(SegmentFile(int(name["number"]), started_at, Path(entry.path), size))
    except OSError as error:
        raise RecordingError(f"cannot read the recording {folder}: {error.strerror}: check its permissions") from error
    return tuple(sorted(found, key=lambda segment: segment.number))


def _parse_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def check_recording(folder: Path) -> None:
    """Raise RecordingError if the folder is not a recording that this version reads."""
    try:
        with (folder / MARK_NAME).open("rb") as file:
            content = file.read(MAX_MARK_BYTES)
    except FileNotFoundError as error:
        raise RecordingError(
            f"{folder} is not a recording: it has no {MARK_NAME}: name a folder that `--record` has written"
        ) from error
    except OSError as error:
        raise RecordingError(f"cannot read the recording {folder}: {error.strerror}: check its permissions") from error
    schema = _read_schema(content)
    if schema != SCHEMA:
        is_later = isinstance(schema, str) and schema.startswith("anchor-tui/recording/")
        remedy = "upgrade anchor-tui" if is_later else "name a folder that `--record` has written"
        raise RecordingError(f"{folder} is not a recording: the schema of {MARK_NAME} is {schema!r}: {remedy}")


def _read_schema(content: bytes) -> object:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document.get("schema") if isinstance(document, dict) else None


@contextmanager
def lock_recording(folder: Path) -> Iterator[None]:
    """Create the recording if it does not exist, and be its only writer. Raises RecordingError.

    The lock ends with the process, also if that is killed.
    """
    try:
        _create_folder(folder)
        with open_private_file(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT) as lock:
            _acquire_lock(lock, folder)
            _write_mark(folder)
            yield
    except UnsafeFileError as error:
        raise RecordingError(f"cannot record into {folder}: {error}") from error
    except OSError as error:
        raise RecordingError(f"cannot record into {folder}: {error.strerror}: name another folder") from error


def _create_folder(folder: Path) -> None:
    """Create the folder for this account only. A folder with other files in it is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = {LOCK_NAME, _NEW_MARK_NAME}
    if not os.path.lexists(folder / MARK_NAME) and any(path.name not in own for path in folder.iterdir()):
        raise RecordingError(f"cannot record into {folder}: it contains other files: name a new or an empty folder")


def _acquire_lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        raise RecordingError(
            f"cannot record into {folder}: the process {owner or '?'} is recording there: "
            "name another folder, or end that process"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)


def _write_mark(folder: Path) -> None:
    """Write the mark. It is the last file that makes the folder a recording."""
    if os.path.lexists(folder / MARK_NAME):
        check_recording(folder)
        return
    temporary = folder / _NEW_MARK_NAME
    with open_private_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as handle:
        os.write(handle, json.dumps({"schema": SCHEMA}).encode() + b"\n")
    temporary.replace(folder / MARK_NAME)

"""Reads one segment: its index at once, a snapshot and the parts of it on demand."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.model import Application, Environment, Finding, Snapshot
from anchor_tui.services.recording.encoder import EnvironmentPart, NumberRange, SnapshotPart
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.folder import SCHEMA
from anchor_tui.services.recording.frames import DamagedFrameError, Frame, iterate_frames, read_lines
from anchor_tui.services.snapshot_json import SCHEMA as SNAPSHOT_SCHEMA
from anchor_tui.services.snapshot_json import SnapshotFormatError, snapshot_from_document
from anchor_tui.services.snapshot_tolerance import replace_unknown_values

T = TypeVar("T")
_DAMAGE = (
    DamagedFrameError,
    SnapshotFormatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""The errors of parts that are JSON but not those of a snapshot: a checksum does not prove who wrote them."""
MAX_PREFACE_BYTES = 1024 * 1024
_Findings = tuple[Finding, ...]


class SegmentPreface(msgspec.Struct, frozen=True):
    """The first line of a segment. `environments` are the names that all of its snapshots have."""

    schema: str = SCHEMA
    environments: tuple[str, ...] = ()


class SegmentReader:
    """A segment with its index. The decoded parts of the last snapshot are kept: the next one shares most of them."""

    def __init__(self, path: Path) -> None:
        """Read the index. Raises RecordingError."""
        self.path = path
        with self._open() as descriptor:
            self.environment_names, start = _read_preface(descriptor, path)
            self.frames = tuple(iterate_frames(descriptor, start))
            end = self.frames[-1].end if self.frames else start
            self.cut_bytes = max(0, os.fstat(descriptor).st_size - end)
        self._first_parts = [frame.first_part for frame in self.frames]
        self._decoded: dict[int, Any] = {}
        self._environments: dict[int, Environment] = {}

    def load(self, index: int) -> Snapshot:
        """Return a snapshot by its place in the segment. Raises RecordingError."""
        frame = self.frames[index]
        try:
            with self._open() as descriptor:
                return _SnapshotDecoder(self, descriptor).decode(frame)
        except _DAMAGE as error:
            reason = f": {error}" if isinstance(error, SnapshotFormatError) else ""
            raise RecordingError(
                f"the snapshot of {frame.taken_at:%Y-%m-%d %H:%M:%S}Z cannot be read: {self.path} is damaged{reason}: "
                "go to another snapshot"
            ) from error

    def find_frame(self, part: int) -> Frame:
        """Return the frame that brings a part. Raises DamagedFrameError."""
        index = bisect.bisect_right(self._first_parts, part) - 1
        if index < 0 or part >= self.frames[index].first_part + self.frames[index].part_count:
            raise DamagedFrameError
        return self.frames[index]

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise self._describe_failure(error) from error
        try:
            yield descriptor
        except OSError as error:
            raise self._describe_failure(error) from error
        finally:
            os.close(descriptor)

    def _describe_failure(self, error: OSError) -> RecordingError:
        remedy = "the recorder has deleted it" if isinstance(error, FileNotFoundError) else "check its permissions"
        return RecordingError(f"cannot read {self.path}: {error.strerror}: {remedy}")

    @property
    def kept(self) -> tuple[dict[int, Any], dict[int, Environment]]:
        """The decoded parts and environments of the last snapshot, by their numbers."""
        return self._decoded, self._environments

    def keep(self, decoded: dict[int, Any], environments: dict[int, Environment]) -> None:
        """Keep the parts of one snapshot in place of those of the one before."""
        self._decoded, self._environments = decoded, environments


class _SnapshotDecoder:
    """Decodes one snapshot. A payload is decompressed once, and a part that is kept is not decoded again."""

    def __init__(self, segment: SegmentReader, descriptor: int) -> None:
        self._segment, self._descriptor = segment, descriptor
        self._lines: dict[int, list[bytes]] = {}
        self._known, self._known_environments = segment.kept
        self._decoded: dict[int, Any] = {}
        self._environments: dict[int, Environment] = {}

    def decode(self, frame: Frame) -> Snapshot:
        root = self._read_lines(frame)[0]
        try:
            snapshot = self._decode_typed(root)
        except msgspec.ValidationError:
            return self._decode_plain(root)
        self._segment.keep(self._decoded, self._environments)
        return snapshot

    def _decode_typed(self, root: bytes) -> Snapshot:
        part = msgspec.json.decode(root, type=SnapshotPart)
        return replace(
            part.body,
            environments=tuple(map(self._get_environment, part.environments)),
            findings=self._get(part.findings, _Findings),
        )

    def _get_environment(self, number: int) -> Environment:
        environment = self._known_environments.get(number)
        part = self._get(number, EnvironmentPart)
        findings = self._get(part.findings, _Findings)
        applications = tuple(self._get(one, Application) for one in _iterate_numbers(part.applications))
        if environment is None:
            environment = replace(part.body, findings=findings, applications=applications)
        self._environments[number] = environment
        return environment

    def _get(self, number: int, type_: Any) -> Any:  # noqa: ANN401 - of the given type
        part = self._known.get(number)
        if part is None:
            part = msgspec.json.decode(self._find_line(number), type=type_)
        self._decoded[number] = part
        return part

    def _find_line(self, number: int) -> bytes:
        frame = self._segment.find_frame(number)
        return self._read_lines(frame)[1 + number - frame.first_part]

    def _read_lines(self, frame: Frame) -> list[bytes]:
        if frame.offset not in self._lines:
            self._lines[frame.offset] = read_lines(self._descriptor, frame)
        return self._lines[frame.offset]

    def _decode_plain(self, root: bytes) -> Snapshot:
        """Return a snapshot of a later version, with known values in place of those that it has added."""

        def decode(number: int) -> Any:  # noqa: ANN401 - plain values of any type
            return msgspec.json.decode(self._find_line(number))

        part = msgspec.json.decode(root)
        environments = []
        for environment in map(decode, part["environments"]):
            ranges = environment["applications"]
            environment["body"]["applications"] = [decode(number) for number in _iterate_numbers(ranges)]
            environment["body"]["findings"] = decode(environment["findings"])
            environments.append(environment["body"])
        document = {"schema": SNAPSHOT_SCHEMA, **part["body"], "environments": environments}
        document["findings"] = decode(part["findings"])
        replace_unknown_values(document)
        return snapshot_from_document(document)


def _iterate_numbers(ranges: tuple[NumberRange, ...]) -> Iterator[int]:
    for first, count in ranges:
        yield from range(first, first + count)


def _read_preface(descriptor: int, path: Path) -> tuple[tuple[str, ...], int]:
    """Return the names of the environments, and the offset of the first frame. Raises RecordingError."""
    line, newline, _ = os.pread(descriptor, MAX_PREFACE_BYTES, 0).partition(b"\n")
    if not newline:
        return (), 0  # cut before the first snapshot
    try:
        preface = msgspec.json.decode(line, type=SegmentPreface)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"{path} is not a segment of a recording: its first line is damaged: delete it") from error
    if preface.schema != SCHEMA:
        raise RecordingError(f"{path} has the schema {preface.schema!r}, not {SCHEMA!r}: upgrade anchor-tui")
    return preface.environments, len(line) + 1

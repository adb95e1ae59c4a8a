"""The frames of a segment: one for each snapshot, appended in one write.

A segment is a file. Its first line is JSON: the schema, and the names of the environments. Each frame is a header of
fixed size and a payload compressed with zlib. The headers alone are the index of a segment: they contain the time of
the snapshot and the numbers of the parts that the frame brings.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_LAYOUT = struct.Struct("<4sBxxxIIqII")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _LAYOUT.size + _CHECKSUM.size
_MAGIC = b"ATSF"
_CHANGE = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MAX_PAYLOAD_BYTES = 512 * 1024 * 1024
"""The largest payload, before and after decompression. One of 5,000 applications has 15 MiB."""


class Frame(NamedTuple):
    """The header of a frame, and the place of its payload in the file.

    `first_part` is the number of the first part that the frame brings; the others follow. `is_change` is True if a
    verdict, a health, a sync status, a release or a finding is another one than in the snapshot before.
    """

    offset: int
    payload_bytes: int
    checksum: int
    taken_at: datetime
    first_part: int
    part_count: int
    is_change: bool

    @property
    def end(self) -> int:
        """The offset of the next frame."""
        return self.offset + HEADER_BYTES + self.payload_bytes


class DamagedFrameError(Exception):
    """The payload of a frame is not the one that was written."""


def encode_frame(lines: list[bytes], taken_at: datetime, first_part: int, *, is_change: bool) -> bytes:
    """Return a frame. The first line is the snapshot, the others are the parts that the frame brings."""
    payload = zlib.compress(b"\n".join(lines))
    header = _LAYOUT.pack(
        _MAGIC,
        _CHANGE if is_change else 0,
        len(payload),
        zlib.crc32(payload),
        (taken_at - _EPOCH) // _MICROSECOND,
        first_part,
        len(lines) - 1,
    )
    return header + _CHECKSUM.pack(zlib.crc32(header)) + payload


def iterate_frames(descriptor: int, start: int) -> Iterator[Frame]:
    """Yield the complete frames of a file from an offset on. What follows the last one is cut or damaged."""
    size = os.fstat(descriptor).st_size
    offset = start
    while (frame := _decode_header(os.pread(descriptor, HEADER_BYTES, offset), offset)) is not None:
        if frame.end > size:
            return
        yield frame
        offset = frame.end


def _decode_header(header: bytes, offset: int) -> Frame | None:
    if len(header) < HEADER_BYTES:
        return None
    (checksum,) = _CHECKSUM.unpack_from(header, _LAYOUT.size)
    if zlib.crc32(header[: _LAYOUT.size]) != checksum:
        return None
    magic, flags, length, payload_checksum, microseconds, first_part, part_count = _LAYOUT.unpack_from(header)
    if magic != _MAGIC or length > MAX_PAYLOAD_BYTES:
        return None
    try:
        taken_at = _EPOCH + microseconds * _MICROSECOND
    except OverflowError:
        return None
    return Frame(offset, length, payload_checksum, taken_at, first_part, part_count, bool(flags & _CHANGE))


def read_lines(descriptor: int, frame: Frame) -> list[bytes]:
    """Return the lines of a frame: the snapshot, then its parts. Raises DamagedFrameError and OSError."""
    payload = os.pread(descriptor, frame.payload_bytes, frame.offset + HEADER_BYTES)
    if len(payload) != frame.payload_bytes or zlib.crc32(payload) != frame.checksum:
        raise DamagedFrameError
    decoder = zlib.decompressobj()
    try:
        content = decoder.decompress(payload, MAX_PAYLOAD_BYTES)
    except zlib.error as error:
        raise DamagedFrameError from error
    lines = content.split(b"\n")
    if not decoder.eof or len(lines) != frame.part_count + 1:
        raise DamagedFrameError
    return lines

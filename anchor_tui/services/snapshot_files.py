"""Reads snapshot documents from files: those of other versions too, compressed with gzip or not."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

import msgspec

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.snapshot_json import SCHEMA, SnapshotFormatError, snapshot_from_document
from anchor_tui.services.snapshot_tolerance import replace_unknown_values

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
"""The largest document, after decompression. One of 5,000 applications has 15 MiB."""
STDIN = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's code for the gzip format with the largest window."""
_CONTRACT = re.compile(r"anchor-tui/(?P<name>[a-z-]+)/v(?P<major>\d{1,9})")
_HOW_TO_WRITE = "write one with `anchor-tui snapshot -o FILE`"


class SnapshotFileError(Exception):
    """A file is not a readable snapshot document. The message contains the file, the reason and what to do."""


def read_snapshot_file(name: str) -> Snapshot:
    """Return the snapshot of a file; "-" is stdin. Raises SnapshotFileError."""
    shown = "stdin" if name == STDIN else name
    try:
        return parse_snapshot(_decompress(_read_bytes(name)))
    except SnapshotFormatError as error:
        raise SnapshotFileError(f"cannot read {shown}: {error}") from error


def parse_snapshot(content: bytes) -> Snapshot:
    """Return the snapshot of a document of this or another version. Raises SnapshotFormatError."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "it is empty" if not content.strip() else f"it is not JSON ({error})"
        raise SnapshotFormatError(f"{reason}: {_HOW_TO_WRITE}") from error
    _check_schema(document)
    try:
        return snapshot_from_document(document)
    except SnapshotFormatError:
        if not replace_unknown_values(document):
            raise
        return snapshot_from_document(document)


def _check_schema(document: object) -> None:
    """Raise SnapshotFormatError if the document is not a snapshot of this major version."""
    if not isinstance(document, dict):
        raise SnapshotFormatError(f"it is not a JSON object and has no key `schema`: {_HOW_TO_WRITE}")
    schema = document.get("schema")
    if schema == SCHEMA:
        return
    found = _CONTRACT.fullmatch(schema) if isinstance(schema, str) else None
    if found is None:
        state = "is missing" if schema is None else f"is {str(schema)[:80]!r}"
        raise SnapshotFormatError(f"it is not a snapshot: its key `schema` {state}, not {SCHEMA!r}: {_HOW_TO_WRITE}")
    if found["name"] != "snapshot":
        raise SnapshotFormatError(f"its key `schema` is {schema!r}, not {SCHEMA!r}: {_HOW_TO_WRITE}")
    raise SnapshotFormatError(
        f"its key `schema` is {schema!r}, and this version reads {SCHEMA!r} only: upgrade anchor-tui"
    )


def _read_bytes(name: str) -> bytes:
    """Return at most MAX_DOCUMENT_BYTES of a file or a pipe. Raises SnapshotFileError."""
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(MAX_DOCUMENT_BYTES + 1)
    except FileNotFoundError as error:
        raise SnapshotFileError(f"cannot read {name}: the file does not exist: check the path") from error
    except IsADirectoryError as error:
        raise SnapshotFileError(
            f"cannot read {name}: it is a folder: name a file, or a recording as DIR@TIME"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SnapshotFileError(f"cannot read {name}: {reason}: check the path and its permissions") from error
    if len(content) > MAX_DOCUMENT_BYTES:
        raise SnapshotFileError(f"cannot read {name}: {_describe_limit()}")
    return content


def _decompress(content: bytes) -> bytes:
    """Return the content of a gzip file; any other content unchanged. Raises SnapshotFormatError."""
    if not content.startswith(_GZIP_MAGIC):
        return content
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        document = decoder.decompress(content, MAX_DOCUMENT_BYTES + 1)
    except zlib.error as error:
        raise SnapshotFormatError("its gzip data is damaged: copy it again, or write a new one") from error
    if len(document) > MAX_DOCUMENT_BYTES:
        raise SnapshotFormatError(_describe_limit())
    if not decoder.eof:
        raise SnapshotFormatError("its gzip data ends too early: copy it again, or write a new one")
    return document


def _describe_limit() -> str:
    return f"it is larger than {MAX_DOCUMENT_BYTES // 1024**2} MiB, the most that is read: name another file"

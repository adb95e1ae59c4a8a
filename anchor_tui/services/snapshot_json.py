"""Writes and reads a snapshot as JSON: the contract `anchor-tui/snapshot/v1`.

The keys are the field names of the model. Times are RFC 3339 in UTC; absent values are null. The labels of an
application are omitted if there are none. Reading a written document returns an equal snapshot.
"""

from __future__ import annotations

from typing import Any

import msgspec

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.document_schema import build_document_schema
from anchor_tui.services.json_text import clean_document, format_json

SCHEMA = "anchor-tui/snapshot/v1"
OPTIONAL_KEYS = {"Application": frozenset({"labels"})}
"""The keys that are omitted if they are empty, by class."""


class SnapshotFormatError(ValueError):
    """A document is not a snapshot of this contract. The message contains the place and the reason."""


def snapshot_to_document(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot as a document of plain values, without tokens."""
    return {"schema": SCHEMA, **clean_document(_to_plain_values(snapshot))}


def snapshot_to_json(snapshot: Snapshot) -> bytes:
    """Return the document as indented JSON in UTF-8, with a final newline and without terminal controls."""
    return format_json({"schema": SCHEMA, **_to_plain_values(snapshot)}).encode()


def _to_plain_values(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot as plain values, without empty labels."""
    document: dict[str, Any] = msgspec.to_builtins(snapshot)
    for environment in document["environments"]:
        for application in environment["applications"]:
            if not application["labels"]:
                del application["labels"]
    return document


def snapshot_from_json(text: bytes | str) -> Snapshot:
    """Return the snapshot that `snapshot_to_json` wrote. Raises SnapshotFormatError."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotFormatError(f"this is not JSON, or nested too deep: {error}") from error
    return snapshot_from_document(document)


def snapshot_from_document(document: object) -> Snapshot:
    """Return the snapshot of a document. Raises SnapshotFormatError."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise SnapshotFormatError(f"this is not a snapshot: its schema is {found!r}, not {SCHEMA!r}")
    try:
        return msgspec.convert(document, Snapshot)
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        raise SnapshotFormatError(f"this snapshot does not match {SCHEMA}: {error}") from error


def snapshot_schema() -> dict[str, Any]:
    """Return the contract's JSON Schema (2020-12). Every key except `OPTIONAL_KEYS` is always written, so required."""
    return build_document_schema(Snapshot, SCHEMA, OPTIONAL_KEYS)

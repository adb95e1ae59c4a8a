"""Writes a comparison of two snapshots as JSON: the contract `anchor-tui/diff/v1`. Its keys only grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from anchor_tui.domain.change_text import describe_change
from anchor_tui.domain.changes import Change, ChangeKind
from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.model import AwareDatetime, ValueObject
from anchor_tui.domain.snapshot_diff import ReasonChange, SnapshotDiff
from anchor_tui.services.document_schema import build_document_schema
from anchor_tui.services.documented_application import DocumentedApplication, document_application
from anchor_tui.services.json_text import format_json

DIFF_SCHEMA = "anchor-tui/diff/v1"


class DiffSide(ValueObject, frozen=True):
    """One of the two snapshots."""

    engine_id: str
    taken_at: AwareDatetime


class DiffChange(ValueObject, frozen=True):
    """One value that differs. `before` and `after` are null if the value is not known in that snapshot.

    `subject` is the id of a source or a check, or the number of a pull request; `place` the file or resource of a
    finding; `reported_at` the time of the change by the server's own clock. `text` is the change in words.
    """

    kind: ChangeKind
    environment: str | None
    application: DocumentedApplication | None
    subject: str | None
    place: str | None
    before: str | None
    after: str | None
    severity: Literal["error", "warning", "info"] | None
    pull_request: int | None
    reported_at: AwareDatetime | None
    detail: str
    text: str


class DiffSummary(ValueObject, frozen=True):
    """The number of changes, and that of each kind that has some."""

    changes: int
    kinds: Mapping[ChangeKind, int]


class DiffDocument(ValueObject, frozen=True):
    """The differences between two snapshots. `equal` is true if nothing but ages differs.

    `reasons` are those of the verdicts that appeared or disappeared; without an environment, those of the estate.
    """

    before: DiffSide
    after: DiffSide
    equal: bool
    summary: DiffSummary
    changes: tuple[DiffChange, ...]
    reasons: tuple[ReasonChange, ...]


def diff_to_json(diff: SnapshotDiff) -> str:
    """Return the document as indented JSON with a final newline, without terminal controls and tokens."""
    document = DiffDocument(
        DiffSide(diff.engine_ids[0], diff.before_at),
        DiffSide(diff.engine_ids[1], diff.after_at),
        diff.is_empty,
        DiffSummary(len(diff.changes), dict(diff.counts)),
        tuple(map(_make_change, diff.changes)),
        diff.reasons,
    )
    return format_json({"schema": DIFF_SCHEMA, **msgspec.to_builtins(document)})


def _make_change(change: Change) -> DiffChange:
    return DiffChange(
        change.kind,
        change.environment,
        document_application(change.application),
        change.subject or None,
        change.place or None,
        change.before,
        change.after,
        change.severity,
        change.pull_request,
        change.reported_at,
        shorten_text(change.detail),
        shorten_text(describe_change(change)),
    )


def diff_schema() -> dict[str, Any]:
    """Return the contract's JSON Schema (2020-12). Every key is always written, so required."""
    return build_document_schema(DiffDocument, DIFF_SCHEMA, {})

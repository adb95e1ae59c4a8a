"""A change as a line of text, or as a JSON document on one line."""

from __future__ import annotations

from typing import Any

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.change_text import describe_change
from anchor_tui.domain.changes import Change
from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_timestamp
from anchor_tui.services.json_text import format_json_line

CHANGE_SCHEMA = "anchor-tui/change/v1"
CHANGE_FORMATS = ("text", "jsonl")
MAX_TEXT_LENGTH = 500
"""Characters of a line of text. JSON contains 4 KB of each foreign text."""


def render_change(change: Change, format_: str, *, is_present: bool) -> str:
    """Return one line with its end. `is_present` marks a value at the start, which is not a change."""
    if format_ == "jsonl":
        return format_json_line(make_change_document(change, is_present=is_present))
    mark = "= " if is_present else "~ "
    text = shorten_text(describe_change(change), MAX_TEXT_LENGTH)
    return format_lines((f"{format_timestamp(change.at)} {mark}{text}",))


def make_change_document(change: Change, *, is_present: bool) -> dict[str, Any]:
    """Return a change as a document of plain values. Its keys only grow."""
    app = change.application
    return {
        "schema": CHANGE_SCHEMA,
        "at": format_timestamp(change.at),
        "present": is_present,
        "kind": change.kind,
        "environment": change.environment,
        "application": app._asdict() if app else None,
        "subject": change.subject or None,
        "place": change.place or None,
        "before": change.before,
        "after": change.after,
        "severity": change.severity,
        "pull_request": change.pull_request,
        "reported_at": format_timestamp(change.reported_at) if change.reported_at else None,
        "detail": shorten_text(change.detail),
        "text": shorten_text(describe_change(change)),
    }

"""The timeline as CSV (RFC 4180): one row for each change, and one for each time without observation.

A spreadsheet calculates a cell that begins like a formula. Such a text gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from anchor_tui.cli.output.escaping import format_line
from anchor_tui.cli.output.history.report import HistoryReport
from anchor_tui.domain.formatting import format_timestamp
from anchor_tui.domain.history.gaps import describe_gap
from anchor_tui.domain.history.timeline import TimelineEntry

COLUMNS = (
    "time",
    "observed",
    "kind",
    "environment",
    "server",
    "namespace",
    "application",
    "subject",
    "place",
    "before",
    "after",
    "text",
    "cause",
    "detail",
    "severity",
    "pull_request",
    "commit",
    "actor",
    "origin",
)
NOT_OBSERVED = "not-observed"
"""The kind of a row for a time without observation. Its time is the start; `after` is the end, empty if it is now."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def render(report: HistoryReport) -> str:
    """Render a line of titles and the rows, with LF as line end."""
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in report.lines:
        if isinstance(line, TimelineEntry):
            row: Mapping[str, str] = _make_row(line)
        else:
            after = format_timestamp(line.until) if line.until else ""
            row = {
                "time": format_timestamp(line.since),
                "kind": NOT_OBSERVED,
                "after": after,
                "text": describe_gap(line),
            }
        writer.writerow(row)
    return target.getvalue()


def protect_cell(text: str) -> str:
    """Return foreign text on one line that no spreadsheet calculates."""
    line = format_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line


def _make_row(entry: TimelineEntry) -> dict[str, str]:
    change = entry.change
    server, namespace, name = change.application or ("", "", "")
    values = {
        "kind": change.kind,
        "environment": change.environment,
        "server": server,
        "namespace": namespace,
        "application": name,
        "subject": change.subject,
        "place": change.place,
        "before": change.before or "",
        "after": change.after or "",
        "text": f"{entry.subject} {entry.full_sentence}",
        "cause": entry.cause_text,
        "detail": change.detail,
        "severity": change.severity,
        "pull_request": "" if change.pull_request is None else str(change.pull_request),
        "commit": change.commit,
        "actor": change.actor,
        "origin": change.origin,
    }
    cells = {column: protect_cell(value) for column, value in values.items()}
    return {"time": format_timestamp(change.at), "observed": format_timestamp(change.observed_at), **cells}

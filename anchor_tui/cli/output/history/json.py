"""The timeline as JSON: the contract `anchor-tui/history/v1`."""

from __future__ import annotations

from anchor_tui.cli.output.history.report import HistoryReport
from anchor_tui.services.history.history_json import history_to_json


def render(report: HistoryReport) -> str:
    """Render the document."""
    return history_to_json(report.engine_id, report.entries, report.gaps, complete=report.is_complete)

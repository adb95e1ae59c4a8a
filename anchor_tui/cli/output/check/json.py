"""The JSON format: a document of the schema `anchor-tui/check/v1`."""

from __future__ import annotations

import msgspec

from anchor_tui.cli.output.check.report import CheckReport
from anchor_tui.services.json_text import format_json

SCHEMA = "anchor-tui/check/v1"


def render(report: CheckReport) -> str:
    """Return every finding with its environment, and a summary of counts and waivers."""
    document = {
        "schema": SCHEMA,
        "path": report.path,
        "commit": report.commit,
        "summary": {**report.count_findings(), "waivers": [msgspec.to_builtins(waiver) for waiver in report.waivers]},
        "findings": [
            {"environment": environment, **msgspec.to_builtins(finding)}
            for environment, finding in report.iter_findings()
        ],
    }
    return format_json(document)

"""The comparison as text for a terminal: a summary, then the changes of each environment."""

from __future__ import annotations

from anchor_tui.cli.output.diff.sections import format_summary, format_title, list_sections
from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.snapshot_diff import SnapshotDiff


def render(diff: SnapshotDiff) -> str:
    """Render lines of plain text."""
    lines = [format_title(diff), format_summary(diff)]
    for section in list_sections(diff):
        lines += ["", section.title, *(f"  {line}" for line in section.lines)]
    return format_lines(lines)

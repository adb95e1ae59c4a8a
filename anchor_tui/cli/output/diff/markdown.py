"""The comparison as Markdown, for a pull request or a chat. Foreign text is escaped: it never becomes markup."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.cli.output.diff.sections import format_summary, format_title, list_sections
from anchor_tui.cli.output.snapshot.markdown import escape_markdown
from anchor_tui.domain.snapshot_diff import SnapshotDiff


def render(diff: SnapshotDiff) -> str:
    """Render GitHub's Markdown: a title, a summary, and a list for each environment."""
    return "\n".join(_render_lines(diff)) + "\n"


def _render_lines(diff: SnapshotDiff) -> Iterator[str]:
    yield f"# {escape_markdown(format_title(diff))}"
    yield ""
    yield escape_markdown(format_summary(diff))
    for section in list_sections(diff):
        yield ""
        yield f"## {escape_markdown(section.title)}"
        yield ""
        yield from (f"- {_escape_line(line)}" for line in section.lines)


def _escape_line(line: str) -> str:
    """Return a line whose first character does not begin a list either."""
    escaped = escape_markdown(line)
    return f"\\{escaped}" if escaped.startswith("-") else escaped

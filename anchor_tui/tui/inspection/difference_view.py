"""Differences between live and git as rows and as text. Shared by the Diff pane and the differences of the estate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.inspection.field_changes import FieldChange
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import MUTED, muted_text, safe_text
from anchor_tui.tui.widgets.line_view import LineView

MAX_TEXT_WIDTH = 2_000
"""Columns of a text that can be scrolled to."""
_ADDED, _REMOVED, _CHANGED = "$text-success", "$text-error", "$text-warning"
_FIELD_STYLES = {
    "#": ("", "bold"),
    "~": ("", _CHANGED),
    "!": ("", MUTED),
    "<": ("  live  ", _REMOVED),
    ">": ("  git   ", _ADDED),
}
_LINE_STYLES = {"+": _ADDED, "-": _REMOVED, "@": MUTED}
_NO_CHANGES = "no difference: a sync would change nothing here (w shows the whole object)"


def draw_change(difference: ResourceDifference) -> Content:
    """Return the kind of change as sign and words, and the number of ignored differences."""
    match difference.kind:
        case "created":
            change = Content.styled("+ created", _ADDED)
        case "pruned":
            change = Content.styled("− not in git", _REMOVED)
        case "changed":
            change = Content.styled(f"~ {format_count(len(difference.fields), 'field')}", _CHANGED)
        case _:
            change = muted_text("= equal")
    return change + muted_text(f", {len(difference.ignored)} ignored") if difference.ignored else change


def draw_fields(difference: ResourceDifference) -> Content:
    """Return the names of the changed fields for a row."""
    return safe_text(", ".join(change.path for change in difference.fields))


def list_text(difference: ResourceDifference, *, whole: bool) -> list[str]:
    """Return the text of a difference: its fields, the ignored ones, and the unified YAML.

    The first character of a line is its kind: `#` for a title, `~` for a field and `!` for an ignored one, `<` and `>`
    for its values in the cluster and in git, else as in a unified difference. Takes time for a large object.
    """
    lines = [f"#{difference.resource}"]
    if difference.kind == "created":
        lines.append("~git has it, the cluster does not: a sync creates it")
    elif difference.kind == "pruned":
        lines.append("~the cluster has it, git does not: only a sync with prune deletes it")
    lines += _list_fields(difference.fields, "~")
    if difference.ignored:
        lines.append(f"#{format_count(len(difference.ignored), 'ignored difference')}")
        lines += _list_fields(difference.ignored, "!")
    unified = difference.list_lines(whole=whole)
    return [*lines, "", *(unified or [f"!{_NO_CHANGES}"])]


def _list_fields(changes: Iterable[FieldChange], mark: str) -> Iterable[str]:
    for change in changes:
        yield f"{mark}{change.path}"
        yield f"<{change.live or 'not set'}"
        yield f">{change.predicted or 'not set'}"


def show_text(view: LineView, lines: Sequence[str], empty_text: str = "") -> None:
    """Show the lines of `list_text`."""
    width = min(MAX_TEXT_WIDTH, max(map(len, lines), default=0) + 1)
    view.show_lines(len(lines), lambda index: _draw_line(lines[index]), width=width, empty_text=empty_text)


def _draw_line(line: str) -> Content:
    line = shorten_text(line)
    if (start := line[:1]) in _FIELD_STYLES:
        prefix, style = _FIELD_STYLES[start]
        return muted_text(prefix) + safe_text(line[1:], style)
    return safe_text(line, _LINE_STYLES.get(line[:1], ""))


def describe_unread(part: str, message: str) -> str:
    """Return the text in place of a part that could not be read."""
    return f"{StatusMark.UNKNOWN.glyph()} {part}: {message}"

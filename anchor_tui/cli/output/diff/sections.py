"""The parts of a comparison that every text has: a title, a summary, and groups of lines."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.change_text import describe_inside
from anchor_tui.domain.changes import Change
from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.snapshot_diff import SnapshotDiff

MAX_LINE_LENGTH = 500
"""Characters of a line. JSON contains 4 KB of each foreign text."""
PULL_REQUESTS, SOURCES, ESTATE = "pull requests", "sources", "estate"
_SECTIONS = {"pull-request": PULL_REQUESTS, "checks": PULL_REQUESTS, "source": SOURCES}


class DiffSection(NamedTuple):
    """The changes of one environment, of the sources, of the pull requests or of the estate."""

    title: str
    lines: tuple[str, ...]


def format_title(diff: SnapshotDiff) -> str:
    """Return the estates and times: "anchor-msp  2026-11-30 03:12:05Z → 2026-11-30 03:40:00Z, 27 min later"."""
    before, after = diff.engine_ids
    names = before if before == after else f"{before} → {after}"
    span = diff.after_at - diff.before_at
    order = "later" if span.total_seconds() >= 0 else "earlier"
    times = f"{diff.before_at:%Y-%m-%d %H:%M:%S}Z → {diff.after_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{names}  {times}, {format_duration(abs(span))} {order}"


def format_summary(diff: SnapshotDiff) -> str:
    """Return the numbers of changes: "5 changes: 1 verdict, 2 health, 2 finding"."""
    if diff.is_empty:
        return "no difference"
    if not diff.changes:
        return "no change, but other reasons"
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in diff.counts.items())
    return f"{format_count(len(diff.changes), 'change')}: {kinds}"


def list_sections(diff: SnapshotDiff) -> list[DiffSection]:
    """Return the changes in groups: the environments in their order, then what belongs to none of them."""
    lines: dict[str, list[str]] = {}
    reasons = {change.environment: change for change in diff.reasons}
    for name in dict.fromkeys(
        (*(change.environment for change in diff.changes if change.kind not in _SECTIONS), *reasons)
    ):
        changes = (change for change in diff.changes if change.kind not in _SECTIONS and change.environment == name)
        lines[ESTATE if name is None else name] = [_describe_inside(change) for change in changes]
        if (changed := reasons.get(name)) is not None:
            lines[ESTATE if name is None else name] += [
                *(f"+ {_shorten(reason)}" for reason in changed.appeared),
                *(f"- {_shorten(reason)}" for reason in changed.disappeared),
            ]
    for change in diff.changes:
        if change.kind in _SECTIONS:
            lines.setdefault(_SECTIONS[change.kind], []).append(_describe_inside(change))
    return [DiffSection(name, tuple(found)) for name, found in lines.items() if found]


def _describe_inside(change: Change) -> str:
    """Return the words for a change below the title of its environment."""
    if change.kind == "verdict":
        change = replace(change, detail="")  # the reasons follow
    return _shorten(describe_inside(change))


def _shorten(text: str) -> str:
    return shorten_text(text, MAX_LINE_LENGTH)

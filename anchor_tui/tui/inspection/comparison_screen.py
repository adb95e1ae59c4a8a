"""The commits and files between two deployments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from anchor_tui.domain.formatting import format_count, shorten_revision
from anchor_tui.domain.inspection.commit_range import CommitRange, RangeFile
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.difference_view import describe_unread
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import find_sheets, join_parts, muted_text, safe_text, title_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.line_view import LineView
from anchor_tui.tui.workers import start_worker

_FILE_SIGNS = {"added": ("+", "$text-success"), "removed": ("−", "$text-error"), "renamed": ("→", "$text-warning")}


class ComparisonScreen(FailureGuard, ModalScreen[None]):
    """The comparison of two revisions, as it arrives. It is read once, since commits do not change."""

    CSS_PATH = find_sheets("dialog.tcss", "inspection.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, pending: Future[Reading[CommitRange]]) -> None:
        super().__init__()
        self._heading, self._pending = title, pending
        self._lines: tuple[Content, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose the frame, before the comparison is read."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = title_text(self._heading)
            frame.border_subtitle = title_text("esc closes · y copies")
            yield LineView(id="comparison", empty_text=LOADING)

    def on_mount(self) -> None:
        """Wait for the comparison."""
        start_worker(self, self._show_comparison)

    def on_unmount(self) -> None:
        """Cancel the request if it is in flight."""
        self._pending.cancel()

    async def _show_comparison(self) -> None:
        reading = await asyncio.wrap_future(self._pending)
        view, empty_text = self.query_one(LineView), ""
        if isinstance(reading, Fresh):
            self._lines = tuple(draw_range(reading.value))
        elif isinstance(reading, Unavailable):
            empty_text = describe_unread("comparison", reading.error.message)
        lines = self._lines
        width = max((line.cell_length for line in lines), default=0) + 1
        view.show_lines(len(lines), lambda index: lines[index], width=width, empty_text=safe_text(empty_text).plain)

    def action_copy(self) -> None:
        """Copy the comparison as text."""
        if not self._lines:
            self.notify("nothing was read yet", title="Copy: not now", severity="warning")
            return
        copy_text(self.app, "\n".join(line.plain for line in self._lines), self._heading)


def draw_range(found: CommitRange) -> Iterator[Content]:
    """Yield the commits and files between two commits as lines."""
    if found.is_reversed:
        yield safe_text(
            f"{shorten_revision(found.head)} is the older commit: these commits would be taken back", "bold"
        )
    if found.only_in_base:
        commits = format_count(found.only_in_base, "commit")
        yield safe_text(f"{commits} of {shorten_revision(found.base)} would be taken back; they are not listed", "bold")
    yield safe_text(format_count(found.commit_count, "commit"), "bold")
    for commit in found.commits:
        date = f"{commit.committed_at:%d %b %H:%M}Z" if commit.committed_at else ""
        parts = (muted_text(shorten_revision(commit.revision)), safe_text(commit.subject))
        yield Content("  ") + join_parts(*parts, muted_text(f"{commit.author_name} {date}".strip()))
    if found.commit_count > len(found.commits):
        yield muted_text(f"  … {found.commit_count - len(found.commits)} older ones, which GitHub does not list")
    yield Content("")
    yield safe_text(format_count(len(found.files), "file") + (" or more" if found.has_more_files else ""), "bold")
    for file in found.files:
        yield _draw_file(file)


def _draw_file(file: RangeFile) -> Content:
    sign, style = _FILE_SIGNS.get(file.status, ("~", "$text-warning"))
    renamed = f" (was {file.previous_path})" if file.previous_path else ""
    counts = join_parts(
        safe_text(f"+{file.additions}", "$text-success") if file.additions else None,
        safe_text(f"−{file.deletions}", "$text-error") if file.deletions else None,
        gap=" ",
    )
    return Content("  ") + join_parts(safe_text(sign, style), safe_text(f"{file.path}{renamed}"), counts)

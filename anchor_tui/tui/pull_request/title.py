"""The title of the pull request screen."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.domain.inspection.pull_request_texts import describe_origin
from anchor_tui.domain.readings import Unavailable
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.pull_request.parts import PullRequestReadings
from anchor_tui.tui.style import are_same_texts, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.incident_badge import draw_badge


class PullRequestTitle(FailureGuard, Widget):
    """Number, title and state; origin and size; the merge state."""

    lines: reactive[tuple[Content, ...]] = reactive((), repaint=False, always_update=True)

    def watch_lines(self, before: tuple[Content, ...], after: tuple[Content, ...]) -> None:
        """Draw other lines."""
        if not are_same_texts(before, after):
            self.refresh()

    def on_mount(self) -> None:
        """Leave room for the mark of an incident when one starts."""
        self.watch(self.app, "incident", self._draw_again, init=False)

    def _draw_again(self) -> None:
        self.refresh()

    def render(self) -> Content:
        """Draw the lines, each cut at the width."""
        width = max(1, self.size.width - 2)
        reserved = draw_badge(self).cell_length
        rooms = [max(1, width - reserved), *(width for _ in self.lines[1:])]
        lines = zip(self.lines, rooms, strict=False)
        return Content("\n").join([Content(" ") + line.truncate(room, ellipsis=True) for line, room in lines])


def describe_title(number: int, readings: PullRequestReadings, title: str, now: datetime) -> tuple[Content, ...]:
    """Return three lines. `title` is shown until the pull request is read."""
    pull, label = readings.pull, safe_text(f"#{number}", "bold")
    if pull is not None:
        merge = describe_merge_state(pull)
        return (
            join_parts(label, safe_text(pull.title, "bold"), safe_text(f" {pull.state_word.upper()} ", "reverse")),
            muted_text(describe_origin(pull, now)),
            marked_text(merge.mark, str(merge)),
        )
    first = join_parts(label, safe_text(title, "bold") if title else None)
    if isinstance(readings.details, Unavailable):
        return first, Content(""), marked_text(StatusMark.FAILING, readings.details.error.message)
    return first, Content(""), muted_text("reading the pull request from GitHub…")

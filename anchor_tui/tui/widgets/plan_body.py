"""The text of a plan, with its diff below or beside it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from anchor_tui.domain.actions.plan import Plan, Refusal
from anchor_tui.tui.plan_view import render_diffs, render_plan, render_refusal
from anchor_tui.tui.style import muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard


class PlanBody(FailureGuard, Horizontal):
    """Two scrollable columns. The diff has its own column if there is room for it."""

    def compose(self) -> ComposeResult:
        """Compose both columns."""
        with VerticalScroll(id="text-column", can_focus=False):
            yield Static(muted_text("… reading what would change"), id="text")
        with VerticalScroll(id="diff-column", can_focus=False):
            yield Static("", id="diff")

    def on_mount(self) -> None:
        """Hide the diff until there is one."""
        self._diff_column.display = False

    @property
    def _text_column(self) -> VerticalScroll:
        return self.query_one("#text-column", VerticalScroll)

    @property
    def _diff_column(self) -> VerticalScroll:
        return self.query_one("#diff-column", VerticalScroll)

    def show_plan(self, plan: Plan, note: str, *, with_requests: bool, side_by_side: bool) -> None:
        """Show a plan; `note` is shown above it."""
        text = render_plan(plan, with_requests=with_requests, with_diffs=not side_by_side)
        if note:
            text = Content("\n").join([safe_text(note, "bold $text-warning"), text])
        self.query_one("#text", Static).update(text)
        self.query_one("#diff", Static).update(render_diffs(plan) if side_by_side else "")
        self._diff_column.display = side_by_side

    def show_refusal(self, refusal: Refusal) -> None:
        """Show why there is no plan."""
        self.query_one("#text", Static).update(render_refusal(refusal))

    def limit_height(self, lines: int) -> None:
        """Limit both columns to a number of lines."""
        for column in (self._text_column, self._diff_column):
            column.styles.max_height = lines

    def scroll_to_top(self) -> None:
        """Scroll the text to its first line."""
        self._text_column.scroll_home(animate=False)

    def scroll_lines(self, lines: int) -> None:
        """Scroll the diff if it has its own column, otherwise the text."""
        column = self._diff_column if self._diff_column.display else self._text_column
        column.scroll_relative(y=lines, animate=False)

    @property
    def page_height(self) -> int:
        """Number of lines of a page."""
        return max(1, self._text_column.size.height - 1)

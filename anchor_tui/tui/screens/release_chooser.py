"""Chooser for the release to roll back to: the earlier releases of an environment, newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.history.release_runs import ReleaseRecord
from anchor_tui.domain.model import Release
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.tui.panes.releases import CHOOSER_COLUMNS, build_past_release_rows
from anchor_tui.tui.plan_view import render_refusal
from anchor_tui.tui.style import find_sheets, muted_text, safe_text, title_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.workers import start_worker

LoadReleases = Callable[[], Awaitable[tuple[PastRelease, ...] | Refusal]]
LoadRecord = Callable[[], Awaitable[ReleaseRecord]]
MAX_VISIBLE_ROWS = 15


class ReleaseChooser(FailureGuard, ModalScreen[None]):
    """A list of releases. Reports the commit that introduced the chosen one, and stays open.

    At first the `wanted` release is highlighted, otherwise the last known good one, otherwise none.
    """

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Cancel"),
        Binding("enter", "choose", "Show the plan"),
    ]

    def __init__(
        self,
        environment: str,
        current_release: Release | None,
        now: datetime,
        load_releases: LoadReleases,
        load_record: LoadRecord,
        on_choice: Callable[[str], None],
        wanted: Release | None = None,
    ) -> None:
        super().__init__()
        self._wanted = wanted
        self._environment, self._current_release = environment, current_release
        self._now, self._load_releases, self._on_choice = now, load_releases, on_choice
        self._load_record = load_record

    def compose(self) -> ComposeResult:
        """Compose the frame, before the history is read."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = title_text(f"Roll back {self._environment}")
            current = self._current_release
            running = f"runs {current.version}" if current else "its release cannot be read"
            yield Static(muted_text(f"{running}; choose the release to roll back to"))
            yield RowList(CHOOSER_COLUMNS, id="releases", empty_text="… reading the history")
            yield Static(muted_text("esc Cancel"), id="hint")

    def on_mount(self) -> None:
        """Load the history."""
        self.query_one(RowList).focus()
        start_worker(self, self._show_releases, exclusive=True)

    async def _show_releases(self) -> None:
        result = await self._load_releases()
        row_list = self.query_one(RowList)
        if isinstance(result, Refusal):
            row_list.display = False
            hint = Content("\n").join([render_refusal(result), muted_text("esc closes")])
            self.query_one("#hint", Static).update(hint)
            return
        record = await self._load_record()
        rows = build_past_release_rows(result, self._current_release, record)
        # The cursor starts on this row, so that enter on a fresh dialog chooses nothing.
        prompt = muted_text("choose one" if rows else "no earlier release")
        content = PaneContent(CHOOSER_COLUMNS, (static_row("", (prompt,), safe_text("")), *rows), "")
        row_list.show_rows(content, self._now)
        row_list.styles.height = min(MAX_VISIBLE_ROWS, len(content.rows)) + 1
        self._highlight_wanted(result, record)

    def _highlight_wanted(self, releases: Sequence[PastRelease], record: ReleaseRecord) -> None:
        known_good = record.find_last_known_good([past.release for past in releases if past.release is not None])
        if (wanted := self._wanted or known_good) is None:
            return
        for past in releases:
            if past.release is not None and past.release.content_key == wanted.content_key:
                self.query_one(RowList).cursor = past.commit
                return
        self.notify(
            f"{wanted.version} is not among the earlier releases of {self._environment}: choose one of those",
            severity="warning",
            timeout=8,
            markup=False,
        )

    @on(RowList.Highlighted)
    def show_keys(self, message: RowList.Highlighted) -> None:
        """Show the keys that work on the highlighted row."""
        message.stop()
        choose = ["↑↓ choose"] if len(message.row_list.rows) > 1 else []
        plan = ["enter shows the plan"] if message.row is not None and message.row.key else []
        self.query_one("#hint", Static).update(muted_text(" · ".join([*choose, *plan, "esc Cancel"])))

    def action_choose(self) -> None:
        """Report the highlighted release."""
        row = self.query_one(RowList).highlighted_row
        if row is not None and row.key:
            self._on_choice(row.key)

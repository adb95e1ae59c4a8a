"""The earlier releases of an environment, newest first, to choose the one to go back to. None is preselected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.formatting import format_duration, shorten_revision
from anchor_tui.domain.model import Release
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.tui.plan_view import render_refusal
from anchor_tui.tui.style import find_styles_folder, muted_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, RowList, static_row

LoadReleases = Callable[[], Awaitable[tuple[PastRelease, ...] | Refusal]]
COLUMNS = (
    ListColumn("RELEASE"),
    ListColumn("CAME"),
    ListColumn("RAN FOR"),
    ListColumn("BY"),
    ListColumn("PR", is_flexible=True),
    ListColumn("COMMIT"),
)


class ReleaseChooser(ModalScreen[str | None]):
    """A list; enter goes on to the Plan with the highlighted one. The result is the commit that brought it."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Cancel"),
        Binding("enter", "take", "Go on"),
        Binding("down,j", "move(1)", "Down"),
        Binding("up,k", "move(-1)", "Up"),
        Binding("pagedown", "move(10)", "Down"),
        Binding("pageup", "move(-10)", "Up"),
    ]

    def __init__(self, environment: str, present: Release | None, now: datetime, ask: LoadReleases) -> None:
        super().__init__()
        self._environment, self._current_release, self._now, self._load_releases = environment, present, now, ask

    def compose(self) -> ComposeResult:
        """The frame stands before the history is read."""
        with Vertical(id="releases") as frame:
            frame.border_title = safe_text(f"Roll back {self._environment}").markup
            running = f"runs {self._current_release.version}" if self._current_release else "its release cannot be read"
            yield Static(muted_text(f"{running}; choose what it goes back to"))
            yield RowList(COLUMNS, id="choices", empty_text="… reading its history")
            yield Static(muted_text("↑↓ choose · enter shows the Plan · esc cancels"), id="key")

    def on_mount(self) -> None:
        """Asks for the history, as far back as it goes."""
        self.query_one(RowList).focus()
        self.run_worker(self._show_releases(), exclusive=True)

    async def _show_releases(self) -> None:
        found = await self._load_releases()
        grid = self.query_one(RowList)
        if isinstance(found, Refusal):
            grid.display = False
            self.query_one("#key", Static).update(Content("\n").join([render_refusal(found), muted_text("esc closes")]))
            return
        rows = (
            static_row("", (muted_text("choose one"), *(safe_text("") for _ in COLUMNS[1:])), safe_text("")),
            *self._build_rows(found),
        )
        grid.show_rows(COLUMNS, rows, "it never had another release", self._now)
        grid.styles.height = min(16, len(rows) + 1)

    def _build_rows(self, found: Sequence[PastRelease]) -> list[ListRow]:
        rows = []
        after = self._current_release.changed_at if self._current_release else None
        for past in found:
            release = past.release
            if release is None:
                continue
            came = release.changed_at
            ran = format_duration(after - came) if after and came and after > came else "?"
            pull = f"#{release.pull_request.number} {release.pull_request.title}" if release.pull_request else "–"
            cells = (
                safe_text(release.version, "bold"),
                safe_text(f"{came:%a %d %b %H:%M}Z" if came else "?"),
                safe_text(ran),
                safe_text(release.changed_by or "?"),
                safe_text(pull),
                safe_text(shorten_revision(past.commit)),
            )
            rows.append(static_row(past.commit, cells, safe_text(release.version)))
            after = came
        return rows

    def action_move(self, step: int) -> None:
        """The cursor."""
        self.query_one(RowList).move_cursor(step)

    def action_take(self) -> None:
        """On to the Plan."""
        row = self.query_one(RowList).highlighted_row
        if row is not None and row.key:
            self.dismiss(row.key)

    def action_leave(self) -> None:
        """Nothing is chosen."""
        self.dismiss(None)

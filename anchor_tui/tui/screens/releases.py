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
from anchor_tui.tui.appearance import muted, styles_folder, text
from anchor_tui.tui.plan_lines import refusal_content
from anchor_tui.tui.widgets.grid import Column, Grid, Row, still

Ask = Callable[[], Awaitable[tuple[PastRelease, ...] | Refusal]]
COLUMNS = (
    Column("RELEASE"),
    Column("CAME"),
    Column("RAN FOR"),
    Column("BY"),
    Column("PR", flexes=True),
    Column("COMMIT"),
)


class ReleasesScreen(ModalScreen[str | None]):
    """A list; enter goes on to the Plan with the highlighted one. The result is the commit that brought it."""

    CSS_PATH = str(styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Cancel"),
        Binding("enter", "take", "Go on"),
        Binding("down,j", "move(1)", "Down"),
        Binding("up,k", "move(-1)", "Up"),
        Binding("pagedown", "move(10)", "Down"),
        Binding("pageup", "move(-10)", "Up"),
    ]

    def __init__(self, environment: str, present: Release | None, now: datetime, ask: Ask) -> None:
        super().__init__()
        self._environment, self._present, self._now, self._ask = environment, present, now, ask

    def compose(self) -> ComposeResult:
        """The frame stands before the history is read."""
        with Vertical(id="releases") as frame:
            frame.border_title = text(f"Roll back {self._environment}").markup
            running = f"runs {self._present.version}" if self._present else "its release cannot be read"
            yield Static(muted(f"{running}; choose what it goes back to"))
            yield Grid(COLUMNS, id="choices", empty="… reading its history")
            yield Static(muted("↑↓ choose · enter shows the Plan · esc cancels"), id="key")

    def on_mount(self) -> None:
        """Asks for the history, as far back as it goes."""
        self.query_one(Grid).focus()
        self.run_worker(self._fill(), exclusive=True)

    async def _fill(self) -> None:
        found = await self._ask()
        grid = self.query_one(Grid)
        if isinstance(found, Refusal):
            grid.display = False
            self.query_one("#key", Static).update(Content("\n").join([refusal_content(found), muted("esc closes")]))
            return
        rows = (still("", (muted("choose one"), *(text("") for _ in COLUMNS[1:])), text("")), *self._rows(found))
        grid.show(COLUMNS, rows, "it never had another release", self._now)
        grid.styles.height = min(16, len(rows) + 1)

    def _rows(self, found: Sequence[PastRelease]) -> list[Row]:
        rows = []
        after = self._present.changed_at if self._present else None
        for past in found:
            release = past.release
            if release is None:
                continue
            came = release.changed_at
            ran = format_duration(after - came) if after and came and after > came else "?"
            pull = f"#{release.pull_request.number} {release.pull_request.title}" if release.pull_request else "–"
            cells = (
                text(release.version, "bold"),
                text(f"{came:%a %d %b %H:%M}Z" if came else "?"),
                text(ran),
                text(release.changed_by or "?"),
                text(pull),
                text(shorten_revision(past.commit)),
            )
            rows.append(still(past.commit, cells, text(release.version)))
            after = came
        return rows

    def action_move(self, step: int) -> None:
        """The cursor."""
        self.query_one(Grid).move(step)

    def action_take(self) -> None:
        """On to the Plan."""
        row = self.query_one(Grid).row
        if row is not None and row.key:
            self.dismiss(row.key)

    def action_leave(self) -> None:
        """Nothing is chosen."""
        self.dismiss(None)

"""The no-mock cutover as a checklist with its evidence. Step 5 is available when steps 1 to 4 are done."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.cutover import ChecklistItem, build_checklist, cutover_environments
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.tui.panes.policy import finding_url
from anchor_tui.tui.style import find_sheets, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent, RowList, static_row

COLUMNS = (ListColumn("STEP"), ListColumn("ENV"), ListColumn("REQUIREMENT"), ListColumn("EVIDENCE", is_flexible=True))
LAST_STEP_KEY = "step 5"
LAST_STEP_TITLE = "hard refresh + prune; no mock may remain"
MAX_HEIGHT = 16


def checklist_row_key(item: ChecklistItem) -> str:
    """Return the key of an item's row."""
    return f"{item.number} {item.environment} {item.title}"


class CutoverChoice(NamedTuple):
    """The operator's choice: step 5, or, with a check, the pull request that fixes it in an environment."""

    environment: str = ""
    check: str = ""


class CutoverScreen(ModalScreen[CutoverChoice | None]):
    """The checklist of the bound snapshot."""

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Close"),
        Binding("c,enter", "run_last_step", "Step 5"),
        Binding("o", "browser", "Browser"),
        Binding("t", "fix", "Fix"),
    ]

    snapshot: reactive[Snapshot | None] = reactive(None)

    def compose(self) -> ComposeResult:
        """Compose the checklist, the details of the highlighted item and the keys."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Production no-mock cutover"
            yield RowList(COLUMNS, id="checklist")
            yield DetailPanel()
            yield Static("", id="hint")

    def on_mount(self) -> None:
        """Show the checklist."""
        self.query_one(RowList).focus()
        self._show_checklist()

    def watch_snapshot(self) -> None:
        """Update the checklist."""
        self._show_checklist()

    @property
    def items(self) -> tuple[ChecklistItem, ...]:
        """Steps 1 to 4."""
        return build_checklist(self.snapshot) if self.snapshot else ()

    @property
    def can_run_last_step(self) -> bool:
        """True if step 5 is available."""
        return bool(self.items) and all(item.state == "ok" for item in self.items)

    def _show_checklist(self) -> None:
        if not self.is_mounted or self.snapshot is None:
            return
        rows = (*(self._build_row(item, self.snapshot) for item in self.items), self._build_last_row(self.snapshot))
        row_list = self.query_one(RowList)
        row_list.show_rows(PaneContent(COLUMNS, rows, ""), self.snapshot.taken_at)
        row_list.styles.height = min(MAX_HEIGHT, len(rows) + 1)
        self._show_detail()

    def _build_row(self, item: ChecklistItem, snapshot: Snapshot) -> ListRow:
        finding, mark = item.finding, get_state_mark(item.state)
        cells = (
            marked_text(mark, item.number),
            safe_text(item.environment),
            safe_text(item.title),
            safe_text(item.location or (finding.evidence if finding else "–")),
        )
        lines = [marked_text(mark, item.message or item.title)]
        if finding and finding.fix and item.state != "ok":
            lines.append(safe_text(f"fix: {finding.fix}"))
        if item.location:
            lines.append(muted_text(item.location))
        url = finding_url(finding, snapshot) if finding else None
        return static_row(checklist_row_key(item), cells, Content("\n").join(lines), url, clipboard_text=item.location)

    def _build_last_row(self, snapshot: Snapshot) -> ListRow:
        names = [environment.name for environment in cutover_environments(snapshot)]
        mark = StatusMark.NONE if self.can_run_last_step else StatusMark.PROGRESS
        cells = (marked_text(mark, 5), safe_text("all"), safe_text(LAST_STEP_TITLE), muted_text("live"))
        state = "press c to run it" if self.can_run_last_step else "available when steps 1 to 4 are done"
        title = safe_text(f"{LAST_STEP_TITLE}: {', '.join(names)}")
        return static_row(LAST_STEP_KEY, cells, join_parts(title, muted_text(state)))

    def _show_detail(self) -> None:
        row = self.query_one(RowList).highlighted_row
        if row is not None and self.snapshot is not None:
            self.query_one(DetailPanel).content = row.draw_detail(self.snapshot.taken_at)
        remaining = sum(item.state != "ok" for item in self.items)
        hints = [
            "c step 5" if self.can_run_last_step else f"step 5: {remaining} of {len(self.items)} steps remain",
            *(["t fix it with a pull request"] if self._highlighted_failure else []),
            *(["o opens the file"] if row is not None and row.url else []),
            "esc closes",
        ]
        self.query_one("#hint", Static).update(muted_text(" · ".join(hints)))

    @property
    def _highlighted_failure(self) -> ChecklistItem | None:
        row = self.query_one(RowList).highlighted_row
        key = row.key if row is not None else None
        return next((item for item in self.items if item.state == "failed" and checklist_row_key(item) == key), None)

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the details of the highlighted item."""
        message.stop()
        self._show_detail()

    def action_browser(self) -> None:
        """Open the file at its line."""
        row = self.query_one(RowList).highlighted_row
        if row is not None:
            open_web_address(self.app, row.url)

    def action_fix(self) -> None:
        """Choose the pull request that fixes the highlighted item. Its plan explains if it cannot be fixed."""
        if (item := self._highlighted_failure) is not None:
            self.dismiss(CutoverChoice(item.environment, item.check))

    def action_run_last_step(self) -> None:
        """Choose step 5, if it is available."""
        if self.can_run_last_step:
            self.dismiss(CutoverChoice())

    def action_cancel(self) -> None:
        """Close the checklist."""
        self.dismiss(None)

"""The no-mock cutover as a checklist: each line with its evidence and its place; step 5 opens when 1 to 4 hold."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.domain.actions.cutover import ChecklistItem, build_checklist, cutover_environments
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.panes.policy import finding_url
from anchor_tui.tui.style import find_styles_folder, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, RowList, static_row

COLUMNS = (ListColumn("STEP"), ListColumn("ENV"), ListColumn("MUST HOLD"), ListColumn("EVIDENCE", is_flexible=True))
ITEM_MARKS = {"ok": StatusMark.OK, "failed": StatusMark.FAILING, "unknown": StatusMark.UNKNOWN}
LAST_STEP_KEY = "step 5"


def checklist_row_key(item: ChecklistItem) -> str:
    """By which an item's row is known."""
    return f"{item.number} {item.environment} {item.title}"


class CutoverChoice(NamedTuple):
    """What was pressed: the last step, or, with a check, that its switch be turned round in an environment."""

    environment: str = ""
    check: str = ""


class CutoverScreen(ModalScreen[CutoverChoice | None]):
    """Follows the snapshot. Nothing is pressed that may not be."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close"),
        Binding("c,enter", "take", "Step 5"),
        Binding("down,j", "move(1)", "Down"),
        Binding("up,k", "move(-1)", "Up"),
        Binding("o", "browser", "Browser"),
        Binding("t", "turn", "Turn round"),
    ]

    snapshot: reactive[Snapshot | None] = reactive(None)

    def compose(self) -> ComposeResult:
        """The list, what the highlighted line says in full, and the keys."""
        with Vertical(id="cutover") as frame:
            frame.border_title = "Production no-mock cutover"
            yield RowList(COLUMNS, id="choices", empty_text="no environment has the rules of staging or prod")
            yield DetailPanel()
            yield Static("", id="key")

    def on_mount(self) -> None:
        """As the snapshot has it."""
        self.query_one(RowList).focus()
        self._show_checklist()

    def watch_snapshot(self) -> None:
        """A line may hold now that did not."""
        self._show_checklist()

    @property
    def items(self) -> tuple[ChecklistItem, ...]:
        """Steps 1 to 4."""
        return build_checklist(self.snapshot) if self.snapshot else ()

    @property
    def can_run_last_step(self) -> bool:
        """Whether step 5 may be pressed."""
        return bool(self.items) and all(each.state == "ok" for each in self.items)

    def _show_checklist(self) -> None:
        if not self.is_mounted or self.snapshot is None:
            return
        rows = tuple(self._build_row(each, self.snapshot) for each in self.items)
        grid = self.query_one(RowList)
        grid.show_rows(COLUMNS, (*rows, self._build_last_row()), grid.empty_text, self.snapshot.taken_at)
        grid.styles.height = min(16, len(rows) + 2)
        self._show_detail()

    def _build_row(self, item: ChecklistItem, snapshot: Snapshot) -> ListRow:
        finding = item.finding
        cells = (
            marked_text(ITEM_MARKS[item.state], item.number),
            safe_text(item.environment),
            safe_text(item.title),
            safe_text(item.location or (finding.evidence if finding else "–")),
        )
        fix = safe_text(f"mend: {finding.fix}") if finding and finding.fix and item.state != "ok" else None
        lines = [
            marked_text(ITEM_MARKS[item.state], item.message or item.title),
            fix,
            muted_text(item.location) if item.location else None,
        ]
        detail = Content("\n").join([each for each in lines if each is not None])
        url = finding_url(finding, snapshot) if finding else None
        return static_row(checklist_row_key(item), cells, detail, url, copied=item.location)

    def _build_last_row(self) -> ListRow:
        names = ", ".join(each.name for each in cutover_environments(self.snapshot)) if self.snapshot else ""
        mark = StatusMark.NONE if self.can_run_last_step else StatusMark.PROGRESS
        words = "hard refresh + prune; no mock may be left"
        cells = (marked_text(mark, 5), safe_text(names), safe_text(words), muted_text("live"))
        state = "it can be pressed: c" if self.can_run_last_step else "it opens when steps 1 to 4 hold"
        return static_row(LAST_STEP_KEY, cells, join_parts(safe_text(words), muted_text(state)))

    def _show_detail(self) -> None:
        row = self.query_one(RowList).highlighted_row
        if row is not None and self.snapshot is not None:
            self.query_one(DetailPanel).content = row.draw_detail(self.snapshot.taken_at)
        open_items = sum(each.state != "ok" for each in self.items)
        keys = [
            "c step 5" if self.can_run_last_step else f"step 5 waits for {open_items} of {len(self.items)}",
            *(["t opens the PR that turns it round"] if self._highlighted_failure else []),
            *(["o opens the file"] if row is not None and row.url else []),
            "esc closes",
        ]
        self.query_one("#key", Static).update(muted_text(" · ".join(keys)))

    @property
    def _highlighted_failure(self) -> ChecklistItem | None:
        row = self.query_one(RowList).highlighted_row
        failed = (each for each in self.items if each.state == "failed")
        return next((each for each in failed if row is not None and checklist_row_key(each) == row.key), None)

    def on_row_list_highlighted(self, message: RowList.Highlighted) -> None:
        """The details follow the cursor."""
        message.stop()
        self._show_detail()

    def action_move(self, step: int) -> None:
        """The cursor."""
        self.query_one(RowList).move_cursor(step)

    def action_browser(self) -> None:
        """The file at the line; only web addresses are opened."""
        row = self.query_one(RowList).highlighted_row
        if row is not None and row.url and row.url.startswith(("https://", "http://")):
            self.app.open_url(row.url)

    def action_turn(self) -> None:
        """The pull request that turns the highlighted switch round; what cannot be is refused with its reason."""
        if (item := self._highlighted_failure) is not None:
            self.dismiss(CutoverChoice(item.environment, item.check))

    def action_take(self) -> None:
        """Step 5, where it may be."""
        if self.can_run_last_step:
            self.dismiss(CutoverChoice())

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)

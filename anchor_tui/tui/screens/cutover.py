"""The no-mock cutover as a checklist with its evidence. Step 5 is available when steps 1 to 4 are done.

The checklist stays open below the dialogs that it starts, so that closing one returns to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions.cutover import ChecklistItem, build_checklist, cutover_environments, has_no_live_mock
from anchor_tui.domain.actions.cutover_remedies import Remedy, find_remedy
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.merge_offer import find_pull_request_number
from anchor_tui.tui.panes.policy import finding_url
from anchor_tui.tui.style import find_sheets, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.dialog_foot import DialogFoot
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList

COLUMNS = (
    ListColumn("STEP"),
    ListColumn("ENV"),
    ListColumn("REQUIREMENT"),
    ListColumn("EVIDENCE", is_flexible=True),
)
LAST_STEP_KEY = "step 5"
LAST_STEP_TITLE = "hard refresh + prune; no mock may remain"
MIN_HEIGHT = 4


def checklist_row_key(item: ChecklistItem) -> str:
    """Return the key of an item's row."""
    return f"{item.number} {item.environment} {item.title}"


class CutoverChoice(NamedTuple):
    """The operator's choice.

    Step 5; with a check, the pull request that fixes it in an environment; with an environment only, its hard refresh.
    """

    environment: str = ""
    check: str = ""


class CutoverScreen(FailureGuard, ModalScreen[None]):
    """The checklist of the bound snapshot. Reports each choice of the operator, and stays open."""

    CSS_PATH = find_sheets("dialog.tcss", "cutover.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("c,enter", "run_last_step", "Step 5"),
        Binding("o", "browser", "Browser"),
        Binding("t", "fix", "Fix"),
        Binding("R", "hard_refresh", "Hard refresh"),
        Binding("y", "copy", "Copy"),
        Binding("g", "app.read_again", "Read again"),
    ]

    snapshot: reactive[Snapshot | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

    def __init__(self, environments: tuple[EnvironmentConfig, ...], on_choice: Callable[[CutoverChoice], None]) -> None:
        super().__init__()
        self._environments, self._on_choice = environments, on_choice

    def compose(self) -> ComposeResult:
        """Compose the checklist, the details of the highlighted item and the keys."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Production no-mock cutover"
            yield RowList(COLUMNS, id="checklist")
            with DialogFoot(id="foot"):
                yield DetailPanel()
                yield Static("", id="hint")

    def on_mount(self) -> None:
        """Show the checklist."""
        self.query_one(RowList).focus()
        self._show_checklist()

    def watch_snapshot(self) -> None:
        """Update the checklist."""
        self._show_checklist()

    def watch_jobs(self) -> None:
        """Update the running actions."""
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
        self._show_detail()

    def _build_row(self, item: ChecklistItem, snapshot: Snapshot) -> ListRow:
        finding, mark = item.finding, get_state_mark(item.state)
        remedy = find_remedy(item, snapshot, self._environments)
        is_command = remedy is not None and remedy.is_command
        evidence = remedy.text if remedy and is_command else item.location or (finding.evidence if finding else "–")
        cells = (
            marked_text(mark, item.number),
            safe_text(item.environment),
            safe_text(item.title),
            safe_text(evidence),
        )
        lines = [marked_text(mark, item.message or item.title)]
        if remedy is not None:
            lines += [_describe_remedy(remedy)]
            lines += [marked_text(StatusMark.ATTENTION, remedy.warning)] if remedy.warning else []
        if finding and finding.fix and item.state != "ok" and not is_command:
            lines.append(safe_text(f"fix: {finding.fix}"))
        if item.location and not (remedy and item.location in remedy.text):
            lines.append(muted_text(item.location))
        if running := self._describe_running_fix(item):
            lines.append(marked_text(StatusMark.PROGRESS, running))
        url = finding_url(finding, snapshot) if finding else None
        copied = remedy.text if remedy and is_command else item.location
        return static_row(checklist_row_key(item), cells, Content("\n").join(lines), url, clipboard_text=copied)

    def _describe_running_fix(self, item: ChecklistItem) -> str:
        """Return the progress of the pull request that fixes an item."""
        for job in reversed(self.jobs):
            order = job.plan.order
            if not job.is_over and order.check == item.check and item.environment in order.environments:
                number = find_pull_request_number(job)
                return f"#{number} {job.progress_text()}" if number else job.progress_text()
        return ""

    def _build_last_row(self, snapshot: Snapshot) -> ListRow:
        names = [environment.name for environment in cutover_environments(snapshot)]
        is_done = self.can_run_last_step and has_no_live_mock(snapshot)
        mark = StatusMark.OK if is_done else StatusMark.NONE if self.can_run_last_step else StatusMark.PROGRESS
        cells = (marked_text(mark, 5), safe_text("all"), safe_text(LAST_STEP_TITLE), muted_text("live"))
        running = next((job for job in self.jobs if job.plan.order.action == "cutover" and not job.is_over), None)
        if running is not None:
            state = running.progress_text()
        elif is_done:
            state = "no mock is live: the cutover is finished"
        else:
            state = "press c to run it" if self.can_run_last_step else "available when steps 1 to 4 are done"
        title = safe_text(f"{LAST_STEP_TITLE}: {', '.join(names)}")
        return static_row(LAST_STEP_KEY, cells, join_parts(title, muted_text(state)))

    def _show_detail(self) -> None:
        row = self.query_one(RowList).highlighted_row
        if row is not None and self.snapshot is not None:
            self.query_one(DetailPanel).content = row.detail_at(self.snapshot.taken_at)
        remedy = self._highlighted_remedy
        hints = [
            "c step 5" if self.can_run_last_step else self._describe_open_items(),
            *(["t opens the pull request that fixes it"] if remedy and remedy.kind == "pull-request" else []),
            *(["R hard refresh"] if remedy and remedy.kind == "hard-refresh" else []),
            *([f"y copies the {'command' if remedy and remedy.is_command else 'place'}"] if self._text else []),
            *(["o opens the file"] if row is not None and row.url else []),
            "g reads again",
            "esc closes",
        ]
        self.query_one("#hint", Static).update(muted_text(" · ".join(hints)))
        self._limit_height()

    @on(Resize)
    @on(DialogFoot.Resized)
    def _limit_height(self) -> None:
        """Shrink the list in a low terminal, so that the details and the keys stay visible."""
        row_list = self.query_one(RowList)
        room = int(self.size.height * 0.96) - 2 - self.query_one("#foot").outer_size.height
        row_list.styles.height = max(MIN_HEIGHT, min(len(row_list.rows) + 1, room))

    def _describe_open_items(self) -> str:
        open_items = sum(item.state != "ok" for item in self.items)
        return f"step 5 waits for {open_items} of {len(self.items)} lines"

    @property
    def _highlighted_item(self) -> ChecklistItem | None:
        row = self.query_one(RowList).highlighted_row
        key = row.key if row is not None else None
        return next((item for item in self.items if checklist_row_key(item) == key), None)

    @property
    def _highlighted_remedy(self) -> Remedy | None:
        item = self._highlighted_item
        return find_remedy(item, self.snapshot, self._environments) if item and self.snapshot else None

    @property
    def _text(self) -> str:
        """The text that is copied."""
        row = self.query_one(RowList).highlighted_row
        return row.clipboard_text if row is not None else ""

    @on(RowList.Highlighted)
    def follow_cursor(self, message: RowList.Highlighted) -> None:
        """Show the details of the highlighted item."""
        message.stop()
        self._show_detail()

    def _refuse_key(self, why: str) -> None:
        self.notify(why, title="Cutover", severity="warning")

    def action_browser(self) -> None:
        """Open the file at its line."""
        row = self.query_one(RowList).highlighted_row
        if row is None or not open_web_address(self.app, row.url):
            self._refuse_key("it has no web address")

    def action_copy(self) -> None:
        """Copy the command that fixes the item, or its place."""
        if text := self._text:
            copy_text(self.app, text)
        else:
            self._refuse_key("there is nothing to copy")

    def action_fix(self) -> None:
        """Choose the pull request that fixes the highlighted item."""
        item, remedy = self._highlighted_item, self._highlighted_remedy
        if item is None or item.state != "failed":
            self._refuse_key("there is nothing to fix on this line")
        elif remedy is None:
            self._refuse_key("no pull request fixes it")
        elif remedy.kind == "pull-request":
            self._on_choice(CutoverChoice(item.environment, item.check))
        else:
            self._refuse_key(f"no pull request fixes it; {'run ' if remedy.is_command else ''}{remedy.text}")

    def action_hard_refresh(self) -> None:
        """Choose the hard refresh, if it fixes the highlighted item."""
        item, remedy = self._highlighted_item, self._highlighted_remedy
        if item is not None and remedy is not None and remedy.kind == "hard-refresh":
            self._on_choice(CutoverChoice(item.environment))
        else:
            self._refuse_key("a hard refresh does not fix this line")

    def action_run_last_step(self) -> None:
        """Choose step 5, if it is available."""
        if self.can_run_last_step:
            self._on_choice(CutoverChoice())
        else:
            self._refuse_key(self._describe_open_items())


def _describe_remedy(remedy: Remedy) -> Content:
    return (
        join_parts(muted_text("run"), safe_text(remedy.text, "bold")) if remedy.is_command else safe_text(remedy.text)
    )

"""Chooser for an action on one resource: those that Argo CD offers, and for a pod its deletion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.resource_state import OfferedAction
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.plan_view import render_refusal
from anchor_tui.tui.style import find_sheets, muted_text, safe_text, title_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.line_field import LineField
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row
from anchor_tui.tui.widgets.row_list import RowList
from anchor_tui.tui.workers import start_worker

LoadActions = Callable[[], Awaitable[tuple[OfferedAction, ...] | Refusal]]
COLUMNS = (ListColumn("ACTION"), ListColumn("", is_flexible=True))
MAX_VISIBLE_ROWS = 12
DELETION_KEY = "delete pod"
"""The key of the row that deletes the pod. Names of actions do not contain spaces."""


class ResourceActionChoice(NamedTuple):
    """The chosen action with the values of its parameters, or the deletion of the pod."""

    action: str = ""
    parameters: Mapping[str, str] = {}
    is_deletion: bool = False


class ResourceActionChooser(FailureGuard, ModalScreen[None]):
    """A list without a preselected action. Reports the chosen one, and stays open.

    An action with parameters asks for them in a field first. Disabled actions are listed with the reason and cannot be
    chosen.
    """

    CSS_PATH = find_sheets("dialog.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Cancel"),
        Binding("enter", "choose", "Show the plan"),
    ]

    def __init__(
        self, node: ResourceNode, load_actions: LoadActions, on_choice: Callable[[ResourceActionChoice], None]
    ) -> None:
        super().__init__()
        self._node, self._load_actions, self._on_choice = node, load_actions, on_choice
        self._offered: dict[str, OfferedAction] = {}
        self._asked: OfferedAction | None = None

    def compose(self) -> ComposeResult:
        """Compose the frame, before the actions are read."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = title_text(str(self._node.key))
            health = f"{self._node.health} · " if self._node.health else ""
            yield Static(muted_text(f"{health}choose an action; its plan is shown before anything is sent"))
            yield RowList(COLUMNS, id="actions", empty_text="… reading the actions")
            with Horizontal(id="value-field", classes="field"):
                yield Static("", id="value-label")
                yield LineField(id="value")
            yield Static(muted_text("esc Cancel"), id="hint")

    def on_mount(self) -> None:
        """Load the actions."""
        self.query_one("#value-field").display = False
        self.query_one(RowList).focus()
        start_worker(self, self._show_actions, exclusive=True)

    async def _show_actions(self) -> None:
        result = await self._load_actions()
        row_list = self.query_one(RowList)
        if isinstance(result, Refusal) and self._node.key.kind != "Pod":
            row_list.display = False
            self._show_hint(Content("\n").join([render_refusal(result), muted_text("esc closes")]))
            return
        actions = () if isinstance(result, Refusal) else result
        self._offered = {action.name: action for action in actions}
        rows = tuple(self._build_rows(actions))
        # The cursor starts on this row, so that enter on a fresh dialog chooses nothing.
        prompt = muted_text("choose one" if rows else "Argo CD offers no action")
        content = PaneContent(COLUMNS, (static_row("", (prompt, safe_text("")), safe_text("")), *rows), "")
        assert isinstance(self.app, LiveApp)
        assert self.app.now is not None
        row_list.show_rows(content, self.app.now)
        row_list.styles.height = min(MAX_VISIBLE_ROWS, len(content.rows)) + 1

    def _build_rows(self, actions: Sequence[OfferedAction]) -> Iterator[ListRow]:
        for action in actions:
            title = safe_text(action.display_name or action.name, "" if action.is_disabled else "bold")
            needs = f"needs {', '.join(action.parameters)}" if action.parameters else ""
            note = "disabled: it does not fit the present state" if action.is_disabled else needs
            yield static_row(action.name, (title, muted_text(note)), safe_text(action.name))
        if self._node.key.kind == "Pod":
            note = "its workload creates a new one"
            yield static_row(DELETION_KEY, (safe_text("delete", "bold $text-error"), muted_text(note)), safe_text(note))

    @on(RowList.Highlighted)
    def show_keys(self, message: RowList.Highlighted) -> None:
        """Show the keys that work on the highlighted row."""
        message.stop()
        self._hide_field()
        choose = ["↑↓ choose"] if len(message.row_list.rows) > 1 else []
        key = message.row.key if message.row is not None else ""
        action = self._offered.get(key)
        can_choose = key == DELETION_KEY or (action is not None and not action.is_disabled)
        asks = action is not None and bool(action.parameters)
        plan = ["enter asks for the value" if asks else "enter shows the plan"] if can_choose else []
        self._show_hint(muted_text(" · ".join([*choose, *plan, "esc Cancel"])))

    def action_choose(self) -> None:
        """Report the highlighted action, or ask for its values."""
        row = self.query_one(RowList).highlighted_row
        if row is None or not row.key:
            return
        if row.key == DELETION_KEY:
            self._on_choice(ResourceActionChoice(is_deletion=True))
            return
        action = self._offered[row.key]
        if action.is_disabled:
            return
        if action.parameters:
            self._ask_for_values(action)
        else:
            self._on_choice(ResourceActionChoice(action.name))

    def _ask_for_values(self, action: OfferedAction) -> None:
        self._asked = action
        field = self.query_one(LineField)
        self.query_one("#value-label", Static).update(muted_text(", ".join(action.parameters)))
        self.query_one("#value-field").display = True
        field.value = ""
        field.focus()
        several = ", separated by commas" if len(action.parameters) > 1 else ""
        self._show_hint(muted_text(f"type the value{several} · enter shows the plan · esc Cancel"))

    @on(Input.Submitted, "#value")
    def report_values(self, event: Input.Submitted) -> None:
        """Report the action with its values, in the order of its parameters."""
        event.stop()
        action = self._asked
        if action is None:
            return
        values = [event.value.strip()] if len(action.parameters) == 1 else [v.strip() for v in event.value.split(",")]
        if len(values) != len(action.parameters) or not all(values):
            self._show_hint(safe_text(f"type {', '.join(action.parameters)}", "bold $text-warning"))
            return
        parameters = dict(zip(action.parameters, values, strict=True))
        self._on_choice(ResourceActionChoice(action.name, parameters))

    def _hide_field(self) -> None:
        self._asked = None
        self.query_one("#value-field").display = False

    def _show_hint(self, hint: Content) -> None:
        self.query_one("#hint", Static).update(hint)

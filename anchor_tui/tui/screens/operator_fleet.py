"""The fleet screen of an operator who may change something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.reactive import reactive

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Snapshot
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.keys import REGISTRY
from anchor_tui.tui.panes.applications import find_row_application, get_row_application
from anchor_tui.tui.panes.registry import APPLICATIONS, PULL_REQUESTS
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.targets import ActionTarget, explain_unavailable_action, find_only_pull_request
from anchor_tui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId

StartAction = Callable[["ActionId", ActionTarget], None]
MUTATING_ACTIONS = frozenset(action.id for action in REGISTRY if action.mutates)


class OperatorFleetScreen(FleetScreen):
    """The fleet screen with the keys that change something. A read-only session does not create it."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("operator", "selection")

    selected: reactive[frozenset[str]] = reactive(frozenset[str](), init=False)
    """Keys of the selected application rows."""

    def __init__(
        self,
        environment_names: tuple[str, ...],
        key_actions: tuple[KeyAction, ...],
        environment: str,
        start_action: StartAction,
    ) -> None:
        super().__init__(environment_names, key_actions, environment)
        self._start_action = start_action
        self._selected_ids = IdentityCache[tuple[AppId, ...]]()

    # --- target and availability ---------------------------------------------------------------------

    @property
    def target(self) -> ActionTarget:
        """The target of an action.

        The selected applications; without a selection the highlighted one of several; otherwise the environment.
        """
        row = self.highlighted_row
        if self.pane == PULL_REQUESTS:
            return ActionTarget(self.environment, (), int(row.key) if row and row.key.isdecimal() else None)
        environment = self.present_environment
        pull_request = find_only_pull_request(environment) if environment else None
        if selected := self._list_selected():
            return ActionTarget(self.environment, selected, pull_request)
        found = get_row_application(self.snapshot, row) if self.snapshot and row else None
        if self.pane == APPLICATIONS and found is not None and self._has_several_applications:
            return ActionTarget(found[0].name, (found[1].id,), pull_request)
        return ActionTarget(self.environment, (), pull_request)

    def _list_selected(self) -> tuple[AppId, ...]:
        """Return the selected applications that still exist, in the order of the environments."""
        if self.snapshot is None or not self.selected:
            return ()
        environments, selected = self.snapshot.environments, self.selected
        return self._selected_ids.get("selected", (environments, selected), partial(_find_ids, self.snapshot, selected))

    @property
    def _footer_inputs(self) -> tuple[object, ...]:
        return (self.selected,)

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        if action_id in MUTATING_ACTIONS:
            return explain_unavailable_action(action_id, self.target, self.snapshot, self.environment_names)
        if action_id == "select" and (self.pane != APPLICATIONS or self.highlighted_row is None):
            return "applications are selected in their pane"
        if action_id == "back" and self.selected:
            return ""
        return super().explain_unavailable(action_id)

    # --- selection -----------------------------------------------------------------------------------

    def watch_environment(self, environment: str) -> None:
        """Clear the selection: an action must not apply to rows that are out of sight."""
        self.selected = frozenset()
        super().watch_environment(environment)

    def watch_selected(self, selected: frozenset[str]) -> None:
        """Mark the selected rows."""
        self.query_one("#rows", RowList).selected = selected
        self.show_rows()

    def _describe_scope(self) -> str:
        scope = super()._describe_scope()
        return f"{scope} · {format_count(len(self.selected), 'application')} selected" if self.selected else scope

    async def _close_open(self) -> None:
        """Clear the selection and the filter."""
        self.selected = frozenset()
        await super()._close_open()

    # --- keys ----------------------------------------------------------------------------------------

    def action_select(self) -> None:
        """Select or unselect the highlighted application, and move to the next."""
        row = self.highlighted_row
        if self.can_act("select") and row is not None:
            self.selected = self.selected ^ {row.key}
            self.active_list.action_move_cursor(1)

    def action_act(self, action: ActionId) -> None:
        """Start an action on the target. Its dialog is in front when this returns."""
        if not self.can_act(action):
            return
        target, self.selected = self.target, frozenset()
        self._start_action(action, target)


def _find_ids(snapshot: Snapshot, keys: frozenset[str]) -> tuple[AppId, ...]:
    """Return the applications of these rows, in the order of the environments."""
    places = {environment.name: place for place, environment in enumerate(snapshot.environments)}
    found = [(key, *pair) for key in keys if (pair := find_row_application(snapshot, key)) is not None]
    return tuple(app.id for _, _, app in sorted(found, key=lambda item: (places[item[1].name], item[0])))

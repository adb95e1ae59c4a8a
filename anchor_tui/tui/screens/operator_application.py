"""The application screen of an operator who may change something."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.targets import ActionTarget, explain_unavailable_action, find_only_pull_request

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId


class OperatorApplicationScreen(ApplicationScreen):
    """The application screen with the keys that change something. A read-only session does not create it."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("operator", "resource")

    @property
    def target(self) -> ActionTarget:
        """The application; for actions on git its environment."""
        environment = self.environment
        pull_request = find_only_pull_request(environment) if environment else None
        return ActionTarget(self.environment_name, (self.application.id,), pull_request)

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        if action_id == "resource-action" and (self.selected is None or not self.selected.uid):
            return "no live resource is selected"
        if any(action.id == action_id and action.mutates for action in self.key_actions):
            names = tuple(environment.name for environment in self.snapshot.environments) if self.snapshot else ()
            return explain_unavailable_action(action_id, self.target, self.snapshot, names)
        return super().explain_unavailable(action_id)

    def action_act(self, action: ActionId) -> None:
        """Start an action on the application. Its dialog is in front when this returns."""
        if self.can_act(action):
            self.live_app.start_action(action, self.target)

    def action_resource_action(self) -> None:
        """Choose an action of the selected resource."""
        if self.can_act("resource-action") and self.selected is not None:
            self.live_app.start_resource_action(self.environment_name, self.application.id, self.selected)

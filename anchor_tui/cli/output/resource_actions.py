"""The actions that Argo CD offers for a resource, as text and as JSON."""

from __future__ import annotations

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.actions.resource_state import OfferedAction, full_name
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.model import Application
from anchor_tui.services.json_text import format_json

ACTIONS_SCHEMA = "anchor-tui/resource-actions/v1"


def render_actions_text(application: Application, node: ResourceNode, actions: tuple[OfferedAction, ...]) -> str:
    """Render one line for each action, with the values it needs."""
    lines = [f"{node.key} of {application.id}"]
    for action in actions:
        needs = " ".join(f"--param {parameter}=VALUE" for parameter in action.parameters)
        note = "disabled: it does not fit the present state" if action.is_disabled else needs
        lines.append(f"  {action.name:<16}{note}".rstrip())
    if node.key.kind == "Pod":
        lines.append("  --delete        its workload creates a new one")
    elif not actions:
        lines.append("  Argo CD offers no action for it")
    return format_lines(lines)


def render_actions_json(application: Application, node: ResourceNode, actions: tuple[OfferedAction, ...]) -> str:
    """Render the actions for scripts."""
    return format_json(
        {
            "schema": ACTIONS_SCHEMA,
            "application": str(application.id),
            "resource": full_name(node.key),
            "can_delete": node.key.kind == "Pod",
            "actions": [
                {
                    "name": action.name,
                    "display_name": action.display_name,
                    "disabled": action.is_disabled,
                    "parameters": action.parameters,
                }
                for action in actions
            ],
        }
    )

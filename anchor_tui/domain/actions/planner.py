"""Turns an order and its inputs into a plan or a refusal. Declares which inputs an action needs."""

from __future__ import annotations

from anchor_tui.domain.actions import cutover, fix, merge, promote, refresh, resource_action, rollback, sync, terminate
from anchor_tui.domain.actions.plan import ActionId, Order, Plan, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs

HARD_REFRESH_FIRST: frozenset[ActionId] = frozenset({"hard-refresh-prune", "cutover"})
"""Actions that need a hard refresh first: only a fresh comparison shows what a prune deletes."""
OPS_REPO_ACTIONS: frozenset[ActionId] = frozenset({"promote", "rollback", "merge", "mend"})
RESOURCE_ACTIONS: frozenset[ActionId] = frozenset({"resource-action", "delete-pod"})
"""Actions on one resource of an application."""
SNAPSHOT_ONLY_ACTIONS: frozenset[ActionId] = frozenset({"refresh", "hard-refresh"})


def make_plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan of an order. Pure: the same order and inputs give the same plan."""
    match order.action:
        case "refresh" | "hard-refresh":
            return refresh.plan(order, inputs)
        case "sync" | "hard-refresh-prune":
            return sync.plan(order, inputs)
        case "terminate":
            return terminate.plan(order, inputs)
        case "cutover":
            return cutover.plan(order, inputs)
        case "promote":
            return promote.plan(order, inputs)
        case "rollback":
            return rollback.plan(order, inputs)
        case "merge":
            return merge.plan(order, inputs)
        case "mend":
            return fix.plan(order, inputs)
        case "resource-action" | "delete-pod":
            return resource_action.plan(order, inputs)


def already_done_message(plan: Plan, inputs: PlanInputs) -> str:
    """Return a message if the plan's goal was reached since it was shown; else an empty string."""
    return sync.pruned_meanwhile_message(plan, inputs) if plan.order.action in {"sync", *HARD_REFRESH_FIRST} else ""

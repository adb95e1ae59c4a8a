"""An order and the evidence → the Plan, or why there is none; and which evidence an order needs."""

from __future__ import annotations

from anchor_tui.domain.actions import cutover, fix, merge, promote, refresh, rollback, sync, terminate
from anchor_tui.domain.actions.plan import ActionId, Order, Plan, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs

HARD_REFRESH_FIRST: frozenset[ActionId] = frozenset({"hard-refresh-prune", "cutover"})
"""What is planned after a hard refresh only: what a prune deletes is told by what was compared just now."""
OPS_REPO_ACTIONS: frozenset[ActionId] = frozenset({"promote", "rollback", "merge", "mend"})
SNAPSHOT_ONLY_ACTIONS: frozenset[ActionId] = frozenset({"refresh", "hard-refresh"})


def make_plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Pure: the same order and the same evidence make the same Plan."""
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


def already_done_message(plan: Plan, inputs: PlanInputs) -> str:
    """What to say where the Plan has come true by itself since it was shown; empty where it has not."""
    return sync.pruned_meanwhile_message(plan, inputs) if plan.order.action in {"sync", *HARD_REFRESH_FIRST} else ""

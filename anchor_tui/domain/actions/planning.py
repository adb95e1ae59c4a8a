"""An order and the evidence → the Plan, or why there is none; and which evidence an order needs."""

from __future__ import annotations

from anchor_tui.domain.actions import cutover, mend, merge, promote, refresh, rollback, sync, terminate
from anchor_tui.domain.actions.evidence import Evidence
from anchor_tui.domain.actions.plan import ActionId, Order, Plan, Refusal

REFRESHED_FIRST: frozenset[ActionId] = frozenset({"hard-refresh-prune", "cutover"})
"""What is planned after a hard refresh only: what a prune deletes is told by what was compared just now."""
IN_GIT: frozenset[ActionId] = frozenset({"promote", "rollback", "merge", "mend"})
WITHOUT_READING: frozenset[ActionId] = frozenset({"refresh", "hard-refresh"})


def make_plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """Pure: the same order and the same evidence make the same Plan."""
    match order.action:
        case "refresh" | "hard-refresh":
            return refresh.plan(order, evidence)
        case "sync" | "hard-refresh-prune":
            return sync.plan(order, evidence)
        case "terminate":
            return terminate.plan(order, evidence)
        case "cutover":
            return cutover.plan(order, evidence)
        case "promote":
            return promote.plan(order, evidence)
        case "rollback":
            return rollback.plan(order, evidence)
        case "merge":
            return merge.plan(order, evidence)
        case "mend":
            return mend.plan(order, evidence)


def settled(plan: Plan, evidence: Evidence) -> str:
    """What to say where the Plan has come true by itself since it was shown; empty where it has not."""
    return sync.settled(plan, evidence) if plan.order.action in {"sync", *REFRESHED_FIRST} else ""

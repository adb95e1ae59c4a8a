"""The options of a plan: its dialog shows them, and each changes the order or how the plan is shown."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Order, Plan


class PlanOption(NamedTuple):
    """An option with its key. `is_on` is None if it is not a switch."""

    key: str
    title: str
    is_on: bool | None = None


def list_options(plan: Plan, *, shows_requests: bool) -> tuple[PlanOption, ...]:
    """Return the options of a plan with their current values."""
    order = plan.order
    options: list[PlanOption] = []
    if order.action == "sync":
        options.append(PlanOption("u", "prune", order.prune))
    if order.action in {"sync", "hard-refresh-prune"}:
        options.append(PlanOption("d", "dry run", order.dry_run))
    if order.action == "sync" and plan.choices:
        chosen = f"{len(order.resources)} chosen" if order.resources else "all"
        options.append(PlanOption("a", f"resources: {chosen}"))
    if order.action == "rollback" and plan.pull_request is not None:
        options.append(PlanOption("m", "merge when its checks pass", order.merge))
    if plan.pull_request is not None:
        options.append(PlanOption("e", "edit title and body"))
    options.append(PlanOption("i", "show requests", shows_requests))
    return tuple(options)


def flip_switch(order: Order, key: str) -> Order | None:
    """Return the order with the switch of this key changed; None if the key is not a switch of the order."""
    match key:
        case "u":
            return replace(order, prune=not order.prune)
        case "d":
            return replace(order, dry_run=not order.dry_run)
        case "m":
            return replace(order, merge=not order.merge)
        case _:
            return None

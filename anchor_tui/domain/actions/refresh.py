"""Refresh and hard refresh: Argo CD compares again. Nothing is applied, so no confirmation is needed."""

from __future__ import annotations

from anchor_tui.domain.actions.plan import Order, Plan, PlanLine, Refusal, StepGroup, absent_refusal, merge_refusals
from anchor_tui.domain.actions.plan_inputs import (
    PlanInputs,
    TargetApplication,
    command_line,
    no_target_refusal,
    select_targets,
    target_environments,
)
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import Refresh, Step
from anchor_tui.domain.actions.wait_steps import WaitForRefresh
from anchor_tui.domain.formatting import format_count


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan. It needs only the permission `get`, and the snapshot is recent enough."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    refusals = tuple(refusal for target in found if (refusal := absent_refusal(target.application)))
    fit = [target for target in found if absent_refusal(target.application) is None]
    if not fit:
        return merge_refusals(refusals)
    hard = order.action == "hard-refresh"
    what = inputs.label_application(fit[0].application) if len(fit) == 1 else format_count(len(fit), "application")
    return Plan(
        order=order,
        title=f"{'Hard refresh' if hard else 'Refresh'} {what}",
        verb="Hard refresh" if hard else "Refresh",
        confirmation="none",
        phrase="",
        protected=any(environment.protected for environment in target_environments(fit)),
        reason_required=False,
        command=command_line(order.action, order).removesuffix(" --yes"),
        made_at=inputs.now,
        lines=tuple(PlanLine("change", _line_text(target, hard=hard)) for target in fit),
        step_groups=tuple(
            StepGroup(
                str(target.application.id),
                refresh_steps(inputs.reference_application(target.application), hard=hard),
                target.application.id,
            )
            for target in fit
        ),
        refused=refusals,
    )


def refresh_steps(target: ApplicationRef, *, hard: bool) -> tuple[Step, ...]:
    """Return the refresh and the wait for it."""
    return (Refresh(target, hard), WaitForRefresh(target))


def _line_text(target: TargetApplication, *, hard: bool) -> str:
    how = "compare with git again, with newly rendered manifests" if hard else "compare with git again"
    return f"{target.application.id}: {how}"

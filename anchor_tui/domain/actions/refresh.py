"""Refresh and hard refresh: let Argo CD compare again. Nothing is applied, so nothing is confirmed."""

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
    """The Plan; it needs `get` and nothing else, and no fresh reading: what is asked for is one."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    refusals = tuple(refusal for each in found if (refusal := absent_refusal(each.application)))
    fit = [each for each in found if absent_refusal(each.application) is None]
    if not fit:
        return merge_refusals(refusals)
    hard = order.action == "hard-refresh"
    what = fit[0].application.name if len(fit) == 1 else format_count(len(fit), "application")
    return Plan(
        order=order,
        title=f"{'Hard refresh' if hard else 'Refresh'} {what}",
        verb="Hard refresh" if hard else "Refresh",
        confirmation="none",
        phrase="",
        protected=any(each.protected for each in target_environments(fit)),
        reason_required=False,
        command=command_line(order.action, order).removesuffix(" --yes"),
        made_at=inputs.now,
        lines=tuple(PlanLine("change", _line_text(each, hard=hard)) for each in fit),
        step_groups=tuple(
            StepGroup(str(each.application.id), refresh_steps(_application_ref(each), hard=hard), each.application.id)
            for each in fit
        ),
        refused=refusals,
    )


def refresh_steps(target: ApplicationRef, *, hard: bool) -> tuple[Step, ...]:
    """A refresh, and the wait for it."""
    return (Refresh(target, hard), WaitForRefresh(target))


def _application_ref(each: TargetApplication) -> ApplicationRef:
    return ApplicationRef(each.application.id, each.application.project)


def _line_text(each: TargetApplication, *, hard: bool) -> str:
    how = "compared with git anew, manifests rendered anew" if hard else "compared with git anew"
    return f"{each.application.id}: {how}"

"""Refresh and hard refresh: let Argo CD compare again. Nothing is applied, so nothing is confirmed."""

from __future__ import annotations

from anchor_tui.domain.actions.evidence import Evidence, Target, command, environments_of, none_found, targets
from anchor_tui.domain.actions.following import FollowRefresh
from anchor_tui.domain.actions.parts import AppTarget
from anchor_tui.domain.actions.plan import Change, Line, Order, Plan, Refusal, absent, together
from anchor_tui.domain.actions.steps import Refresh, Step
from anchor_tui.domain.formatting import format_count


def plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """The Plan; it needs `get` and nothing else, and no fresh reading: what is asked for is one."""
    found = targets(order, evidence.snapshot)
    if not found:
        return none_found(order, evidence.snapshot)
    refusals = tuple(refusal for each in found if (refusal := absent(each.application)))
    fit = [each for each in found if absent(each.application) is None]
    if not fit:
        return together(refusals)
    hard = order.action == "hard-refresh"
    what = fit[0].application.name if len(fit) == 1 else format_count(len(fit), "application")
    return Plan(
        order=order,
        title=f"{'Hard refresh' if hard else 'Refresh'} {what}",
        verb="Hard refresh" if hard else "Refresh",
        price="none",
        phrase="",
        protected=any(each.protected for each in environments_of(fit)),
        reason_required=False,
        command=command(order.action, order).removesuffix(" --yes"),
        made_at=evidence.now,
        lines=tuple(Line("change", _words(each, hard=hard)) for each in fit),
        changes=tuple(
            Change(str(each.application.id), steps_of(_target(each), hard=hard), each.application.id) for each in fit
        ),
        refused=refusals,
    )


def steps_of(target: AppTarget, *, hard: bool) -> tuple[Step, ...]:
    """A refresh, and the wait for it."""
    return (Refresh(target, hard), FollowRefresh(target))


def _target(each: Target) -> AppTarget:
    return AppTarget(each.application.id, each.application.project)


def _words(each: Target, *, hard: bool) -> str:
    how = "compared with git anew, manifests rendered anew" if hard else "compared with git anew"
    return f"{each.application.id}: {how}"

"""Terminate: end the operation that runs."""

from __future__ import annotations

from anchor_tui.domain.actions.cluster import AppState
from anchor_tui.domain.actions.evidence import Evidence, Target, command, environments_of, none_found, readable, targets
from anchor_tui.domain.actions.following import FollowTermination
from anchor_tui.domain.actions.plan import Change, Line, Order, Plan, Refusal, Seen, priced, together
from anchor_tui.domain.actions.steps import Terminate
from anchor_tui.domain.formatting import format_age, format_count, get_first_line


def plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """The Plan for every application of the order in which an operation runs."""
    found = targets(order, evidence.snapshot)
    if not found:
        return none_found(order, evidence.snapshot)
    states = [(each, readable(each, evidence)) for each in found]
    tried = [(each, state, _obstacle(state)) for each, state in states]
    refusals = tuple(why for _, _, why in tried if why is not None)
    fit = [(each, state) for each, state, why in tried if why is None and isinstance(state, AppState)]
    if not fit:
        return together(refusals)
    environments = environments_of(each for each, _ in fit)
    protected = any(each.protected for each in environments)
    price, phrase = priced(protected=protected, names=" ".join(each.name for each in environments))
    what = fit[0][0].application.name if len(fit) == 1 else format_count(len(fit), "application")
    return Plan(
        order=order,
        title=f"Terminate the operation of {what}",
        verb="Terminate",
        price=price,
        phrase=phrase,
        protected=protected,
        reason_required=protected,
        command=command("terminate", order, phrase=phrase, wants_reason=protected),
        made_at=evidence.now,
        lines=(
            *(_line(each, state, evidence) for each, state in fit),
            Line(
                "note",
                "what it has applied stays applied, and what it has not is left: the application may be half way",
            ),
        ),
        changes=tuple(
            Change(
                str(each.application.id),
                (Terminate(state.target, _started(state)), FollowTermination(state.target)),
                each.application.id,
            )
            for each, state in fit
        ),
        seen=tuple(Seen(f"the operation of {each.application.id}", _started(state)) for each, state in fit),
        refused=refusals,
    )


def _obstacle(state: AppState | Refusal) -> Refusal | None:
    if isinstance(state, Refusal):
        return state
    name = str(state.application.id)
    if state.application.operation is None or not state.application.operation.is_running:
        return Refusal(name, "idle", "no operation runs: there is nothing to terminate", settled=True)
    if state.operation is not None and state.operation.phase == "Terminating":
        return Refusal(name, "terminating", "its operation is being terminated already: wait until it is over")
    if state.may_sync == "no":
        return Refusal(name, "forbidden", "the token may not terminate it (applications, sync): log in as one who may")
    return None


def _started(state: AppState) -> str:
    operation = state.application.operation
    return f"{operation.started_at:%Y-%m-%dT%H:%M:%SZ}" if operation and operation.started_at else "not taken up yet"


def _line(each: Target, state: AppState, evidence: Evidence) -> Line:
    operation = state.application.operation
    assert operation is not None
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    span = f" for {format_age(operation.started_at, evidence.now)}" if operation.started_at else ", not taken up yet"
    words = f": {get_first_line(operation.message)}" if operation.message else ""
    return Line("change", f"{each.application.id}: {operation.phase}{span}{who}{words}")

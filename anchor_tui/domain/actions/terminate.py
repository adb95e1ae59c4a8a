"""Terminate: end the running operation."""

from __future__ import annotations

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.plan import (
    Order,
    Plan,
    PlanLine,
    Precondition,
    Refusal,
    StepGroup,
    merge_refusals,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import (
    PlanInputs,
    TargetApplication,
    command_line,
    fresh_state,
    no_target_refusal,
    select_targets,
    target_environments,
)
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import Step, Terminate
from anchor_tui.domain.actions.wait_steps import WaitForTermination
from anchor_tui.domain.formatting import format_age, format_count, format_timestamp, get_first_line


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan for every application of the order with a running operation."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    states = [(target, fresh_state(target, inputs)) for target in found]
    tried = [(target, state, _terminate_obstacle(state)) for target, state in states]
    refusals = tuple(why for _, _, why in tried if why is not None)
    fit = [(target, state) for target, state, why in tried if why is None and isinstance(state, AppState)]
    if not fit:
        return merge_refusals(refusals)
    environments = target_environments(target for target, _ in fit)
    protected = any(environment.protected for environment in environments)
    confirmation, phrase = required_confirmation(
        protected=protected, names=" ".join(environment.name for environment in environments)
    )
    what = inputs.label_application(fit[0][0].application) if len(fit) == 1 else format_count(len(fit), "application")
    return Plan(
        order=order,
        title=f"Terminate the operation of {what}",
        verb="Terminate",
        confirmation=confirmation,
        phrase=phrase,
        protected=protected,
        reason_required=protected,
        command=command_line("terminate", order, phrase=phrase, wants_reason=protected),
        made_at=inputs.now,
        lines=(
            *(_operation_line(target, state, inputs) for target, state in fit),
            PlanLine(
                "note",
                "applied changes stay, the rest is not applied: the application may be left in between",
            ),
        ),
        step_groups=tuple(
            StepGroup(
                str(target.application.id),
                _terminate_steps(state, inputs.reference_application(target.application, state.project)),
                target.application.id,
            )
            for target, state in fit
        ),
        preconditions=tuple(
            Precondition(f"the operation of {target.application.id}", _start_time_text(state)) for target, state in fit
        ),
        refused=refusals,
    )


def _terminate_steps(state: AppState, app: ApplicationRef) -> tuple[Step, ...]:
    return (Terminate(app, _start_time_text(state)), WaitForTermination(app))


def _terminate_obstacle(state: AppState | Refusal) -> Refusal | None:
    if isinstance(state, Refusal):
        return state
    name = str(state.application.id)
    if state.application.operation is None or not state.application.operation.is_running:
        return Refusal(name, "idle", "no operation is running: nothing to terminate", already_done=True)
    if state.operation is not None and state.operation.phase == "Terminating":
        return Refusal(name, "terminating", "its operation is already being terminated: wait until it is over")
    if state.may_sync == "no":
        return Refusal(
            name, "forbidden", "the token may not terminate it (applications, sync): log in with an account that may"
        )
    return None


def _start_time_text(state: AppState) -> str:
    operation = state.application.operation
    return format_timestamp(operation.started_at) if operation and operation.started_at else "not started yet"


def _operation_line(target: TargetApplication, state: AppState, inputs: PlanInputs) -> PlanLine:
    operation = state.application.operation
    assert operation is not None
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    span = f" for {format_age(operation.started_at, inputs.now)}" if operation.started_at else ", not started yet"
    words = f": {get_first_line(operation.message)}" if operation.message else ""
    return PlanLine("change", f"{target.application.id}: {operation.phase}{span}{who}{words}")

"""Actions on one resource: what Argo CD offers for it, such as a restart, and the deletion of a pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.plan import (
    Order,
    Plan,
    PlanLine,
    Precondition,
    Refusal,
    StepGroup,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import (
    PlanInputs,
    TargetApplication,
    command_option,
    confirmed_command_line,
    fresh_state,
    no_target_refusal,
    select_targets,
)
from anchor_tui.domain.actions.resource_state import OfferedAction, ResourceState, full_name, resource_ref_of
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import DeleteResource, RunResourceAction, Step
from anchor_tui.domain.actions.wait_steps import WaitForResource
from anchor_tui.domain.formatting import format_age, format_count


def select_target(order: Order, inputs: PlanInputs) -> TargetApplication | Refusal:
    """Return the only application of an order."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    if len(found) > 1:
        choices = ", ".join(str(target.application.id) for target in found)
        names = ", ".join(order.environments) or "the order"
        return Refusal(names, "ambiguous", f"it means several applications: name one of {choices}")
    return found[0]


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan of an action on one resource."""
    target = select_target(order, inputs)
    if isinstance(target, Refusal):
        return target
    state = fresh_state(target, inputs)
    if isinstance(state, Refusal):
        return state
    unread = Refusal(str(target.application.id), "unread", "the resource was not read from Argo CD")
    resource = inputs.resource_state or unread
    if isinstance(resource, Refusal):
        return resource
    refusal = _deletion_obstacle(resource, state) if order.action == "delete-pod" else _action_obstacle(order, resource)
    if refusal is None and resource.may_act == "no":
        message = f"the token may not do it (applications, {resource.right}): log in with an account that may"
        refusal = Refusal(str(resource.node.key), "forbidden", message)
    return refusal or _make_plan(order, inputs, target, state, resource)


def _make_plan(
    order: Order, inputs: PlanInputs, target: TargetApplication, state: AppState, resource: ResourceState
) -> Plan:
    environment, key = target.environment, resource.node.key
    is_deletion = order.action == "delete-pod"
    confirmation, phrase = required_confirmation(
        protected=environment.protected, names=environment.name, number=1 if is_deletion else None
    )
    app = inputs.reference_application(target.application, state.project)
    title = f"Delete pod {key.name}" if is_deletion else f"{_describe(order)} {key}"
    return Plan(
        order=order,
        title=f"{title} of {app.title}",
        verb="Delete" if is_deletion else "Run",
        confirmation=confirmation,
        phrase=phrase,
        protected=environment.protected,
        reason_required=environment.protected,
        command=_command(order, target, resource, phrase, wants_reason=environment.protected),
        made_at=inputs.now,
        lines=tuple(_deletion_lines(inputs, resource) if is_deletion else _action_lines(order, state, resource)),
        step_groups=(StepGroup(str(target.application.id), _steps(order, app, resource), target.application.id),),
        preconditions=(
            Precondition(f"the uid of {full_name(key)}", resource.node.uid or "unknown"),
            *([] if is_deletion else [Precondition(f"the action {order.resource_action} of {key}", "offered")]),
        ),
    )


def _describe(order: Order) -> str:
    """Return the action as a title: `Restart`, `Scale (replicas=3)`."""
    values = ", ".join(f"{name}={value}" for name, value in order.parameters.items())
    words = order.resource_action.replace("-", " ").capitalize()
    return f"{words} ({values})" if values else words


def _command(
    order: Order, target: TargetApplication, resource: ResourceState, phrase: str, *, wants_reason: bool
) -> str:
    words = ["anchor-tui", "resource", str(target.application.id), full_name(resource.node.key)]
    words += ["--delete"] if order.action == "delete-pod" else [order.resource_action]
    for name, value in order.parameters.items():
        words += command_option("--param", f"{name}={value}")
    return confirmed_command_line(words, order, phrase, wants_reason=wants_reason)


def _steps(order: Order, app: ApplicationRef, resource: ResourceState) -> tuple[Step, ...]:
    node, ref = resource.node, resource_ref_of(resource.node.key)
    if order.action == "delete-pod":
        wait = WaitForResource(app, resource_ref_of(resource.workload.key), gone_uid=node.uid)
        return (DeleteResource(app, ref, node.version, node.uid), wait)
    return (
        RunResourceAction(app, ref, node.version, node.uid, order.resource_action, dict(order.parameters)),
        WaitForResource(app, ref),
    )


# --- what prevents it -----------------------------------------------------------------------------------


def _deletion_obstacle(resource: ResourceState, state: AppState) -> Refusal | None:
    key = resource.node.key
    if key.kind != "Pod" or key.group:
        message = "only pods can be deleted here: git decides about everything else (hard refresh + prune deletes it)"
        return Refusal(str(key), "not-a-pod", message)
    if resource.node.is_orphan:
        message = f"it does not belong to {state.application.id}: Argo CD deletes only what the application owns"
        return Refusal(str(key), "orphan", message)
    return None


def _action_obstacle(order: Order, resource: ResourceState) -> Refusal | None:
    name = str(resource.node.key)
    offered = {action.name: action for action in resource.actions}
    action = offered.get(order.resource_action)
    if action is None:
        usable = ", ".join(sorted(found.name for found in resource.actions if not found.is_disabled))
        message = f"Argo CD does not offer {order.resource_action!r} for it; it offers {usable or 'nothing'}"
        return Refusal(name, "no-action", message)
    if action.is_disabled:
        message = f"{action.name} is disabled: it does not fit the present state of the resource"
        return Refusal(name, "disabled", message)
    return _parameter_obstacle(name, action, order.parameters)


def _parameter_obstacle(name: str, action: OfferedAction, given: Mapping[str, str]) -> Refusal | None:
    wanted = set(action.parameters)
    if unknown := sorted(set(given) - wanted):
        known = ", ".join(action.parameters) or "no parameters"
        return Refusal(name, "parameters", f"{action.name} does not take {', '.join(unknown)}; it takes {known}")
    if missing := [parameter for parameter in action.parameters if not given.get(parameter, "").strip()]:
        options = " ".join(f"--param {parameter}=VALUE" for parameter in missing)
        return Refusal(name, "parameters", f"{action.name} needs a value: add {options}")
    return None


# --- what is shown --------------------------------------------------------------------------------------


def _action_lines(order: Order, state: AppState, resource: ResourceState) -> Iterator[PlanLine]:
    node = resource.node
    yield PlanLine("change", f"{node.key} in {node.key.namespace or 'the cluster'}: {_describe(order).lower()}")
    if order.resource_action == "restart" and resource.pod_count:
        pods = format_count(resource.pod_count, "pod")
        yield PlanLine("change", f"{pods} replaced, as the update strategy of the workload allows")
    if node.is_unhealthy:
        message = f": {node.message}" if node.message else ""
        yield PlanLine("warning", f"it is {node.health} now{message}")
    automated = state.application.automated
    if order.resource_action == "scale" and automated is not None and automated.self_heal:
        yield PlanLine("warning", "self-heal is on: Argo CD sets the replicas back to those in git")
    yield from _permission_line(resource)


def _deletion_lines(inputs: PlanInputs, resource: ResourceState) -> Iterator[PlanLine]:
    node = resource.node
    age = f"  {format_age(node.created_at, inputs.now)} old" if node.created_at else ""
    status = f"  ({node.status_reason})" if node.status_reason else ""
    name = f"{node.key.namespace}/{node.key.name}"
    yield PlanLine("deleted", f"1 pod will be DELETED from the cluster: {name}{age}{status}")
    if not resource.owners:
        yield PlanLine("warning", "it has no owner: nothing creates it again")
    else:
        yield PlanLine("note", f"{resource.owners[0].key} creates a new one")
        if resource.pod_count == 1 and node.health == "Healthy":
            owner = resource.workload.key
            yield PlanLine("warning", f"it is the only pod of {owner}: until the new one is ready, none is")
    yield from _permission_line(resource)


def _permission_line(resource: ResourceState) -> Iterator[PlanLine]:
    if resource.may_act == "unknown":
        yield PlanLine("note", f"it is unknown whether the token may do it (applications, {resource.right})")

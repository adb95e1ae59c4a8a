"""Sync, and hard refresh + prune: what is applied, deleted and kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from anchor_tui.domain.actions.application_state import stale_resources
from anchor_tui.domain.actions.plan import (
    LineKind,
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
    command_line,
    command_option,
    fresh_state,
    no_target_refusal,
    select_targets,
    target_environments,
)
from anchor_tui.domain.actions.prune_references import reference_lines
from anchor_tui.domain.actions.steps import Step, Sync
from anchor_tui.domain.actions.sync_candidate import SyncCandidate, join_refs, prepare_candidate
from anchor_tui.domain.actions.wait_steps import WaitForHealth, WaitForOperation
from anchor_tui.domain.formatting import format_count, format_duration, shorten_revision


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan of a sync, with or without prune, of one or several applications."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    prune = order.prune or order.action in {"hard-refresh-prune", "cutover"}
    tried = [prepare_candidate(target, order, inputs, prune=prune) for target in found]
    ready = [candidate for candidate in tried if isinstance(candidate, SyncCandidate)]
    refusals = tuple(candidate for candidate in tried if isinstance(candidate, Refusal))
    if not ready:
        return merge_refusals(refusals)
    return plan_candidates(order, inputs, ready, refusals, prune=prune)


def plan_candidates(
    order: Order, inputs: PlanInputs, ready: Sequence[SyncCandidate], refusals: tuple[Refusal, ...], *, prune: bool
) -> Plan:
    """Return the plan of the candidates."""
    environments = target_environments(candidate.target for candidate in ready)
    protected = any(environment.protected for environment in environments)
    deletes = prune and not order.dry_run
    pruned = sum(len(candidate.stale_with_effect("deleted", "asks")) for candidate in ready) if deletes else 0
    names = " ".join(environment.name for environment in environments)
    confirmation, phrase = required_confirmation(protected=protected, names=names, number=pruned)
    several = len(ready) > 1
    what = (
        inputs.label_application(ready[0].state.application) if not several else format_count(len(ready), "application")
    )
    title = {"hard-refresh-prune": "Hard refresh + prune", "cutover": "Cut over"}.get(order.action, "Sync")
    return Plan(
        order=order,
        title=f"{title} {what}" + (" (dry run)" if order.dry_run else ""),
        verb={"hard-refresh-prune": "Sync + prune", "cutover": "Cut over"}.get(order.action, "Sync"),
        confirmation=confirmation,
        phrase=phrase,
        protected=protected,
        reason_required=protected and not order.dry_run,
        command=command_line(
            order.action, order, *_command_options(order), phrase=phrase, wants_reason=protected and not order.dry_run
        ),
        made_at=inputs.now,
        lines=tuple(
            line for candidate in ready for line in _plan_lines(candidate, order, inputs, prune=prune, several=several)
        ),
        step_groups=tuple(
            StepGroup(
                str(candidate.state.application.id),
                sync_steps(candidate, order, inputs, prune=prune),
                candidate.state.application.id,
            )
            for candidate in ready
        ),
        preconditions=tuple(fact for candidate in ready for fact in _preconditions(candidate, prune=prune)),
        refused=refusals,
        choices=_resource_choices(ready) if order.action == "sync" and not several else (),
    )


def _resource_choices(ready: Sequence[SyncCandidate]) -> tuple[str, ...]:
    """Return the resources a sync can be limited to: the differing and the stale ones."""
    state = ready[0].state
    stale = {resource.ref for resource in stale_resources(state)}
    return tuple(f"{ref.kind}/{ref.namespace}/{ref.name}" for ref in sorted({*state.out_of_sync_refs, *stale}))


def _command_options(order: Order) -> list[str]:
    found = ["--prune"] if order.prune and order.action == "sync" else []
    found += ["--server-dry-run"] if order.dry_run else []
    return [*found, *(word for name in order.resources for word in command_option("--resource", name))]


def sync_steps(ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool) -> tuple[Step, ...]:
    """Return the sync and the waits. A sync of selected resources or a dry run does not wait for health."""
    state = ready.state
    application = state.application
    target = inputs.reference_application(application, state.project)
    automated = application.automated is not None and application.automated.enabled
    revision = None if automated or state.has_several_sources else application.compared_revision
    pruned_refs = (
        tuple(resource.ref for resource in ready.stale_with_effect("deleted", "asks"))
        if prune and not order.dry_run
        else ()
    )
    asking = tuple(resource.ref for resource in ready.stale_with_effect("asks")) if prune and not order.dry_run else ()
    sync = Sync(
        target,
        order.request_id,
        application.compared_revision,
        revision,
        prune=prune,
        dry_run=order.dry_run,
        resources=ready.selected,
        reason=order.reason,
    )
    follow = WaitForOperation(
        target,
        order.request_id,
        application.compared_revision,
        order.dry_run,
        resources_to_prune=pruned_refs,
        approves=asking,
    )
    return (sync, follow) if order.dry_run or ready.selected else (sync, follow, WaitForHealth(target))


# --- what is shown ------------------------------------------------------------------------------------


def _plan_lines(
    ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool, several: bool
) -> Iterator[PlanLine]:
    state, application = ready.state, ready.state.application
    before = f"{inputs.label_application(application)}: " if several else ""
    subject = f" “{state.commit_subject}”" if state.commit_subject else ""
    yield PlanLine("change", f"{before}to {shorten_revision(application.compared_revision)}{subject}")
    automated = application.automated is not None and application.automated.enabled
    if automated:
        yield PlanLine("note", f"{before}auto-sync is on: Argo CD syncs the newest commit, even one pushed now")
    yield from (PlanLine(line.kind, before + line.text) for line in _change_lines(ready))
    yield from (PlanLine(line.kind, before + line.text) for line in _stale_lines(ready, order, inputs, prune=prune))
    if order.dry_run:
        yield PlanLine("note", f"{before}a dry run is an operation too: it replaces the result of the last one")
    if ready.selected:
        yield PlanLine("note", f"{before}a sync of selected resources runs no hooks and is not recorded in the history")
    if application.health not in {"Healthy", None}:
        yield PlanLine("warning", f"{before}it is {application.health} now")
    if state.may_sync == "unknown":
        yield PlanLine("note", f"{before}it is unknown whether the token may sync it")


def _change_lines(ready: SyncCandidate) -> Iterator[PlanLine]:
    differing = ready.selected or ready.state.out_of_sync_refs
    if not differing:
        yield PlanLine("note", "nothing differs from git" + (" except stale resources" if ready.stale else ""))
        return
    verbs = ("is applied", "are applied") if ready.selected else ("changes", "change")
    verb = verbs[0] if len(differing) == 1 else verbs[1]
    differences = [difference for difference in ready.state.differences if difference.ref in differing]
    number = format_count(len(differing), "resource")
    yield PlanLine("change", f"{number} {verb}: {join_refs(differing)}")
    yield from (PlanLine("change", f"  {difference}") for difference in differences)


def _stale_lines(ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool) -> Iterator[PlanLine]:
    """Yield a line for each resource that is deleted, and for each that is kept although it is stale."""
    pruned = ready.stale_with_effect("deleted", "asks")
    if not prune:
        if pruned:
            refs = [resource.ref for resource in pruned]
            stay = "stays" if len(refs) == 1 else "stay"
            yield PlanLine(
                "kept", f"prune is off: {format_count(len(refs), 'stale resource')} {stay}: {join_refs(refs)}"
            )
        return
    if not pruned:
        yield PlanLine("ok", "no resources to prune")
    elif order.dry_run:
        yield PlanLine("note", f"would delete {format_count(len(pruned), 'resource')}; a dry run deletes nothing:")
    else:
        yield PlanLine("deleted", f"{format_count(len(pruned), 'resource')} will be DELETED from the cluster:")
    for resource in pruned:
        age = f"  {format_duration(inputs.now - resource.created_at)} old" if resource.created_at else ""
        notes = [
            *(["Prune=confirm: confirming this plan approves it"] if resource.prune_effect == "asks" else []),
            *(["IgnoreExtraneous hides that it is stale but does not protect it"] if resource.ignored else []),
            *([resource.reason] if resource.prune_effect == "deleted" and resource.reason else []),
        ]
        words = f"  ({'; '.join(notes)})" if notes else ""
        kind: LineKind = "note" if order.dry_run else "deleted"
        yield PlanLine(kind, f"  {resource.ref.kind}  {resource.ref.namespace}/{resource.ref.name}{age}{words}")
    if pruned:
        protected = ready.target.environment.protected
        yield from reference_lines(ready.references, ready.state, protected=protected)
    for resource in ready.stale_with_effect("kept"):
        yield PlanLine("kept", f"kept although stale: {resource.ref} ({resource.reason})")


def _preconditions(ready: SyncCandidate, *, prune: bool) -> Iterator[Precondition]:
    name = ready.state.application.id
    yield Precondition(f"the commit of {name}", shorten_revision(ready.state.application.compared_revision))
    automated = ready.state.application.automated
    yield Precondition(f"auto-sync of {name}", "on" if automated is not None and automated.enabled else "off")
    if prune:
        pruned = ready.stale_with_effect("deleted", "asks")
        yield Precondition(
            f"what a prune of {name} deletes", join_refs([resource.ref for resource in pruned]) or "nothing"
        )
        users = ", ".join(str(reference) for reference in ready.references if not reference.ends)
        yield Precondition(f"what uses the resources that a prune of {name} deletes", users or "nothing known")


# --- after a drift ------------------------------------------------------------------------------------


def pruned_meanwhile_message(plan: Plan, inputs: PlanInputs) -> str:
    """Return a message if auto-sync has already pruned everything; else an empty string."""
    if not plan.is_destructive:
        return ""
    for target in select_targets(plan.order, inputs.snapshot):
        state = fresh_state(target, inputs)
        if isinstance(state, Refusal) or state.managed is None or state.application.sync != "Synced":
            return ""
        if any(stale.prune_effect != "kept" for stale in stale_resources(state)):
            return ""
    return "Argo CD has already pruned everything automatically: nothing was sent"

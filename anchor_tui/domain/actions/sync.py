"""Sync, and hard refresh + prune: what is applied, what is deleted, what is kept, and what would hold it up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from anchor_tui.domain.actions.application_state import AppState, StaleResource, stale_resources
from anchor_tui.domain.actions.plan import (
    LineKind,
    Order,
    Plan,
    PlanLine,
    Precondition,
    Refusal,
    StepGroup,
    busy_refusal,
    merge_refusals,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import (
    PlanInputs,
    TargetApplication,
    command_line,
    command_option,
    fresh_state,
    no_target_refusal,
    select_targets,
    target_environments,
)
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.actions.steps import Step, Sync
from anchor_tui.domain.actions.wait_steps import WaitForHealth, WaitForOperation
from anchor_tui.domain.formatting import format_count, format_duration, get_first_line, shorten_revision
from anchor_tui.domain.model import ValueObject

NEVER_STARTS_CONDITIONS = ("InvalidSpecError",)
NOT_COMPARED_CONDITIONS = ("ComparisonError", "InvalidSpecError", "UnknownError")


class SyncCandidate(ValueObject, frozen=True):
    """One application that can be synced, with what a prune would do and which resources were selected."""

    target: TargetApplication
    state: AppState
    stale: tuple[StaleResource, ...]
    selected: tuple[ResourceRef, ...]

    def stale_with_effect(self, *fates: str) -> tuple[StaleResource, ...]:
        """The stale resources that meet this end."""
        return tuple(each for each in self.stale if each.prune_effect in fates)


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """The Plan of a sync, with or without prune, of one application or several."""
    found = select_targets(order, inputs.snapshot)
    if not found:
        return no_target_refusal(order, inputs.snapshot)
    prune = order.prune or order.action in {"hard-refresh-prune", "cutover"}
    tried = [prepare_candidate(each, order, inputs, prune=prune) for each in found]
    ready = [each for each in tried if isinstance(each, SyncCandidate)]
    refusals = tuple(each for each in tried if isinstance(each, Refusal))
    if not ready:
        return merge_refusals(refusals)
    return plan_candidates(order, inputs, ready, refusals, prune=prune)


def prepare_candidate(
    each: TargetApplication, order: Order, inputs: PlanInputs, *, prune: bool
) -> SyncCandidate | Refusal:
    """One application with everything that speaks for or against it."""
    state = fresh_state(each, inputs)
    if isinstance(state, Refusal):
        return state
    selected = _selected_resources(order, state)
    if isinstance(selected, Refusal):
        return selected
    stale = stale_resources(state)
    if selected:
        stale = tuple(one for one in stale if one.ref in selected)
    ready = SyncCandidate(each, state, stale, selected)
    return _sync_obstacle(ready, order, inputs, prune=prune) or ready


def _selected_resources(order: Order, state: AppState) -> tuple[ResourceRef, ...] | Refusal:
    """The resources that were named, each of which the application must have: Argo CD takes others without a word."""
    known = {each.ref for each in state.resources if not each.hook}
    chosen: list[ResourceRef] = []
    for name in order.resources:
        matching = [
            ref for ref in known if name in {str(ref), f"{ref.group}/{ref}", f"{ref.kind}/{ref.namespace}/{ref.name}"}
        ]
        if not matching:
            some = ", ".join(sorted(map(str, known))[:8]) or "none"
            message = f"there is no resource {name}: it has {some}"
            return Refusal(str(state.application.id), "no-resource", message)
        chosen += matching
    return tuple(sorted(set(chosen)))


def _sync_obstacle(ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool) -> Refusal | None:
    state, name = ready.state, str(ready.state.application.id)
    if (running := busy_refusal(state.application, inputs.now)) is not None:
        return running
    if condition := state.condition_message(*NEVER_STARTS_CONDITIONS):
        message = f"a sync would be accepted and never start ({get_first_line(condition)}): mend its spec first"
        return Refusal(name, "invalid", message)
    if state.windows is not None and not state.windows.can_sync:
        which = "; ".join(state.windows.active) or "no allow window is open"
        message = f"a sync window forbids it ({which}): wait until it is over, or change the project's windows"
        return Refusal(name, "window", message)
    if state.may_sync == "no":
        message = "the token may not sync it (applications, sync): log in as somebody who may"
        return Refusal(name, "forbidden", message)
    if prune and (state.managed is None or state.condition_message(*NOT_COMPARED_CONDITIONS)):
        why = (
            get_first_line(state.condition_message(*NOT_COMPARED_CONDITIONS))
            or state.managed_error
            or "its manifests did not come"
        )
        message = f"what a prune would delete cannot be told ({why}): nothing is deleted blindly"
        return Refusal(name, "unknown-victims", message)
    asking = ready.stale_with_effect("asks")
    if asking and (not prune or order.dry_run) and not ready.selected:
        which = _joined_refs([each.ref for each in asking])
        message = (
            f"{which} has Prune=confirm, which would hold this {'dry run' if order.dry_run else 'sync'} until it is "
            "confirmed: hard refresh + prune (P) asks for that, or select the resources to sync"
        )
        return Refusal(name, "prune-confirm", message)
    if asking and state.may_update == "no":
        which = _joined_refs([each.ref for each in asking])
        message = f"{which} has Prune=confirm, and the token may not confirm it (applications, update)"
        return Refusal(name, "forbidden", message)
    return None


def plan_candidates(
    order: Order, inputs: PlanInputs, ready: Sequence[SyncCandidate], refusals: tuple[Refusal, ...], *, prune: bool
) -> Plan:
    """The Plan of applications that can be synced."""
    environments = target_environments(each.target for each in ready)
    protected = any(each.protected for each in environments)
    deletes = prune and not order.dry_run
    victims = sum(len(each.stale_with_effect("deleted", "asks")) for each in ready) if deletes else 0
    names = " ".join(each.name for each in environments)
    price, phrase = required_confirmation(protected=protected, names=names, number=victims)
    several = len(ready) > 1
    what = ready[0].state.application.name if not several else format_count(len(ready), "application")
    title = {"hard-refresh-prune": "Hard refresh + prune", "cutover": "Cut over"}.get(order.action, "Sync")
    return Plan(
        order=order,
        title=f"{title} {what}" + (" (dry run)" if order.dry_run else ""),
        verb={"hard-refresh-prune": "Sync + prune", "cutover": "Cut over"}.get(order.action, "Sync"),
        confirmation=price,
        phrase=phrase,
        protected=protected,
        reason_required=protected and not order.dry_run,
        command=command_line(
            order.action, order, *_command_options(order), phrase=phrase, wants_reason=protected and not order.dry_run
        ),
        made_at=inputs.now,
        lines=tuple(line for each in ready for line in _plan_lines(each, order, inputs, prune=prune, several=several)),
        step_groups=tuple(
            StepGroup(str(each.state.application.id), sync_steps(each, order, prune=prune), each.state.application.id)
            for each in ready
        ),
        preconditions=tuple(fact for each in ready for fact in _preconditions(each, prune=prune)),
        refused=refusals,
        choices=_resource_choices(ready) if order.action == "sync" and not several else (),
    )


def _resource_choices(ready: Sequence[SyncCandidate]) -> tuple[str, ...]:
    """What a sync could be limited to: what differs, stale or not."""
    state = ready[0].state
    stale = {each.ref for each in stale_resources(state)}
    return tuple(f"{ref.kind}/{ref.namespace}/{ref.name}" for ref in sorted({*state.out_of_sync_refs, *stale}))


def _command_options(order: Order) -> list[str]:
    found = ["--prune"] if order.prune and order.action == "sync" else []
    found += ["--server-dry-run"] if order.dry_run else []
    return [*found, *(word for name in order.resources for word in command_option("--resource", name))]


def sync_steps(ready: SyncCandidate, order: Order, *, prune: bool) -> tuple[Step, ...]:
    """The sync and what is waited for. Hooks do not run for selected resources, nor does health follow from them."""
    state = ready.state
    application, target = state.application, state.app_ref
    automated = application.automated is not None and application.automated.enabled
    revision = None if automated or state.has_several_sources else application.compared_revision
    gone = tuple(each.ref for each in ready.stale_with_effect("deleted", "asks")) if prune and not order.dry_run else ()
    asking = tuple(each.ref for each in ready.stale_with_effect("asks")) if prune and not order.dry_run else ()
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
        target, order.request_id, application.compared_revision, order.dry_run, resources_to_prune=gone, approves=asking
    )
    return (sync, follow) if order.dry_run or ready.selected else (sync, follow, WaitForHealth(target))


# --- what is shown ------------------------------------------------------------------------------------


def _plan_lines(
    ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool, several: bool
) -> Iterator[PlanLine]:
    state, application = ready.state, ready.state.application
    before = f"{application.name}: " if several else ""
    subject = f" “{state.commit_subject}”" if state.commit_subject else ""
    yield PlanLine("change", f"{before}to {shorten_revision(application.compared_revision)}{subject}")
    automated = application.automated is not None and application.automated.enabled
    if automated:
        yield PlanLine("note", f"{before}auto-sync is on: Argo CD takes the newest commit, also one that comes now")
    yield from (PlanLine(line.kind, before + line.text) for line in _change_lines(ready))
    yield from (PlanLine(line.kind, before + line.text) for line in _stale_lines(ready, order, inputs, prune=prune))
    if order.dry_run:
        yield PlanLine("note", f"{before}a dry run is an operation too: it takes the place of the last one's result")
    if ready.selected:
        yield PlanLine("note", f"{before}of selected resources no hooks run, and nothing is recorded in its history")
    if application.health not in {"Healthy", None}:
        yield PlanLine("warning", f"{before}it is {application.health} now")
    if state.may_sync == "unknown":
        yield PlanLine("note", f"{before}whether the token may sync it could not be asked")


def _change_lines(ready: SyncCandidate) -> Iterator[PlanLine]:
    differing = ready.selected or ready.state.out_of_sync_refs
    if not differing:
        yield PlanLine("note", "nothing differs from git" + (": only stale resources do" if ready.stale else ""))
        return
    verb = "is applied" if ready.selected else "changes"
    verbs = "are applied" if ready.selected else "change"
    told = [each for each in ready.state.differences if each.ref in differing]
    yield PlanLine(
        "change",
        f"{format_count(len(differing), 'resource')} {verb if len(differing) == 1 else verbs}: {_joined_refs(differing)}",
    )
    yield from (PlanLine("change", f"  {each}") for each in told)


def _stale_lines(ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool) -> Iterator[PlanLine]:
    """The victims, each on its own line, and what stays although it is stale."""
    victims = ready.stale_with_effect("deleted", "asks")
    if not prune:
        if victims:
            refs = [each.ref for each in victims]
            stay = "stays" if len(refs) == 1 else "stay"
            yield PlanLine(
                "kept", f"prune is off: {format_count(len(refs), 'stale resource')} {stay}: {_joined_refs(refs)}"
            )
        return
    if not victims:
        yield PlanLine("ok", "nothing is deleted: git has everything that lives")
    elif order.dry_run:
        yield PlanLine("note", f"would delete {format_count(len(victims), 'resource')}; a dry run deletes nothing:")
    else:
        yield PlanLine("deleted", f"{format_count(len(victims), 'resource')} will be DELETED from the cluster:")
    for each in victims:
        age = f"  {format_duration(inputs.now - each.created_at)} old" if each.created_at else ""
        notes = [
            *(["asks to be confirmed (Prune=confirm), which this does"] if each.prune_effect == "asks" else []),
            *(["IgnoreExtraneous hides that it is stale, and does not keep it"] if each.ignored else []),
            *([each.reason] if each.prune_effect == "deleted" and each.reason else []),
        ]
        words = f"  ({'; '.join(notes)})" if notes else ""
        kind: LineKind = "note" if order.dry_run else "deleted"
        yield PlanLine(kind, f"  {each.ref.kind}  {each.ref.namespace}/{each.ref.name}{age}{words}")
    for each in ready.stale_with_effect("kept"):
        yield PlanLine("kept", f"kept although stale: {each.ref} ({each.reason})")


def _preconditions(ready: SyncCandidate, *, prune: bool) -> Iterator[Precondition]:
    name = ready.state.application.id
    yield Precondition(f"the commit of {name}", shorten_revision(ready.state.application.compared_revision))
    automated = ready.state.application.automated
    yield Precondition(f"auto-sync of {name}", "on" if automated is not None and automated.enabled else "off")
    if prune:
        victims = ready.stale_with_effect("deleted", "asks")
        yield Precondition(f"what a prune of {name} deletes", _joined_refs([each.ref for each in victims]) or "nothing")


def _joined_refs(refs: Sequence[ResourceRef]) -> str:
    return ", ".join(str(ref) for ref in refs)


# --- after a drift ------------------------------------------------------------------------------------


def pruned_meanwhile_message(plan: Plan, inputs: PlanInputs) -> str:
    """What to say where auto-sync has pruned every victim meanwhile; empty where something is left to do."""
    if not plan.is_destructive:
        return ""
    for each in select_targets(plan.order, inputs.snapshot):
        state = fresh_state(each, inputs)
        if isinstance(state, Refusal) or state.managed is None or state.application.sync != "Synced":
            return ""
        if any(stale.prune_effect != "kept" for stale in stale_resources(state)):
            return ""
    return "Argo CD has pruned it all by itself meanwhile: nothing was sent"

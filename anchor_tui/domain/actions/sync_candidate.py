"""The applications that a sync can change, with their stale resources, and what prevents a sync."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from anchor_tui.domain.actions.application_state import AppState, StaleResource, stale_resources
from anchor_tui.domain.actions.plan import Order, Refusal, busy_refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs, TargetApplication, fresh_state
from anchor_tui.domain.actions.prune_references import (
    PruneReference,
    describe_blocking_references,
    find_prune_references,
)
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.formatting import get_first_line
from anchor_tui.domain.model import ValueObject

NEVER_STARTS_CONDITIONS = ("InvalidSpecError",)
NOT_COMPARED_CONDITIONS = ("ComparisonError", "InvalidSpecError", "UnknownError")


class SyncCandidate(ValueObject, frozen=True):
    """An application that can be synced, with its stale resources and the selected resources."""

    target: TargetApplication
    state: AppState
    stale: tuple[StaleResource, ...]
    selected: tuple[ResourceRef, ...]
    references: tuple[PruneReference, ...] = ()
    """The references to the stale resources that a prune deletes; empty without prune."""

    def stale_with_effect(self, *effects: str) -> tuple[StaleResource, ...]:
        """Return the stale resources with one of these prune effects."""
        return tuple(resource for resource in self.stale if resource.prune_effect in effects)


def prepare_candidate(
    target: TargetApplication, order: Order, inputs: PlanInputs, *, prune: bool
) -> SyncCandidate | Refusal:
    """Return one application as a candidate, or why it cannot be synced."""
    state = fresh_state(target, inputs)
    if isinstance(state, Refusal):
        return state
    selected = _selected_resources(order, state)
    if isinstance(selected, Refusal):
        return selected
    stale = stale_resources(state)
    if selected:
        stale = tuple(one for one in stale if one.ref in selected)
    ready = SyncCandidate(target, state, stale, selected)
    if prune:
        ready = replace(ready, references=_find_references(ready, inputs))
    return _sync_obstacle(ready, order, inputs, prune=prune) or ready


def _find_references(ready: SyncCandidate, inputs: PlanInputs) -> tuple[PruneReference, ...]:
    """Return what refers to the pruned resources: objects of the application, or of others in its environment."""
    others = [
        state
        for application in ready.target.environment.applications
        if application.id != ready.state.application.id
        and isinstance(state := inputs.application_state(application), AppState)
    ]
    pruned = ready.stale_with_effect("deleted", "asks")
    return find_prune_references(ready.state, pruned, ready.selected, others)


def _selected_resources(order: Order, state: AppState) -> tuple[ResourceRef, ...] | Refusal:
    """Return the selected resources. Unknown ones are refused: Argo CD would silently ignore them."""
    known = {resource.ref for resource in state.resources if not resource.hook}
    chosen: list[ResourceRef] = []
    for name in order.resources:
        matching = [
            ref for ref in known if name in {str(ref), f"{ref.group}/{ref}", f"{ref.kind}/{ref.namespace}/{ref.name}"}
        ]
        if not matching:
            some = ", ".join(sorted(map(str, known))[:8]) or "none"
            message = f"it has no resource {name}; it has {some}"
            return Refusal(str(state.application.id), "no-resource", message)
        chosen += matching
    return tuple(sorted(set(chosen)))


def _sync_obstacle(ready: SyncCandidate, order: Order, inputs: PlanInputs, *, prune: bool) -> Refusal | None:
    state, name = ready.state, str(ready.state.application.id)
    if (running := busy_refusal(state.application, inputs.now)) is not None:
        return running
    if condition := state.condition_message(*NEVER_STARTS_CONDITIONS):
        message = f"a sync would be accepted but never start ({get_first_line(condition)}): fix its spec first"
        return Refusal(name, "invalid", message)
    if state.windows is not None and not state.windows.can_sync:
        which = "; ".join(state.windows.active) or "no allow window is open"
        message = f"a sync window forbids it ({which}): wait until it is over, or change the project's windows"
        return Refusal(name, "window", message)
    if state.may_sync == "no":
        message = "the token may not sync it (applications, sync): log in with an account that may"
        return Refusal(name, "forbidden", message)
    if prune and (state.managed is None or state.condition_message(*NOT_COMPARED_CONDITIONS)):
        why = (
            get_first_line(state.condition_message(*NOT_COMPARED_CONDITIONS))
            or state.managed_error
            or "its manifests are missing"
        )
        message = f"it is unknown what a prune would delete ({why}), so nothing is pruned"
        return Refusal(name, "unknown-victims", message)
    used = describe_blocking_references(ready.references)
    if used and ready.target.environment.protected and not order.dry_run:
        return Refusal(name, "still-used", used)
    asking = ready.stale_with_effect("asks")
    if asking and (not prune or order.dry_run) and not ready.selected:
        which = join_refs([resource.ref for resource in asking])
        message = (
            f"{which} has Prune=confirm and would block this {'dry run' if order.dry_run else 'sync'} until its "
            "deletion is approved: use hard refresh + prune (P), or select the resources to sync"
        )
        return Refusal(name, "prune-confirm", message)
    if asking and state.may_update == "no":
        which = join_refs([resource.ref for resource in asking])
        message = f"{which} has Prune=confirm, and the token may not approve its deletion (applications, update)"
        return Refusal(name, "forbidden", message)
    return None


def join_refs(refs: Iterable[ResourceRef]) -> str:
    """Return resources as `Kind/name, Kind/name`."""
    return ", ".join(map(str, refs))

"""The references to the resources that a prune deletes.

A rendered reference stays after the sync, so a prune would break its owner. A reference of a live object alone ends
with the same sync if the sync applies the object; otherwise it stays too. On a protected environment a reference that
stays refuses the prune, as the cutover does; elsewhere it is a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from anchor_tui.domain.actions.application_state import AppState, StaleResource, resource_ref, stale_resources
from anchor_tui.domain.actions.plan import LineKind, PlanLine
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.kubernetes.object_references import ObjectReference, find_references, has_hidden_values
from anchor_tui.domain.kubernetes.workloads import KubernetesResource
from anchor_tui.domain.model import ValueObject

RENDERED = "as rendered from git"
LIVE = "live"


class PruneReference(ValueObject, frozen=True):
    """A reference to a resource that a prune deletes. `origin` is that of the object that refers to it.

    `ends` is True if the same sync removes the reference.
    """

    reference: ObjectReference
    origin: str
    ends: bool = False

    @property
    def blocks(self) -> bool:
        """True if it refuses a prune of a protected environment."""
        return self.reference.is_certain and not self.ends

    def __str__(self) -> str:
        return sanitize_text(f"{self.reference}, {self.origin}")


def find_prune_references(
    state: AppState, pruned: Sequence[StaleResource], selected: Sequence[ResourceRef], others: Iterable[AppState] = ()
) -> tuple[PruneReference, ...]:
    """Return the references to the pruned resources. `others` are further applications that may refer to them.

    With `selected` resources, the sync applies only those.
    """
    if state.managed is None or not pruned:
        return ()
    refs = {resource.ref for resource in pruned}
    known = {resource_ref(resource): resource for resource in state.managed.live}
    deleted = [
        known.get(ref) or KubernetesResource(ref.group, ref.kind, ref.namespace, ref.name, {}) for ref in sorted(refs)
    ]
    everywhere = (state, *others)
    rendered = find_references(deleted, _rendered_resources(everywhere))
    live = find_references(deleted, _remaining_live_resources(everywhere, refs))
    rendered_keys = {reference.key for reference in rendered}
    applied = {resource_ref(resource) for resource in state.managed.target} & (set(selected) or {*known})
    return (
        *(PruneReference(reference, RENDERED) for reference in rendered),
        *(
            PruneReference(reference, LIVE, ends=resource_ref(reference.owner) in applied)
            for reference in live
            if reference.key not in rendered_keys
        ),
    )


def _rendered_resources(states: Iterable[AppState]) -> list[KubernetesResource]:
    return [resource for state in states if state.managed for resource in state.managed.target]


def _remaining_live_resources(states: Sequence[AppState], pruned: Collection[ResourceRef]) -> list[KubernetesResource]:
    """Return the live resources without those that the plan prunes; the first state is that of `pruned`."""
    first, *others = states
    found = (
        [resource for resource in first.managed.live if resource_ref(resource) not in pruned] if first.managed else []
    )
    for other in others:
        gone = {resource.ref for resource in stale_resources(other) if resource.prune_effect != "kept"}
        found += [live for live in (other.managed.live if other.managed else ()) if resource_ref(live) not in gone]
    return found


def describe_blocking_references(references: Iterable[PruneReference]) -> str:
    """Return the message of a refused prune; empty if no reference blocks it."""
    blocking = [reference for reference in references if reference.blocks]
    if not blocking:
        return ""
    names = sorted({str(reference.reference.target) for reference in blocking})
    users = ", ".join(dict.fromkeys(map(_describe_user, blocking)))
    verb, pronoun = ("is", "it") if len(names) == 1 else ("are", "they")
    only_live = all(reference.origin == LIVE for reference in blocking)
    way = "sync that without prune first (s)" if only_live else "change that in git first"
    return f"the prune would delete {', '.join(names)}, but {pronoun} {verb} still used by {users}: {way}, then prune"


def _describe_user(reference: PruneReference) -> str:
    found = reference.reference
    return sanitize_text(f"{found.owner} ({found.place}, {reference.origin})")


def reference_lines(references: Sequence[PruneReference], state: AppState, *, protected: bool) -> Iterator[PlanLine]:
    """Yield a line for each reference, or one line if there are none."""
    for reference in references:
        if reference.ends:
            words = f"{reference}: this sync removes the reference, but it is used until the Pods are replaced"
            yield PlanLine("warning", words)
        else:
            kind: LineKind = "failed" if protected and reference.blocks else "warning"
            yield PlanLine(kind, f"{reference}: it stays after the prune")
    managed = state.managed
    if managed is None:
        return
    if managed.unreadable:
        number = format_count(len(managed.unreadable), "object")
        yield PlanLine("warning", f"{number} cannot be read, so references to the deleted resources may be missing")
    elif not references and has_hidden_values(managed.live):
        yield PlanLine("note", "no other resource refers to them, as far as known: values of Secrets are hidden")
    elif not references:
        yield PlanLine("ok", "no other resource refers to them")

"""Outcomes that are not known, and their acknowledgement by the operator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from anchor_tui.domain.model import ValueObject
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, find_unfinished
from anchor_tui.services.process_identity import acting_user, is_local_process_alive

SHORT_ID_LENGTH = 8


class OpenOutcome(ValueObject, frozen=True):
    """A group of a plan that has no result, or whose result is unknown."""

    plan_id: str
    action: str
    environments: tuple[str, ...]
    subject: str
    title: str
    is_running: bool = False
    """A process of this machine is working on it."""


class ResolveError(Exception):
    """The outcome cannot be acknowledged. The message contains the reason."""


def resolve_hint(plan_id: str) -> str:
    """Return the command that acknowledges a plan's outcome."""
    return f"anchor-tui audit --resolve {plan_id[:SHORT_ID_LENGTH]}"


def resume_hint(plan_id: str) -> str:
    """Return the command that shows and confirms what an earlier process left to do."""
    return f"anchor-tui audit --resume {plan_id[:SHORT_ID_LENGTH]}"


def find_open_outcomes(entries: Iterable[AuditEntry]) -> tuple[OpenOutcome, ...]:
    """Return the outcomes that the operator can acknowledge, oldest first."""
    entries = tuple(entries)
    titles = {entry.plan: entry.whole.title for entry in entries if entry.whole is not None}
    found: dict[tuple[str, str], OpenOutcome] = {}
    for entry in entries:
        if entry.step is not None or entry.entry == "intended":
            continue
        key = entry.plan, entry.subject
        found.pop(key, None)
        if entry.entry == "unknown":
            title = titles.get(entry.plan, entry.action)
            found[key] = OpenOutcome(entry.plan, entry.action, entry.environments, entry.subject, title)
    for group in find_unfinished(entries):
        order = group.plan.order
        found[group.plan.id, group.subject] = OpenOutcome(
            group.plan.id,
            order.action,
            order.environments,
            group.subject,
            group.plan.title,
            is_local_process_alive(group.process),
        )
    return tuple(found.values())


def resolve_outcomes(audit: AuditLog, id_: str, reason: str, now: datetime) -> tuple[OpenOutcome, ...]:
    """Record that the operator acknowledges the open outcomes of a plan, given by its id or the start of it.

    Nothing is sent, and recovery does not resume the plan. Raises ResolveError and AuditError.
    """
    found = find_open_outcomes(audit.read_entries())
    chosen = [outcome for outcome in found if outcome.plan_id == id_]
    chosen = chosen or [outcome for outcome in found if id_ and outcome.plan_id.startswith(id_)]
    ids = sorted({outcome.plan_id for outcome in chosen})
    if not ids:
        known = ", ".join(sorted({outcome.plan_id[:SHORT_ID_LENGTH] for outcome in found})) or "none"
        raise ResolveError(f"no plan with an open outcome has the id {id_!r}; open: {known}")
    if len(ids) > 1:
        raise ResolveError(f"{id_!r} is the start of several ids ({', '.join(ids)}): give more of it")
    if any(outcome.is_running for outcome in chosen):
        raise ResolveError(f"“{chosen[0].title}” is still running: quit that anchor-tui first")
    for outcome in chosen:
        audit.append_entry(
            AuditEntry(
                now,
                "resolved",
                outcome.plan_id,
                outcome.action,
                outcome.environments,
                outcome.subject,
                message="acknowledged by the operator",
                who=acting_user(),
                reason=reason,
            )
        )
    return tuple(chosen)

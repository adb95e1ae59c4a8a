"""Decides which groups of an interrupted plan can be resumed, and what the operator has to confirm for that."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Confirmation, Refusal, required_confirmation
from anchor_tui.domain.actions.steps import Refresh, SendEvent, Step
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, UnfinishedGroup, find_unfinished
from anchor_tui.services.execute.step_support import StepContext, may_send
from anchor_tui.services.process_identity import acting_user, is_process_alive, this_process_id


def find_abandoned(audit: AuditLog) -> tuple[UnfinishedGroup, ...]:
    """Return the unfinished groups that no running process owns. Raises AuditError."""
    return tuple(group for group in find_unfinished(audit.read_entries()) if not is_process_alive(group.process))


def find_resumable(audit: AuditLog, id_: str) -> tuple[UnfinishedGroup, ...]:
    """Return the abandoned groups that can be resumed, of plans whose id begins with `id_`. Raises AuditError."""
    return tuple(group for group in find_abandoned(audit) if group.plan.id.startswith(id_) and is_resumable(group))


def next_step_index(group: UnfinishedGroup) -> int:
    """Return the index of the step to resume at: the one after the last completed step, or the wait for the merge.

    Later steps may be sent again after a confirmation: a refresh, and an event with its own key.
    """
    done = [
        entry.step for entry in group.entries if entry.entry == "done" and entry.step is not None and entry.step >= 0
    ]
    after = max(done, default=-1) + 1
    following = next((i for i, step in enumerate(group_steps(group)) if isinstance(step, WaitForMerge)), after)
    return min(after, following)


def is_resumable(group: UnfinishedGroup) -> bool:
    """Return whether the group waits for its pull request, and at most refreshes and events are left to send."""
    rest = _steps_left(group)
    if not rest or not isinstance(rest[0], WaitForMerge) or context_from_audit(group).number is None:
        return False
    unanswered = group.unanswered_entry
    if unanswered is not None and not isinstance(step_of(group, unanswered), Refresh | SendEvent):
        return False
    return all(isinstance(step, Refresh | SendEvent) for step in rest if may_send(step))


def titles_to_confirm(group: UnfinishedGroup) -> tuple[str, ...]:
    """Return the titles of the steps that send something and are left. They need a confirmation by the operator."""
    return tuple(step.title for step in _steps_left(group) if may_send(step))


def resume_confirmation(group: UnfinishedGroup, config: Config) -> tuple[Confirmation, str]:
    """Return how sending the rest of a group is confirmed, and the phrase. The configuration decides, not the audit."""
    names = group.plan.order.environments
    known = {environment.name: environment.protected for environment in config.environments}
    # An environment that the configuration does not contain any more counts as protected.
    protected = group.plan.protected or any(known.get(name, True) for name in names)
    return required_confirmation(protected=protected, names=" ".join(names) or group.subject)


def _steps_left(group: UnfinishedGroup) -> tuple[Step, ...]:
    return group_steps(group)[next_step_index(group) :]


def context_from_audit(group: UnfinishedGroup) -> StepContext:
    """Return the context that the audit lines of a group contain."""
    context = StepContext(group.plan.id)
    for entry in group.entries:
        context.number = entry.number or context.number
        context.url = entry.url or context.url
    return context


def step_of(group: UnfinishedGroup, entry: AuditEntry) -> Step | None:
    """Return the step that a line is about; None if the plan does not contain it."""
    return next(iter(group_steps(group)[entry.step or 0 :]), None)


def group_steps(group: UnfinishedGroup) -> tuple[Step, ...]:
    """Return the steps of a group; none if the plan does not contain it."""
    return next((known.steps for known in group.plan.step_groups if known.subject == group.subject), ())


def resume_refusal(group: UnfinishedGroup, config: Config, *, confirmed: bool, phrase: str) -> Refusal | None:
    """Return why the rest of a group is not sent: it is more than waiting, or it is not confirmed."""
    if not is_resumable(group):
        message = "it cannot be resumed: see what is there now, and repeat the action"
        return Refusal(group.subject, "not-resumable", message)
    confirmation, required = resume_confirmation(group, config)
    if not confirmed or (confirmation == "phrase" and phrase != required):
        how = f"type {required!r} to confirm" if required else "confirm it"
        return Refusal(group.subject, "not-confirmed", f"nothing was sent: {how}")
    return None


def resumption_entry(group: UnfinishedGroup, at: datetime) -> AuditEntry:
    """Return the line that records that this process executes the rest of a group."""
    order = group.plan.order
    message = f"resumed after a confirmation: {group.plan.title}"
    return AuditEntry(
        at,
        "intended",
        group.plan.id,
        order.action,
        order.environments,
        group.subject,
        message=message,
        who=acting_user(),
        process=this_process_id(),
    )

"""Finds plans that an earlier process left unfinished, for example by a crash, and reads their present state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import OutcomeKind
from anchor_tui.domain.actions.steps import (
    REQUEST_INFO,
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DeleteResource,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    RunResourceAction,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, UnfinishedGroup
from anchor_tui.services.execute.open_outcomes import resolve_hint, resume_hint
from anchor_tui.services.execute.operation_follower import is_own_operation
from anchor_tui.services.execute.resumption import (
    context_from_audit,
    find_abandoned,
    group_steps,
    is_resumable,
    step_of,
    titles_to_confirm,
)
from anchor_tui.services.execute.step_support import ExecutionClients, Timeouts
from anchor_tui.services.process_identity import acting_user
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.pull_request_queries import read_branch_state, read_pull_request


class RecoveredGroup(ValueObject, frozen=True):
    """One unfinished group with its present state.

    If `is_resumable`, its waiting can continue; what it would send after that needs a confirmation. If `is_reported`,
    the operator has to know the message and has not seen it before.
    """

    unfinished: UnfinishedGroup
    message: str
    is_resumable: bool = False
    is_reported: bool = False


class _PresentState(NamedTuple):
    """The present state that a system reports for the last step. `outcome` is set if that decides the outcome."""

    text: str
    outcome: OutcomeKind | None = None
    is_read: bool = True


async def recover_abandoned(
    connections: Connections, audit: AuditLog, now: Callable[[], datetime], timeouts: Timeouts | None = None
) -> tuple[RecoveredGroup, ...]:
    """Read the present state of every abandoned group and audit the outcome. Raises AuditError.

    A resumable group is not audited: it is not over. One whose state is unreadable is reported once, and the next
    start reads it again. A group whose outcome is known and good is audited and not reported.
    """
    found = []
    clients = ExecutionClients(connections)
    try:
        for group in find_abandoned(audit):
            if is_resumable(group):
                message = f"#{context_from_audit(group).number} is followed again"
                if left := titles_to_confirm(group):
                    hint = resume_hint(group.plan.id)
                    message += f". To {left[0]} after its merge, confirm it: {hint}"
                found.append(RecoveredGroup(group, message, is_resumable=True))
                continue
            state = await _read_present_state(group, clients, connections.config, timeouts or Timeouts(), now)
            kind, message = _evaluate(group, state)
            is_final = state.is_read or kind != "unknown"
            was_reported = any(entry.step == _REPORTED_STEP for entry in group.entries)
            is_reported = kind != "done" and (is_final or not was_reported)
            if kind == "unknown":
                message += f". To acknowledge it: {resolve_hint(group.plan.id)}"
            if is_final or is_reported:
                step = None if is_final else _REPORTED_STEP
                audit.append_entry(_recovery_entry(group, kind, message, step, now()))
            found.append(RecoveredGroup(group, message, is_reported=is_reported))
    finally:
        await clients.aclose()
    return tuple(found)


_REPORTED_STEP = -1
"""The step of a line that records a report. It is not a step of the plan, so the line does not end the group."""


def _evaluate(group: UnfinishedGroup, state: _PresentState) -> tuple[OutcomeKind, str]:
    """Return the outcome of an abandoned group: unknown only if the records and the present state do not decide it."""
    last = group.last_step_entry
    if last is None:
        return "failed", f"anchor-tui was interrupted; {state.text}"
    left = [step.title for step in group_steps(group)[(last.step or 0) + 1 :] if step.writes]
    is_answered = last.entry == "done"
    if left and (is_answered or state.outcome == "done"):
        return "failed", f"anchor-tui was interrupted before “{left[0]}”; now {state.text}"
    if state.outcome is not None:
        return state.outcome, f"anchor-tui was interrupted; now {state.text}"
    if last.entry == "failed":
        return "failed", f"{last.message}; now {state.text}"
    if is_answered and not _is_operation(group, last):
        return "done", f"every request was answered; anchor-tui did not follow it to its end; now {state.text}"
    return "unknown", f"outcome unknown: anchor-tui was interrupted; now {state.text}"


def _is_operation(group: UnfinishedGroup, entry: AuditEntry) -> bool:
    """Return whether a line is about an operation of Argo CD, which can fail after its request was answered."""
    return isinstance(step_of(group, entry), Sync | WaitForOperation)


def _recovery_entry(
    group: UnfinishedGroup, kind: OutcomeKind, message: str, step: int | None, at: datetime
) -> AuditEntry:
    order, context = group.plan.order, context_from_audit(group)
    return AuditEntry(
        at,
        kind,
        group.plan.id,
        order.action,
        order.environments,
        group.subject,
        step,
        message,
        acting_user(),
        reason=order.reason,
        number=context.number,
        url=context.url,
    )


async def _read_present_state(
    group: UnfinishedGroup, clients: ExecutionClients, config: Config, timeouts: Timeouts, now: Callable[[], datetime]
) -> _PresentState:
    """Return the present state of the last step that may have been sent."""
    last = group.last_step_entry
    if last is None or last.step is None:
        return _PresentState("nothing was sent")
    step = step_of(group, last)
    if step is None:
        return _PresentState("its state is unknown")
    try:
        return await _read_step_state(step, group, clients, config, ApplicationAccess(clients, timeouts, now))
    except SourceError as error:
        return _PresentState(f"the present state is unreadable: {error.message}", is_read=False)
    except Exception as error:  # noqa: BLE001 - one recorded plan must not prevent other actions
        text = f"the present state is unreadable: {type(error).__name__}: {error}"
        return _PresentState(text, is_read=False)


async def _read_step_state(
    step: Step, group: UnfinishedGroup, clients: ExecutionClients, config: Config, applications: ApplicationAccess
) -> _PresentState:
    match step:
        case Sync() | WaitForOperation():
            state = await applications.read_state(step.app)
            if not is_own_operation(state, step.request_id):
                return _PresentState(
                    f"{step.app.title} does not show its operation: it was not requested, or another one replaced it"
                )
            is_asked = (state.pending_info or {}).get(
                REQUEST_INFO
            ) == step.request_id  # the recorded operation is older
            phase = state.operation.phase if state.operation and not is_asked else "accepted, not started"
            return _PresentState(f"its operation on {step.app.title} is {phase}", _OUTCOME_OF_PHASE.get(phase))
        case DeleteResource():
            live = await applications.read_live_resource(step.app, step.resource, step.version)
            is_gone = live is None or live.uid != step.uid or live.is_deleting
            text = f"{step.resource} is {'deleted' if is_gone else 'not deleted'}"
            return _PresentState(text, "done" if is_gone else None)
        case Refresh() | Terminate() | RunResourceAction():
            state = await applications.read_state(step.app)
            operation = state.application.operation
            runs = f", operation {operation.phase}" if operation else ""
            return _PresentState(f"{step.app.title} is {state.application.sync}, {state.application.health}{runs}")
        case MergePullRequest() if (number := step.number or context_from_audit(group).number) is not None:
            return await _read_merge_state(clients, step, number)
        case DispatchWorkflow():
            return _PresentState(f"check the runs of {step.workflow} in {step.repository}")
        case CreatePullRequest() | AddLabels() | RequestReviewers() if (
            number := context_from_audit(group).number
        ) is not None:
            return _PresentState(await _pull_request_text(clients, step.repository, number))
        case CreateBranch() | MoveBranch() | CommitFiles() | CreatePullRequest():
            return _PresentState(await _branch_text(clients, config, step.repository, step.branch))
        case _:
            return _PresentState("its state is unknown")


_OUTCOME_OF_PHASE: dict[str, OutcomeKind] = {"Succeeded": "done", "Failed": "failed", "Error": "failed"}


async def _read_merge_state(clients: ExecutionClients, step: MergePullRequest, number: int) -> _PresentState:
    _, pull = await read_pull_request(await clients.github_client(), step.repository, number)
    if pull is None:
        return _PresentState(f"#{number} does not exist")
    is_done = pull.state == "merged" and step.head_sha in {"", pull.head_sha}  # "" is one that we opened
    is_done = is_done or (step.way == "auto-merge" and pull.auto_merge)
    is_done = is_done or (step.way == "queue" and pull.queue_position is not None)
    return _PresentState(f"#{number} is {pull.state}", "done" if is_done else None)


async def _branch_text(clients: ExecutionClients, config: Config, repository: str, branch: str) -> str:
    client = await clients.github_client()
    environment = config.environments[0]
    paths = (environment.release, environment.values)
    _, ours, pulls = await read_branch_state(client, repository, branch, config.github.branch, paths)
    where = f"the branch {branch} is at {shorten_revision(ours.oid)}" if ours else f"the branch {branch} does not exist"
    opened = f"its pull request #{pulls[0].number} is open" if pulls else "it has no open pull request"
    again = "" if pulls else ": repeat the action to continue"
    return f"{where}, and {opened}{again}"


async def _pull_request_text(clients: ExecutionClients, repository: str, number: int) -> str:
    _, pull = await read_pull_request(await clients.github_client(), repository, number)
    return f"#{number} is {pull.state}" if pull else f"#{number} does not exist"

"""Finds plans that an earlier process left unfinished, for example by a crash, and reads their present state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.steps import (
    REQUEST_INFO,
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    DispatchWorkflow,
    MergePullRequest,
    MoveBranch,
    Refresh,
    RequestReviewers,
    SendEvent,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForOperation
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.audit import (
    AuditEntry,
    AuditLog,
    UnfinishedGroup,
    acting_user,
    find_unfinished,
    is_process_alive,
)
from anchor_tui.services.execute.operation_follower import is_own_operation
from anchor_tui.services.execute.step_support import ExecutionClients, StepContext, Timeouts
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.pull_request_queries import read_branch_state, read_pull_request


class RecoveredGroup(ValueObject, frozen=True):
    """One unfinished group with its present state. If `is_resumable`, waiting for it can continue."""

    unfinished: UnfinishedGroup
    message: str
    is_resumable: bool


def find_abandoned(audit: AuditLog) -> tuple[UnfinishedGroup, ...]:
    """Return the unfinished groups that no running process owns. Raises AuditError."""
    return tuple(group for group in find_unfinished(audit.read_entries()) if not is_process_alive(group.process))


async def recover_abandoned(
    connections: Connections, audit: AuditLog, now: Callable[[], datetime], timeouts: Timeouts | None = None
) -> tuple[RecoveredGroup, ...]:
    """Read the present state of every abandoned group and audit it as unknown. Raises AuditError.

    A resumable group is not audited: it is not over. Nor is one whose state is unreadable: the next start tries again.
    """
    found = []
    clients = ExecutionClients(connections)
    try:
        for group in find_abandoned(audit):
            state_text, is_read = await _read_present_state(
                group, clients, connections.config, timeouts or Timeouts(), now
            )
            recovered = RecoveredGroup(
                group, f"outcome unknown: anchor-tui was interrupted; now {state_text}", is_resumable(group)
            )
            found.append(recovered)
            if is_read and not recovered.is_resumable:
                audit.append_entry(_recovery_entry(recovered, now()))
    finally:
        await clients.aclose()
    return tuple(found)


def _recovery_entry(recovered: RecoveredGroup, at: datetime) -> AuditEntry:
    order = recovered.unfinished.plan.order
    return AuditEntry(
        at,
        "unknown",
        recovered.unfinished.plan.id,
        order.action,
        order.environments,
        recovered.unfinished.subject,
        message=recovered.message,
        who=acting_user(),
        reason=order.reason,
    )


def next_step_index(group: UnfinishedGroup) -> int:
    """Return the index of the step to resume at: the one after the last completed step, or the wait for the merge.

    Later steps may be sent again: a refresh, and an event with its own key.
    """
    done = [
        entry.step for entry in group.entries if entry.entry == "done" and entry.step is not None and entry.step >= 0
    ]
    after = max(done, default=-1) + 1
    following = next((i for i, step in enumerate(_group_steps(group)) if isinstance(step, WaitForMerge)), after)
    return min(after, following)


def is_resumable(group: UnfinishedGroup) -> bool:
    """Return whether only waiting is left: the pull request is open and no sync follows."""
    rest = _group_steps(group)[next_step_index(group) :]
    if not rest or not isinstance(rest[0], WaitForMerge) or context_from_audit(group).number is None:
        return False
    unanswered = group.unanswered_entry.step if group.unanswered_entry else None
    if unanswered is not None and not isinstance(_group_steps(group)[unanswered], Refresh | SendEvent):
        return False
    return not any(isinstance(step, Sync) for step in rest)


def context_from_audit(group: UnfinishedGroup) -> StepContext:
    """Return the context that the audit lines of a group contain."""
    context = StepContext(group.plan.id)
    for entry in group.entries:
        context.number = entry.number or context.number
        context.url = entry.url or context.url
    return context


def _group_steps(group: UnfinishedGroup) -> tuple[Step, ...]:
    return next((known.steps for known in group.plan.step_groups if known.subject == group.subject), ())


async def _read_present_state(
    group: UnfinishedGroup, clients: ExecutionClients, config: Config, timeouts: Timeouts, now: Callable[[], datetime]
) -> tuple[str, bool]:
    """Return the present state of the last step that may have been sent, and whether it was readable."""
    last = group.last_step_entry
    if last is None or last.step is None or last.step >= len(_group_steps(group)):
        return "nothing was sent", True
    step = _group_steps(group)[last.step]
    try:
        return await _present_state_text(step, group, clients, config, ApplicationAccess(clients, timeouts, now)), True
    except SourceError as error:
        return f"the present state is unreadable: {error.message}", False


async def _present_state_text(
    step: Step, group: UnfinishedGroup, clients: ExecutionClients, config: Config, applications: ApplicationAccess
) -> str:
    match step:
        case Sync() | WaitForOperation():
            state = await applications.read_state(step.app)
            if not is_own_operation(state, step.request_id):
                return (
                    f"{step.app.id.name} does not show its operation: it was not requested, or another one replaced it"
                )
            is_asked = (state.pending_info or {}).get(
                REQUEST_INFO
            ) == step.request_id  # the recorded operation is older
            phase = state.operation.phase if state.operation and not is_asked else "accepted, not started"
            return f"its operation on {step.app.id.name} is {phase}"
        case Refresh() | Terminate():
            state = await applications.read_state(step.app)
            operation = state.application.operation
            runs = f", operation {operation.phase}" if operation else ""
            return f"{step.app.id.name} is {state.application.sync}, {state.application.health}{runs}"
        case MergePullRequest() if (number := step.number or context_from_audit(group).number) is not None:
            return await _pull_request_text(clients, step.repository, number)
        case DispatchWorkflow():
            return f"check the runs of {step.workflow} in {step.repository}"
        case CreatePullRequest() | AddLabels() | RequestReviewers() if (
            number := context_from_audit(group).number
        ) is not None:
            return await _pull_request_text(clients, step.repository, number)
        case CreateBranch() | MoveBranch() | CommitFiles() | CreatePullRequest():
            return await _branch_text(clients, config, step.repository, step.branch)
        case _:
            return "its state is unknown"


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

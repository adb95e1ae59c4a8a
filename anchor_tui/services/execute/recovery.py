"""What was begun and not ended, as after a crash: what is really there now, read from the servers, never guessed."""

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
from anchor_tui.services.execute.argocd_steps import ArgoCDSteps
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
    """One change whose end is not known, and what is there now. `resumable` ones can be followed on."""

    unfinished: UnfinishedGroup
    message: str
    is_resumable: bool


def find_abandoned(audit: AuditLog) -> tuple[UnfinishedGroup, ...]:
    """What no living process is at. Raises AuditError."""
    return tuple(each for each in find_unfinished(audit.read_entries()) if not is_process_alive(each.process))


async def recover_abandoned(
    connections: Connections, audit: AuditLog, now: Callable[[], datetime], timeouts: Timeouts | None = None
) -> tuple[RecoveredGroup, ...]:
    """Looks what became of everything left behind, and writes it down as unknown with what is there now.

    What can be followed on is not written down: it is not over; nor is what could not be looked at: the next start
    looks again. Raises AuditError.
    """
    found = []
    session = ExecutionClients(connections)
    try:
        for begun in find_abandoned(audit):
            words, is_read = await _read_present_state(begun, session, connections.config, timeouts or Timeouts(), now)
            recovered = RecoveredGroup(
                begun, f"outcome unknown, for it was cut short; now {words}", is_resumable(begun)
            )
            found.append(recovered)
            if is_read and not recovered.is_resumable:
                audit.append_entry(_recovery_entry(recovered, now()))
    finally:
        await session.aclose()
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


def next_step_index(begun: UnfinishedGroup) -> int:
    """The step that comes after the last one that was carried out; of those that follow the pull request the first.

    What is sent after that may be sent again: a refresh, and an event under its own key.
    """
    done = [each.step for each in begun.entries if each.entry == "done" and each.step is not None and each.step >= 0]
    after = max(done, default=-1) + 1
    following = next((i for i, each in enumerate(_group_steps(begun)) if isinstance(each, WaitForMerge)), after)
    return min(after, following)


def is_resumable(begun: UnfinishedGroup) -> bool:
    """Whether only following is left: a rollback or promotion whose pull request is open, with no sync to come."""
    rest = _group_steps(begun)[next_step_index(begun) :]
    if not rest or not isinstance(rest[0], WaitForMerge) or context_from_audit(begun).number is None:
        return False
    unanswered = begun.unanswered_entry.step if begun.unanswered_entry else None
    if unanswered is not None and not isinstance(_group_steps(begun)[unanswered], Refresh | SendEvent):
        return False
    return not any(isinstance(each, Sync) for each in rest)


def context_from_audit(begun: UnfinishedGroup) -> StepContext:
    """What its lines tell."""
    context = StepContext(begun.plan.id)
    for entry in begun.entries:
        context.number = entry.number or context.number
        context.url = entry.url or context.url
    return context


def _group_steps(begun: UnfinishedGroup) -> tuple[Step, ...]:
    return next((each.steps for each in begun.plan.step_groups if each.subject == begun.subject), ())


async def _read_present_state(
    begun: UnfinishedGroup, session: ExecutionClients, config: Config, timeouts: Timeouts, now: Callable[[], datetime]
) -> tuple[str, bool]:
    """What is there now of the last step that may have been carried out, and whether that could be read."""
    last = begun.last_step_entry
    if last is None or last.step is None or last.step >= len(_group_steps(begun)):
        return "nothing of it was sent", True
    step = _group_steps(begun)[last.step]
    try:
        return await _present_state_text(step, begun, session, config, ArgoCDSteps(session, timeouts, now)), True
    except SourceError as error:
        return f"what is there cannot be read: {error.message}", False


async def _present_state_text(
    step: Step, begun: UnfinishedGroup, session: ExecutionClients, config: Config, argo: ArgoCDSteps
) -> str:
    match step:
        case Sync() | WaitForOperation():
            state = await argo.read_state(step.app)
            if not is_own_operation(state, step.request_id):
                return f"{step.app.id.name} has no operation of it: it was not asked for, or another came after it"
            is_asked = (state.pending_info or {}).get(
                REQUEST_INFO
            ) == step.request_id  # what is there beside it is older
            phase = state.operation.phase if state.operation and not is_asked else "accepted, not taken up"
            return f"its operation on {step.app.id.name} is {phase}"
        case Refresh() | Terminate():
            state = await argo.read_state(step.app)
            operation = state.application.operation
            runs = f", operation {operation.phase}" if operation else ""
            return f"{step.app.id.name} is {state.application.sync}, {state.application.health}{runs}"
        case MergePullRequest() if step.number is not None:
            return await _pull_request_text(session, step.repository, step.number)
        case DispatchWorkflow():
            return f"look at the runs of {step.workflow} in {step.repository}"
        case CreatePullRequest() | AddLabels() | RequestReviewers() if (
            number := context_from_audit(begun).number
        ) is not None:
            return await _pull_request_text(session, step.repository, number)
        case CreateBranch() | MoveBranch() | CommitFiles() | CreatePullRequest():
            return await _branch_text(session, config, step.repository, step.branch)
        case _:
            return "nothing more is known"


async def _branch_text(session: ExecutionClients, config: Config, repository: str, branch: str) -> str:
    door = await session.github_client()
    environment = config.environments[0]
    paths = (environment.release, environment.values)
    _, ours, pulls = await read_branch_state(door, repository, branch, config.github.branch, paths)
    where = f"the branch {branch} is at {shorten_revision(ours.oid)}" if ours else f"there is no branch {branch}"
    opened = f"#{pulls[0].number} of it is open" if pulls else "no pull request of it is open"
    again = "" if pulls else ": ask for it again, and it is gone on with"
    return f"{where}, and {opened}{again}"


async def _pull_request_text(session: ExecutionClients, repository: str, number: int) -> str:
    _, pull = await read_pull_request(await session.github_client(), repository, number)
    return f"#{number} is {pull.state}" if pull else f"there is no #{number}"

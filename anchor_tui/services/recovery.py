"""What was begun and not ended, as after a crash: what is really there now, read from the servers, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.following import FollowOperation, FollowPullRequest
from anchor_tui.domain.actions.steps import (
    REQUEST_INFO,
    AddLabels,
    AskReviewers,
    Commit,
    CreateBranch,
    Dispatch,
    Emit,
    Merge,
    MoveBranch,
    OpenPullRequest,
    Refresh,
    Step,
    Sync,
    Terminate,
)
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject
from anchor_tui.services.acting import Learned, Pace, Session
from anchor_tui.services.argocd_hand import ArgoHand
from anchor_tui.services.audit import Audit, Entry, Unfinished, is_alive, unfinished, who
from anchor_tui.services.connections import Connections
from anchor_tui.services.operation import is_ours
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.bench import read_ours, read_pull


class Recovered(ValueObject, frozen=True):
    """One change whose end is not known, and what is there now. `resumable` ones can be followed on."""

    begun: Unfinished
    message: str
    resumable: bool


def left_behind(audit: Audit) -> tuple[Unfinished, ...]:
    """What no living process is at. Raises AuditError."""
    return tuple(each for each in unfinished(audit.read()) if not is_alive(each.process))


async def recover(
    connections: Connections, audit: Audit, now: Callable[[], datetime], pace: Pace | None = None
) -> tuple[Recovered, ...]:
    """Looks what became of everything left behind, and writes it down as unknown with what is there now.

    What can be followed on is not written down: it is not over; nor is what could not be looked at: the next start
    looks again. Raises AuditError.
    """
    found = []
    session = Session(connections)
    try:
        for begun in left_behind(audit):
            words, is_read = await _look(begun, session, connections.config, pace or Pace(), now)
            recovered = Recovered(begun, f"outcome unknown, for it was cut short; now {words}", is_resumable(begun))
            found.append(recovered)
            if is_read and not recovered.resumable:
                audit.append(_entry(recovered, now()))
    finally:
        await session.aclose()
    return tuple(found)


def _entry(recovered: Recovered, at: datetime) -> Entry:
    order = recovered.begun.plan.order
    return Entry(
        at,
        "unknown",
        recovered.begun.plan.id,
        order.action,
        order.environments,
        recovered.begun.subject,
        message=recovered.message,
        who=who(),
        reason=order.reason,
    )


def next_step(begun: Unfinished) -> int:
    """The step that comes after the last one that was carried out; of those that follow the pull request the first.

    What is sent after that may be sent again: a refresh, and an event under its own key.
    """
    done = [each.step for each in begun.entries if each.entry == "done" and each.step is not None and each.step >= 0]
    after = max(done, default=-1) + 1
    following = next((i for i, each in enumerate(_steps(begun)) if isinstance(each, FollowPullRequest)), after)
    return min(after, following)


def is_resumable(begun: Unfinished) -> bool:
    """Whether only following is left: a rollback or promotion whose pull request is open, with no sync to come."""
    rest = _steps(begun)[next_step(begun) :]
    if not rest or not isinstance(rest[0], FollowPullRequest) or learned_from(begun).number is None:
        return False
    unanswered = begun.unanswered.step if begun.unanswered else None
    if unanswered is not None and not isinstance(_steps(begun)[unanswered], Refresh | Emit):
        return False
    return not any(isinstance(each, Sync) for each in rest)


def learned_from(begun: Unfinished) -> Learned:
    """What its lines tell."""
    learned = Learned(begun.plan.id)
    for entry in begun.entries:
        learned.number = entry.number or learned.number
        learned.url = entry.url or learned.url
    return learned


def _steps(begun: Unfinished) -> tuple[Step, ...]:
    return next((each.steps for each in begun.plan.changes if each.subject == begun.subject), ())


async def _look(
    begun: Unfinished, session: Session, config: Config, pace: Pace, now: Callable[[], datetime]
) -> tuple[str, bool]:
    """What is there now of the last step that may have been carried out, and whether that could be read."""
    last = begun.last
    if last is None or last.step is None or last.step >= len(_steps(begun)):
        return "nothing of it was sent", True
    step = _steps(begun)[last.step]
    try:
        return await _there(step, begun, session, config, ArgoHand(session, pace, now)), True
    except SourceError as error:
        return f"what is there cannot be read: {error.message}", False


async def _there(step: Step, begun: Unfinished, session: Session, config: Config, argo: ArgoHand) -> str:
    match step:
        case Sync() | FollowOperation():
            state = await argo.state(step.app)
            if not is_ours(state, step.request_id):
                return f"{step.app.id.name} has no operation of it: it was not asked for, or another came after it"
            is_asked = (state.asked or {}).get(REQUEST_INFO) == step.request_id  # what is there beside it is older
            phase = state.operation.phase if state.operation and not is_asked else "accepted, not taken up"
            return f"its operation on {step.app.id.name} is {phase}"
        case Refresh() | Terminate():
            state = await argo.state(step.app)
            operation = state.application.operation
            runs = f", operation {operation.phase}" if operation else ""
            return f"{step.app.id.name} is {state.application.sync}, {state.application.health}{runs}"
        case Merge() if step.number is not None:
            return await _pull_words(session, step.repository, step.number)
        case Dispatch():
            return f"look at the runs of {step.workflow} in {step.repository}"
        case OpenPullRequest() | AddLabels() | AskReviewers() if (number := learned_from(begun).number) is not None:
            return await _pull_words(session, step.repository, number)
        case CreateBranch() | MoveBranch() | Commit() | OpenPullRequest():
            return await _branch_words(session, config, step.repository, step.branch)
        case _:
            return "nothing more is known"


async def _branch_words(session: Session, config: Config, repository: str, branch: str) -> str:
    door = await session.github()
    environment = config.environments[0]
    paths = (environment.release, environment.values)
    _, ours, pulls = await read_ours(door, repository, branch, config.github.branch, paths)
    where = f"the branch {branch} is at {shorten_revision(ours.oid)}" if ours else f"there is no branch {branch}"
    opened = f"#{pulls[0].number} of it is open" if pulls else "no pull request of it is open"
    again = "" if pulls else ": ask for it again, and it is gone on with"
    return f"{where}, and {opened}{again}"


async def _pull_words(session: Session, repository: str, number: int) -> str:
    _, pull = await read_pull(await session.github(), repository, number)
    return f"#{number} is {pull.state}" if pull else f"there is no #{number}"

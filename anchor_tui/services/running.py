"""A Plan under way: its changes side by side, each step in its order, every one written down before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.following import (
    FollowHealth,
    FollowNoMocks,
    FollowOperation,
    FollowPullRequest,
    FollowRefresh,
    FollowRollout,
    FollowRun,
    FollowTermination,
)
from anchor_tui.domain.actions.parts import Request
from anchor_tui.domain.actions.plan import Change, Outcome, OutcomeKind, Plan, Result
from anchor_tui.domain.actions.progress import Job, StepPhase, StepState, Track
from anchor_tui.domain.actions.steps import (
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
from anchor_tui.services.acting import Ended, Learned, Pace, Session, Tell
from anchor_tui.services.argocd_hand import ArgoHand
from anchor_tui.services.audit import Audit, AuditError, Entry, EntryKind, described, who
from anchor_tui.services.gathering import Gathering
from anchor_tui.services.github_hand import GitHubHand
from anchor_tui.services.operation import WriteDown
from anchor_tui.services.outbox import Outbox
from anchor_tui.services.rollout import follow_rollout
from anchor_tui.sources.errors import SourceError

KEPT_JOBS = 30


class Board:
    """What is under way and what is over, for whoever watches. Values only; each change is told whole."""

    def __init__(self, listener: Callable[[tuple[Job, ...]], None], wake: Callable[[], None] = lambda: None) -> None:
        self._listener = listener
        self.wake = wake
        """Lets the sources be read again: something is another there."""
        self._jobs: dict[str, Job] = {}
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Waits until something is another than it was."""
        self._changed.clear()
        await self._changed.wait()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job, newest last."""
        return tuple(self._jobs.values())

    @property
    def followed(self) -> frozenset[str]:
        """The addresses of what is under way."""
        return frozenset(job.url for job in self._jobs.values() if job.url and not job.is_over)

    def put(self, job: Job) -> None:
        """Takes a job as it is now."""
        self._jobs[job.id] = job
        over = [each.id for each in self._jobs.values() if each.is_over]
        for id_ in over[: max(0, len(self._jobs) - KEPT_JOBS)]:
            del self._jobs[id_]
        self._changed.set()
        self._listener(self.jobs)

    def step(self, job_id: str, subject: str, index: int, *, url: str = "", **changes: object) -> None:
        """Changes one step of a job; `url` is where people look at it."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        tracks = tuple(
            replace(
                track,
                steps=tuple(replace(s, **changes) if i == index else s for i, s in enumerate(track.steps)),
                url=url or track.url,
            )
            if track.subject == subject
            else track
            for track in job.tracks
        )
        if tracks != job.tracks:
            self.put(replace(job, tracks=tracks))

    def finish(self, job_id: str, outcome: Outcome) -> None:
        """A job is over."""
        if (job := self._jobs.get(job_id)) is not None:
            self.put(replace(job, outcome=outcome))


class Run:
    """One execution of one Plan that holds."""

    def __init__(
        self,
        plan: Plan,
        session: Session,
        config: Config,
        audit: Audit,
        pace: Pace,
        now: Callable[[], datetime],
        board: Board,
    ) -> None:
        self._plan, self._config, self._audit, self._now, self._board = plan, config, audit, now, board
        gathering = Gathering(session, config, now)
        self._argo = ArgoHand(session, pace, now)
        self._github = GitHubHand(session, config, pace, now, gathering.read_branch)
        self._outbox = Outbox(session.connections, audit, now)
        self._pace = pace

    async def run(self, *, follow: bool) -> Outcome:
        """Every change to its end."""
        self._board.put(Job(self._plan, self._now(), tuple(_track(each) for each in self._plan.changes)))
        changes = (self._change(each, 0, _known(self._plan, each), follow=follow) for each in self._plan.changes)
        return Outcome(self._plan.id, (*await asyncio.gather(*changes), *_left_out(self._plan)))

    async def resume(self, subject: str, learned: Learned, begin_at: int) -> Outcome:
        """One change from a step on, with what was learned before."""
        change = next(each for each in self._plan.changes if each.subject == subject)
        self._board.put(Job(self._plan, self._now(), (_track(change, begin_at),)))
        return Outcome(self._plan.id, (await self._change(change, begin_at, learned, follow=True),))

    async def _change(self, change: Change, begin_at: int, learned: Learned, *, follow: bool) -> Result:
        said: list[str] = []
        for index, step in enumerate(change.steps[begin_at:], begin_at):
            if not follow and not _sends(step):
                rest = [each for each in change.steps[index:] if each.writes]
                left = f"; left to do: {', '.join(each.title for each in rest)}" if rest else ""
                self._show(change, index, "left", "not followed")
                said.append(f"not followed{left}")
                break
            try:
                words = await self._step(change, index, step, learned)
            except Ended as ended:
                return self._ended(change, learned, ended.kind, ended.message)
            except SourceError as error:
                return self._ended(change, learned, "failed", error.message)
            except AuditError as error:
                return self._ended(change, learned, "failed", f"{error}; it stops before “{step.title}”")
            if words and _belongs_in_the_outcome(step, change, follow):
                said.append(words)
        return self._ended(change, learned, "done", ", ".join(said) or "done")

    def _ended(self, change: Change, learned: Learned, kind: OutcomeKind, message: str) -> Result:
        notes = f" ({'; '.join(learned.notes)})" if learned.notes else ""
        where = f"#{learned.number}: " if learned.number and f"#{learned.number}" not in message else ""
        return Result(change.subject, kind, f"{where}{message}{notes}", learned.number, learned.url)

    async def _step(self, change: Change, index: int, step: Step, learned: Learned) -> str:
        """One step, written down before it leaves and after it came back. Raises Ended, SourceError."""
        self._show(change, index, "running")
        if step.writes:
            self._write_down(change, index, "intended", step.title, learned, step.request)

        def tell(words: str) -> None:
            self._board.step(self._plan.id, change.subject, index, url=learned.url, note=words)

        def write_down(kind: EntryKind, words: str) -> None:
            if isinstance(step, FollowOperation):
                self._write_down(change, index, kind, words, learned, step.approval)

        try:
            said = await self._carry_out(step, learned, tell, write_down)
        except (Ended, SourceError) as error:
            kind: OutcomeKind = error.kind if isinstance(error, Ended) else "failed"
            self._show(change, index, "unknown" if kind == "unknown" else "failed", error.message)
            if step.writes:
                self._write_down(change, index, kind, error.message, learned, step.request)
            raise
        self._show(change, index, "done", said, learned.url)
        if step.writes:
            self._write_down(change, index, "done", said, learned, step.request)
        if isinstance(step, OpenPullRequest | Merge):
            self._board.wake()
        return said

    def _show(self, change: Change, index: int, phase: StepPhase, note: str | None = None, url: str = "") -> None:
        changes: dict[str, object] = {"phase": phase, "at": self._now()}
        if note is not None:
            changes["note"] = note
        self._board.step(self._plan.id, change.subject, index, url=url, **changes)

    def _write_down(
        self, change: Change, index: int, kind: EntryKind, message: str, learned: Learned, request: Request | None
    ) -> None:
        if request is not None and request.service == "status-api":
            return  # the outbox writes its own lines, with the event
        self._audit.append(
            Entry(
                self._now(),
                kind,
                self._plan.id,
                self._plan.order.action,
                self._plan.order.environments,
                change.subject,
                index,
                message,
                who(),
                reason=self._plan.order.reason,
                request=described(request) if request else None,
                number=learned.number,
                url=learned.url,
            )
        )

    async def _carry_out(self, step: Step, learned: Learned, tell: Tell, write_down: WriteDown) -> str:
        match step:
            case Refresh():
                return await self._argo.refresh(step, learned)
            case Sync():
                return await self._argo.sync(step, learned)
            case Terminate():
                return await self._argo.terminate(step, learned)
            case CreateBranch() | MoveBranch():
                return await self._github.point(step, learned)
            case Commit():
                return await self._github.commit(step, learned)
            case OpenPullRequest():
                return await self._github.open_pull_request(step, learned)
            case AddLabels() | AskReviewers():
                return await self._github.decorate(step, learned)
            case Merge():
                return await self._github.merge(step, learned)
            case Dispatch():
                return await self._github.dispatch(step, learned)
            case Emit():
                return await self._outbox.emit(self._plan, step, learned)
            case FollowRefresh():
                return await self._argo.follow_refresh(step, learned, tell)
            case FollowOperation():
                return await self._argo.follow_operation(step, learned, tell, write_down)
            case FollowTermination():
                return await self._argo.follow_termination(step, tell)
            case FollowHealth():
                return await self._argo.follow_health(step, learned, tell)
            case FollowNoMocks():
                return await self._argo.follow_no_mocks(step, tell)
            case FollowPullRequest():
                return await self._github.follow_pull_request(step, learned, tell)
            case FollowRun():
                return await self._github.follow_run(step, learned, tell)
            case FollowRollout():
                return await follow_rollout(step, self._argo, self._github, self._config, learned, self._pace, tell)


def _sends(step: Step) -> bool:
    """Whether something may be left to send in it: a sync of what asks to be confirmed waits for that."""
    return step.writes or (isinstance(step, FollowOperation) and bool(step.approves))


def _belongs_in_the_outcome(step: Step, change: Change, follow: bool) -> bool:
    """What was watched says how it ended; what a refresh showed midway is old once a later step was followed."""
    if isinstance(step, FollowRefresh):
        return step is change.steps[-1]
    return not step.writes or not follow or isinstance(step, Emit | Merge)


def _track(change: Change, done: int = 0) -> Track:
    steps = tuple(
        StepState(step.title, step.writes, "done" if index < done else "waiting")
        for index, step in enumerate(change.steps)
    )
    return Track(change.subject, steps, change.application)


def _known(plan: Plan, change: Change) -> Learned:
    """What is known before the first step: the pull request that is open already, which steps before it need too."""
    number = next((each.number for each in change.steps if isinstance(each, FollowPullRequest)), None)
    return Learned(plan.id, number)


def _left_out(plan: Plan) -> tuple[Result, ...]:
    return tuple(Result(each.subject, "refused", each.message, url=each.url) for each in plan.refused)

"""Plan, Refusal and Outcome: a mutation described, why it cannot be, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.actions.steps import Step
from anchor_tui.domain.formatting import format_age, get_first_line
from anchor_tui.domain.model import AppId, Application, AwareDatetime, ValueObject
from anchor_tui.domain.status_marks import StatusMark, get_state_mark

ActionId: TypeAlias = Literal[
    "refresh",
    "hard-refresh",
    "sync",
    "hard-refresh-prune",
    "terminate",
    "promote",
    "rollback",
    "merge",
    "cutover",
    "mend",
]
Confirmation: TypeAlias = Literal["none", "key", "phrase"]
"""What a confirmation costs: nothing, one key, or a phrase to type."""
LineKind: TypeAlias = Literal["change", "deleted", "kept", "ok", "warning", "failed", "note"]


class Order(ValueObject, frozen=True):
    """What somebody asked for, before anything was looked at. It makes the same Plan again from fresh evidence.

    `applications` is empty where the whole environment is meant. `version` is the release to promote or to go
    back to, `source` the environment to promote from, `number` a pull request. `request_id` becomes the Plan's id.
    """

    action: ActionId
    request_id: str
    environments: tuple[str, ...] = ()
    applications: tuple[AppId, ...] = ()
    prune: bool = False
    dry_run: bool = False
    resources: tuple[str, ...] = ()
    """`Kind/name` or `group/Kind/name` of the only resources that are to be synced."""
    source: str = ""
    version: str = ""
    number: int | None = None
    check: str = ""
    """The check whose switch is turned round."""
    reason: str = ""
    title: str = ""
    body: str = ""
    without_argocd: bool = False
    refreshed: bool = False
    """Whether a hard refresh has gone before, where the action wants one."""


class PlanLine(ValueObject, frozen=True):
    """One line of a Plan, as it is shown."""

    kind: LineKind
    text: str

    @property
    def mark(self) -> StatusMark:
        """Its glyph; lines that are no judgement have none of their own."""
        return get_state_mark(self.kind)


class FileDiff(ValueObject, frozen=True):
    """What a commit changes in one file, as `git diff` shows it."""

    path: str
    text: str


class Precondition(ValueObject, frozen=True):
    """One fact that the Plan stands on. Is it another one when the Plan is executed, then it has drifted."""

    what: str
    value: str


class StepGroup(ValueObject, frozen=True):
    """What happens to one subject, step by step. The changes of a Plan go side by side."""

    subject: str
    steps: tuple[Step, ...]
    application: AppId | None = None


class Refusal(ValueObject, frozen=True):
    """Why something is not done, in a sentence with the way out.

    `settled`: there is nothing left to do, which after a confirmation is a good end.
    """

    subject: str
    kind: str
    message: str
    url: str = ""
    already_done: bool = msgspec.field(default=False, name="settled")

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class Plan(ValueObject, frozen=True):
    """A mutation, described and not yet done: shown as it is, and executed as it is or not at all."""

    order: Order
    title: str
    verb: str
    confirmation: Confirmation = msgspec.field(name="price")
    phrase: str
    protected: bool
    reason_required: bool
    command: str
    made_at: AwareDatetime
    lines: tuple[PlanLine, ...] = ()
    diffs: tuple[FileDiff, ...] = ()
    step_groups: tuple[StepGroup, ...] = msgspec.field(default=(), name="changes")
    preconditions: tuple[Precondition, ...] = msgspec.field(default=(), name="seen")
    refused: tuple[Refusal, ...] = ()
    pull_request: PullRequestDraft | None = None
    choices: tuple[str, ...] = ()
    """The resources that could be chosen to be the only ones, as `Kind/namespace/name`."""
    executable: bool = True
    """False for one that only speaks as of an earlier time, as a dry run without a refresh."""

    @property
    def id(self) -> str:
        """By which its operation, its audit lines and its requests are known."""
        return self.order.request_id

    @property
    def is_destructive(self) -> bool:
        """Whether something is deleted."""
        return any(line.kind == "deleted" for line in self.lines)


class PullRequestDraft(ValueObject, frozen=True):
    """The pull request that a Plan opens, before it has a number."""

    branch: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


class Drift(ValueObject, frozen=True):
    """The facts that are others now than the Plan says."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.words)


def preconditions_hold(plan: Plan, fresh: Plan) -> bool:
    """Whether everything the Plan touches or copies is as it was when it was shown."""
    return plan.preconditions == fresh.preconditions


def describe_drift(plan: Plan, fresh: Plan) -> Drift:
    """What is another now, in words."""
    before = {each.what: each.value for each in plan.preconditions}
    after = {each.what: each.value for each in fresh.preconditions}
    words = [
        f"{what} was {before.get(what, 'not there')} and is {after.get(what, 'not there')} now"
        for what in dict.fromkeys([*before, *after])
        if before.get(what) != after.get(what)
    ]
    return Drift(tuple(words))


# --- what became of it --------------------------------------------------------------------------------

OutcomeKind: TypeAlias = Literal["done", "refused", "drifted", "failed", "unknown"]
_WORST_FIRST: tuple[OutcomeKind, ...] = ("unknown", "failed", "drifted", "refused", "done")


class GroupResult(ValueObject, frozen=True):
    """What became of one change. `number` and `url` are those of a pull request, where there is one."""

    subject: str
    kind: OutcomeKind
    message: str
    number: int | None = None
    url: str = ""


class Outcome(ValueObject, frozen=True):
    """What became of a Plan: one result a change. After a drift `fresh` is the Plan as it would be now."""

    plan_id: str
    results: tuple[GroupResult, ...]
    fresh: Plan | None = None

    @property
    def kind(self) -> OutcomeKind:
        """The worst of the results."""
        kinds = {each.kind for each in self.results}
        return next((kind for kind in _WORST_FIRST if kind in kinds), "done")

    @property
    def message(self) -> str:
        """All of it in a line."""
        several = len(self.results) > 1
        return "; ".join(f"{each.subject}: {each.message}" if several else each.message for each in self.results)


def refused_outcome(plan_id: str, *refusals: Refusal) -> Outcome:
    """The outcome of what was not begun."""
    return Outcome(
        plan_id, tuple(GroupResult(each.subject, "refused", each.message, url=each.url) for each in refusals)
    )


# --- what several actions say alike -------------------------------------------------------------------


def required_confirmation(*, protected: bool, names: str, number: int | None = None) -> tuple[Confirmation, str]:
    """The price of what writes: one key, or a phrase where it is protected or deletes something."""
    if number:
        return "phrase", f"{names} {number}" if protected else str(number)
    return ("phrase", names) if protected else ("key", "")


def busy_refusal(application: Application, now: datetime) -> Refusal | None:
    """Why an application takes no operation now: another one runs."""
    operation = application.operation
    if operation is None or not operation.is_running:
        return None
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
    words = f": {get_first_line(operation.message)}" if operation.message else ""
    message = f"an operation is {operation.phase}{span}{who}{words}. Wait until it is over, or terminate it (x)"
    return Refusal(str(application.id), "busy", message)


def absent_refusal(application: Application) -> Refusal | None:
    """Why nothing can be done with an application that is not there, or is on its way out."""
    if application.presence != "found":
        problem = application.problems[0].message if application.problems else f"it is {application.presence}"
        return Refusal(str(application.id), application.presence, f"{problem}: nothing can be done with it from here")
    if any(problem.kind == "deleting" for problem in application.problems):
        return Refusal(str(application.id), "deleting", "the application is being deleted, which nothing here undoes")
    return None


def merge_refusals(refusals: Sequence[Refusal]) -> Refusal:
    """Several refusals as one, where nothing is left that could be done."""
    if len(refusals) == 1:
        return refusals[0]
    is_settled = all(each.already_done for each in refusals)
    return Refusal("", refusals[0].kind, "; ".join(map(str, refusals)), already_done=is_settled)


def order_with_reason(order: Order, reason: str) -> Order:
    """The order with the reason that was given when it was confirmed."""
    return replace(order, reason=reason) if reason else order

"""Order, plan, refusal and outcome of an action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.actions.steps import Step
from anchor_tui.domain.foreign_text import mask_tokens
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
    "resource-action",
    "delete-pod",
]
Confirmation: TypeAlias = Literal["none", "key", "phrase"]
"""The confirmation a plan requires: none, one key, or a typed phrase."""
LineKind: TypeAlias = Literal["change", "deleted", "kept", "ok", "warning", "failed", "note"]


class Order(ValueObject, frozen=True):
    """A request of the operator. Fresh inputs turn the same order into a current plan.

    `applications` is empty for whole environments. `version` is the release to promote or to roll back to, `source` the
    environment to promote from, `number` a pull request. `request_id` becomes the plan's id.
    """

    action: ActionId
    request_id: str
    environments: tuple[str, ...] = ()
    applications: tuple[AppId, ...] = ()
    prune: bool = False
    dry_run: bool = False
    resources: tuple[str, ...] = ()
    """The resources to sync, as `Kind/name` or `group/Kind/name`; empty for all."""
    source: str = ""
    version: str = ""
    number: int | None = None
    check: str = ""
    """The check to fix."""
    reason: str = ""
    title: str = ""
    body: str = ""
    without_argocd: bool = False
    refreshed: bool = False
    """True once the hard refresh that the action requires is executed."""
    merge: bool = False
    """True to merge the pull request of a rollback when its checks pass."""
    resource_action: str = ""
    """The action to run on the only resource in `resources`, as Argo CD names it."""
    parameters: Mapping[str, str] = {}
    """The values of the action's parameters."""


class PlanLine(ValueObject, frozen=True):
    """One line of a plan, as it is shown."""

    kind: LineKind
    text: str

    @property
    def mark(self) -> StatusMark:
        """Its mark; lines that assess nothing have the neutral one."""
        return get_state_mark(self.kind)


class FileDiff(ValueObject, frozen=True):
    """The change of one file, as `git diff` shows it."""

    path: str
    text: str


class Precondition(ValueObject, frozen=True):
    """One fact that a plan depends on. If it has changed at the execution, the plan has drifted."""

    what: str
    value: str


class StepGroup(ValueObject, frozen=True):
    """The steps that change one subject, in their order. The groups of a plan are executed in parallel."""

    subject: str
    steps: tuple[Step, ...]
    application: AppId | None = None


class Refusal(ValueObject, frozen=True):
    """Why an action is not executed, in a sentence with a way out.

    `already_done`: nothing is left to do, which counts as success after a confirmation.
    """

    subject: str
    kind: str
    message: str
    url: str = ""
    already_done: bool = msgspec.field(default=False, name="settled")

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class Plan(ValueObject, frozen=True):
    """A described change. It is executed exactly as it is shown, or not at all."""

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
    """The resources that a sync can be limited to, as `Kind/namespace/name`."""
    executable: bool = True
    """False for a preview, such as one made without the required hard refresh."""

    @property
    def id(self) -> str:
        """The id that its operation, audit lines and requests contain."""
        return self.order.request_id

    @property
    def is_destructive(self) -> bool:
        """True if it deletes resources."""
        return any(line.kind == "deleted" for line in self.lines)


class PullRequestDraft(ValueObject, frozen=True):
    """The pull request that a plan opens."""

    branch: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


class Drift(ValueObject, frozen=True):
    """The preconditions that have changed."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.words)


def preconditions_hold(plan: Plan, fresh: Plan) -> bool:
    """Return whether nothing that the plan depends on has changed."""
    return plan.preconditions == fresh.preconditions


def describe_drift(plan: Plan, fresh: Plan) -> Drift:
    """Return the preconditions that have changed."""
    before = {precondition.what: precondition.value for precondition in plan.preconditions}
    after = {precondition.what: precondition.value for precondition in fresh.preconditions}
    words = [
        f"{what} was {before.get(what, 'absent')} and is {after.get(what, 'absent')} now"
        for what in dict.fromkeys([*before, *after])
        if before.get(what) != after.get(what)
    ]
    return Drift(tuple(words))


# --- outcomes ----------------------------------------------------------------------------------------

OutcomeKind: TypeAlias = Literal["done", "refused", "drifted", "failed", "unknown"]
_WORST_FIRST: tuple[OutcomeKind, ...] = ("unknown", "failed", "drifted", "refused", "done")


class GroupResult(ValueObject, frozen=True):
    """The result of one step group. `number` and `url` belong to its pull request, if there is one."""

    subject: str
    kind: OutcomeKind
    message: str
    number: int | None = None
    url: str = ""


class Outcome(ValueObject, frozen=True):
    """The outcome of a plan, with one result per group. After a drift, `fresh` is the current plan."""

    plan_id: str
    results: tuple[GroupResult, ...]
    fresh: Plan | None = None

    @property
    def kind(self) -> OutcomeKind:
        """The worst kind among the results."""
        kinds = {result.kind for result in self.results}
        return next((kind for kind in _WORST_FIRST if kind in kinds), "done")

    @property
    def message(self) -> str:
        """The messages of all results in one line."""
        several = len(self.results) > 1
        return "; ".join(
            f"{result.subject}: {result.message}" if several else result.message for result in self.results
        )


def refused_outcome(plan_id: str, *refusals: Refusal) -> Outcome:
    """Return the outcome of a plan that was not started."""
    return Outcome(
        plan_id,
        tuple(GroupResult(refusal.subject, "refused", refusal.message, url=refusal.url) for refusal in refusals),
    )


# --- shared by several actions ------------------------------------------------------------------------


def required_confirmation(*, protected: bool, names: str, number: int | None = None) -> tuple[Confirmation, str]:
    """Return how a plan that writes is confirmed, and the phrase. Riskier actions need a stronger confirmation.

    `number` is the number of resources it deletes.
    """
    if number:
        return "phrase", f"{names} {number}" if protected else str(number)
    return ("phrase", names) if protected else ("key", "")


def busy_refusal(application: Application, now: datetime) -> Refusal | None:
    """Return a refusal if an operation of the application is running."""
    operation = application.operation
    if operation is None or not operation.is_running:
        return None
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
    words = f": {get_first_line(operation.message)}" if operation.message else ""
    message = f"an operation is {operation.phase}{span}{who}{words}. Wait until it is over, or terminate it (x)"
    return Refusal(str(application.id), "busy", message)


def absent_refusal(application: Application) -> Refusal | None:
    """Return a refusal if the application does not exist or is being deleted."""
    if application.presence != "found":
        problem = application.problems[0].message if application.problems else f"it is {application.presence}"
        return Refusal(str(application.id), application.presence, f"{problem}: no action is possible")
    if any(problem.kind == "deleting" for problem in application.problems):
        return Refusal(
            str(application.id), "deleting", "the application is being deleted; no action here can undo that"
        )
    return None


def merge_refusals(refusals: Sequence[Refusal]) -> Refusal:
    """Return several refusals as one."""
    if len(refusals) == 1:
        return refusals[0]
    is_settled = all(refusal.already_done for refusal in refusals)
    return Refusal("", refusals[0].kind, "; ".join(map(str, refusals)), already_done=is_settled)


def order_with_reason(order: Order, reason: str) -> Order:
    """Return the order with the reason from the confirmation, without tokens: it is published and recorded."""
    return replace(order, reason=mask_tokens(reason)) if reason else order


def lines_or_refusal(results: Iterable[PlanLine | Refusal]) -> list[PlanLine] | Refusal:
    """Return the first refusal among the results of checks, or their lines."""
    lines: list[PlanLine] = []
    for result in results:
        if isinstance(result, Refusal):
            return result
        lines.append(result)
    return lines

"""The Production No-Mock Cutover of gitops.md: a checklist for staging and prod, and its last step.

Steps 1 to 4 come from the findings. Step 5, a hard refresh and a prune sync of both environments, requires them.
Afterwards fresh data proves that no mock is left.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec.structs import replace

from anchor_tui.domain.actions import fix, sync
from anchor_tui.domain.actions.plan import LineKind, Order, Plan, PlanLine, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs, command_line
from anchor_tui.domain.actions.restored_url import RESTORABLE_URLS
from anchor_tui.domain.actions.steps import Step
from anchor_tui.domain.actions.wait_steps import WaitForNoMocks, WaitForOperation
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.model import Environment, Finding, FindingStatus, Snapshot, ValueObject
from anchor_tui.domain.policy.check_results import group_by_check

_MOCK_CHECK = "mock.workloads-absent"
_PRUNE_CHECK = "argo.automated-prune"
_STEPS = (
    (1, "statusMock.enabled is false", _MOCK_CHECK, ("staging", "prod"), ("git",)),
    (2, "automated.prune is true", _PRUNE_CHECK, ("staging", "prod"), ("manifest", "live-spec")),
    (2, "automated.selfHeal is true", "argo.automated-self-heal", ("staging", "prod"), ("manifest", "live-spec")),
    (3, "EGI_CONTROL_CENTER_URL is https, not a mock", "mock.control-center-url", ("prod",), ("git", "rendered")),
    (4, "AGENTFIELD_URL is https, not a mock", "mock.agentfield-url", ("prod",), ("git", "rendered")),
)


ItemState: TypeAlias = Literal["ok", "failed", "unknown"]
_STATE_OF_STATUS: dict[FindingStatus, ItemState] = {"pass": "ok", "fail": "failed"}
_LINE_KIND_OF_STATE: dict[ItemState, LineKind] = {"ok": "ok", "failed": "failed", "unknown": "warning"}


class ChecklistItem(ValueObject, frozen=True):
    """One line of the checklist. `finding` decides its state and has the file and line, or the resource."""

    number: int
    environment: str
    title: str
    state: ItemState
    finding: Finding | None = None
    message: str = ""
    check: str = ""
    command: str = ""
    """The command that fixes a failed item; empty if a file has to be edited by hand."""

    @property
    def line(self) -> PlanLine:
        """The item as a line of a plan."""
        kind = _LINE_KIND_OF_STATE[self.state]
        why = f": {self.message}" if self.message and self.state != "ok" else ""
        where = f" ({self.location})" if self.location else ""
        way = f": {self.command}" if self.command else ""
        return PlanLine(kind, sanitize_text(f"{self.number}. {self.environment}: {self.title}{why}{where}{way}"))

    @property
    def location(self) -> str:
        """The finding's `file:line` or resource."""
        if self.finding is None:
            return ""
        if self.finding.file:
            return f"{self.finding.file}:{self.finding.line}" if self.finding.line else self.finding.file
        return self.finding.resource or ""


def cutover_environments(snapshot: Snapshot) -> tuple[Environment, ...]:
    """Return the environments of the cutover: those with the rules of staging or prod."""
    return tuple(environment for environment in snapshot.environments if environment.rules in {"staging", "prod"})


def build_checklist(snapshot: Snapshot) -> tuple[ChecklistItem, ...]:
    """Return steps 1 to 4 for each environment they apply to."""
    return tuple(
        _checklist_item(number, title, check, evidence, environment)
        for number, title, check, rules, evidence in _STEPS
        for environment in cutover_environments(snapshot)
        if environment.rules in rules
    )


def _checklist_item(
    number: int, title: str, check: str, evidence: tuple[str, ...], environment: Environment
) -> ChecklistItem:
    found = [finding for finding in environment.findings if finding.check == check and finding.evidence in evidence]
    if not found:
        message = "not checked: the ops repo or Argo CD was not read, or the check is disabled"
        return ChecklistItem(number, environment.name, title, "unknown", None, message, check)
    result = group_by_check(found)[0]
    state = _STATE_OF_STATUS.get(result.status, "unknown")
    command = _fix_command(environment, check, found) if state == "failed" else ""
    return ChecklistItem(number, environment.name, title, state, result.worst, result.worst.message, check, command)


def _fix_command(environment: Environment, check: str, found: Sequence[Finding]) -> str:
    """Return the command that fixes a failed check.

    A pull request changes git. If git is correct, the Application has not been applied, or its manifests are old.
    """
    if fix.fixable_finding(environment, check) is not None:
        return shlex.join(["anchor-tui", "fix", environment.name, check])
    failing = {finding.resource for finding in found if finding.status == "fail"}
    files = [
        finding.file
        for finding in found
        if finding.evidence == "manifest" and finding.status == "pass" and finding.resource in failing and finding.file
    ]
    if files:
        return shlex.join(["kubectl", "apply", *(word for file in dict.fromkeys(files) for word in ("-f", file))])
    if any(finding.status == "fail" and finding.evidence == "rendered" for finding in found):
        return shlex.join(["anchor-tui", "hard-refresh", environment.name])
    return ""


def has_no_live_mock(snapshot: Snapshot) -> bool:
    """Return whether fresh live objects of every environment of the cutover prove that no mock is left."""
    environments = cutover_environments(snapshot)
    live = [
        [
            finding.status
            for finding in environment.findings
            if finding.check == _MOCK_CHECK and finding.evidence == "live"
        ]
        for environment in environments
    ]
    return bool(live) and all(found and set(found) == {"pass"} for found in live)


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan of step 5, or a refusal that names the steps that are not done."""
    items = build_checklist(inputs.snapshot)
    if not items:
        return Refusal("cutover", "no-environment", "no environment has the rules of staging or prod")
    if open_items := [item for item in items if item.state != "ok"]:
        words = "; ".join([*(item.line.text for item in open_items), *prune_warnings(open_items)])
        return Refusal("cutover", "checklist", f"step 5 waits for steps 1 to 4: {words}")
    if (old := _unread_source_refusal(inputs.snapshot)) is not None:
        return old
    names = tuple(environment.name for environment in cutover_environments(inputs.snapshot))
    whole = replace(order, environments=names, applications=(), prune=True)
    made = sync.plan(whole, inputs)
    if isinstance(made, Refusal):
        return made
    if made.refused:
        return Refusal("cutover", "incomplete", "; ".join(map(str, made.refused)))
    listed = (*(item.line for item in items), PlanLine("change", "5. hard refresh, then sync with prune:"))
    changes = tuple(replace(group, steps=_with_mock_proof(group.steps)) for group in made.step_groups)
    said = command_line(
        "cutover",
        replace(order, environments=(), applications=()),
        phrase=made.phrase,
        wants_reason=made.reason_required,
    )
    return replace(made, lines=(*listed, *made.lines), step_groups=changes, command=said)


def prune_warnings(open_items: Sequence[ChecklistItem]) -> Iterator[str]:
    """Yield a warning for each environment whose automated prune would delete mocks that it still calls."""
    for environment in dict.fromkeys(item.environment for item in open_items if item.check == _PRUNE_CHECK):
        numbers = [
            str(item.number) for item in open_items if item.environment == environment and item.check in RESTORABLE_URLS
        ]
        if numbers:
            steps = f"step {' and '.join(numbers)} of {environment}"
            yield f"finish {steps} first: with prune on, Argo CD deletes the mocks that {environment} still calls"


def _unread_source_refusal(snapshot: Snapshot) -> Refusal | None:
    """Return a refusal if a source of the checklist is not up to date."""
    needed = {environment.source for environment in cutover_environments(snapshot)}
    for source in snapshot.sources_not_fresh:
        if source.kind == "github" or source.id in needed:
            why = f" ({source.error.message})" if source.error else ""
            message = f"steps 1 to 4 are based on old data: {source.id} is {source.state}{why}; read again (g)"
            return Refusal("cutover", "stale", message)
    return None


def _with_mock_proof(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps with a check for remaining mocks after the operation."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        if isinstance(step, WaitForOperation):
            found.append(WaitForNoMocks(step.app))
    return tuple(found)

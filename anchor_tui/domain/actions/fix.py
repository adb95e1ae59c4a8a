"""Mend: a switch that a check found the wrong way round, turned round by a pull request.

Only a scalar that stands in the environment's own overlay or Application, and says true or false: nothing is ever
inserted, and an address that should be another one is known to nobody here.
"""

from __future__ import annotations

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import preflight, promote
from anchor_tui.domain.actions.plan import (
    Order,
    Plan,
    PlanLine,
    PullRequestDraft,
    Refusal,
    StepGroup,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, confirmed_command_line
from anchor_tui.domain.actions.pull_request_steps import remaining_steps, repo_preconditions
from anchor_tui.domain.actions.release_edit import ReleaseEdit, file_diffs
from anchor_tui.domain.actions.release_selection import branch_name
from anchor_tui.domain.actions.repo_state import RepoFile, RepoState
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.yaml.document import parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import KeyPath, YamlDocumentError, format_key_path

FIXABLE_CHECKS = {
    "mock.workloads-absent": ("enabled", "false"),
    "argo.automated-prune": ("prune", "true"),
    "argo.automated-self-heal": ("selfHeal", "true"),
}
"""The checks whose rule is one switch: its key, and how it must stand."""
_GIT_EVIDENCE = frozenset({"git", "manifest"})


def fixable_finding(environment: Environment, check: str) -> Finding | None:
    """What the check found in git, with its file and line; None where git says nothing wrong."""
    return next(
        (
            each
            for each in environment.findings
            if each.check == check
            and each.status == "fail"
            and each.evidence in _GIT_EVIDENCE
            and each.file
            and each.line
        ),
        None,
    )


def file_to_fix(order: Order, snapshot: Snapshot) -> str | None:
    """The file that is changed; None where there is none."""
    environment = snapshot.find_environment(order.environments[0]) if order.environments else None
    found = fixable_finding(environment, order.check) if environment is not None else None
    return found.file if found is not None else None


def fix_branch(order: Order) -> str:
    """The one branch for it."""
    return branch_name("mend", order.environments[0], order.check)


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """The Plan of turning one switch round in `order.environments[0]`."""
    repo_state, config = inputs.repo_state, inputs.config
    name = order.environments[0] if order.environments else ""
    environment = inputs.snapshot.find_environment(name)
    known = next((each for each in config.environments if each.name == name), None)
    if environment is None or known is None:
        return Refusal(name, "no-environment", f"there is no environment {name!r}")
    if order.check not in FIXABLE_CHECKS:
        message = f"{order.check} is no switch that could be turned round; {', '.join(sorted(FIXABLE_CHECKS))} are"
        return Refusal(name, "no-switch", message)
    found = fixable_finding(environment, order.check)
    if found is None or found.file is None:
        return _not_in_git_refusal(order, environment)
    if not isinstance(repo_state, RepoState):
        return repo_state or Refusal("GitHub", "unread", "the ops repo was not read")
    allowed = preflight.check_write_permission(repo_state, inputs)
    if isinstance(allowed, Refusal):
        return allowed
    key, wanted = FIXABLE_CHECKS[order.check]
    turned = _flip_switch(found, repo_state.files.get(found.file), key, wanted, known)
    if isinstance(turned, Refusal):
        return turned
    path, content = turned
    contents = {found.file: content}
    judged = list(preflight.check_resulting_policy(name, repo_state, contents, inputs))
    if refusal := next((each for each in judged if isinstance(each, Refusal)), None):
        return refusal
    lines = (
        PlanLine("change", f"{found.file}:{found.line}: {format_key_path(path)} → {wanted}"),
        PlanLine("note", f"{order.check}: {found.message}"),
        allowed,
        *(each for each in judged if isinstance(each, PlanLine)),
    )
    title = order.title or f"Turn {format_key_path(path)} to {wanted} in {name}"
    text = promote.edited_or_default_body(order, _pull_request_body(order, lines))
    draft = PullRequestDraft(fix_branch(order), title, text, (), config.promotion.reviewers)
    opened = remaining_steps(draft, contents, repo_state, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    price, phrase = required_confirmation(protected=known.protected, names=name)
    return Plan(
        order=order,
        title=title,
        verb="Open pull request",
        confirmation=price,
        phrase=phrase,
        protected=known.protected,
        reason_required=known.protected,
        command=_command_line(order, name, phrase),
        made_at=inputs.now,
        lines=(*lines, *([PlanLine("note", opened.note)] if opened.note else [])),
        diffs=file_diffs(ReleaseEdit(contents, ()), repo_state.files),
        step_groups=(
            StepGroup(
                f"{order.check} of {name}",
                (
                    *opened.steps,
                    WaitForMerge(repo_state.repo.name, opened.number),
                    *promote.rollout_wait_steps(name, inputs, order),
                ),
            ),
        ),
        preconditions=repo_preconditions(repo_state.files, None, repo_state, draft.branch),
        pull_request=draft,
    )


def _not_in_git_refusal(order: Order, environment: Environment) -> Refusal:
    """Where git has it right, the cluster has to follow; where that has it right too, nothing is left to do."""
    failing = any(each.check == order.check and each.status == "fail" for each in environment.findings)
    if not failing:
        return Refusal(
            environment.name, "same", f"{order.check} holds: there is nothing to turn round", already_done=True
        )
    way = "hard refresh + prune (P)" if order.check.startswith("mock.") else "apply the Application as git has it"
    return Refusal(environment.name, "not-in-git", f"git has {order.check} right, and the cluster has not: {way}")


def _flip_switch(
    found: Finding, file: RepoFile | None, key: str, wanted: str, environment: EnvironmentConfig
) -> tuple[KeyPath, bytes] | Refusal:
    """The key path and the file's new bytes; a Refusal where no switch of the environment's own stands there."""
    where = f"{found.file}:{found.line}"
    if file is None:
        return Refusal(environment.name, "missing-file", f"{found.file} is not among the files that are read")
    if file.path.endswith("/values.yaml") and file.path != environment.values:
        message = f"{where} is not {environment.name}'s own: other environments read it too. Change it by hand"
        return Refusal(environment.name, "shared", message)
    try:
        for document in parse_documents(file.content, file.path):
            for path, scalar in document.iterate_scalars():
                if (
                    scalar.line == found.line
                    and isinstance(scalar.value, bool)
                    and found.column in {None, scalar.column}
                    and path[-1] == key  # the branch may have moved on: another switch may stand there by now
                ):
                    if scalar.value == (wanted == "true"):
                        message = f"{where} says {wanted} already"
                        return Refusal(environment.name, "same", message, already_done=True)
                    return path, replace_scalars(document, {path: wanted}).encode()
    except YamlDocumentError as error:
        return Refusal(environment.name, error.problem.kind, str(error.problem))
    message = f"{where}: no true or false stands there to be turned round, and nothing is ever inserted: say it by hand"
    return Refusal(environment.name, "no-switch", message)


def _pull_request_body(order: Order, lines: tuple[PlanLine, ...]) -> str:
    reason = f"**Reason:** {order.reason}\n\n" if order.reason else ""
    listed = "\n".join(f"- {line.mark.glyph()} {line.text}" for line in lines)
    return f"{reason}`{order.check}` wants it so.\n\n{listed}\n"


def _command_line(order: Order, name: str, phrase: str) -> str:
    words = ["anchor-tui", "fix", name, order.check]
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))

"""Fix: corrects a value that a check found wrong, with a pull request.

Only an existing boolean in the environment's own overlay or Application is changed. Nothing is ever inserted.
A wrong address is replaced by the last correct one of the same key. On the command line, `mend` is the older name of
this action.
"""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import preflight, rollout_steps
from anchor_tui.domain.actions.application_state import AppState, stale_resources
from anchor_tui.domain.actions.plan import (
    Order,
    Plan,
    PlanLine,
    PullRequestDraft,
    Refusal,
    StepGroup,
    lines_or_refusal,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, confirmed_command_line
from anchor_tui.domain.actions.prune_references import describe_blocking_references, find_prune_references
from anchor_tui.domain.actions.pull_request_steps import remaining_steps, repo_preconditions
from anchor_tui.domain.actions.pull_request_text import (
    MAX_BODY_LENGTH,
    edited_or_default_body,
    format_checks,
    format_reason,
    format_title,
    is_plain_title_word,
    quote_as_code,
)
from anchor_tui.domain.actions.release_edit import ReleaseEdit, file_diffs
from anchor_tui.domain.actions.release_selection import branch_name
from anchor_tui.domain.actions.repo_state import RepoFile, RepoState
from anchor_tui.domain.actions.restored_url import RESTORABLE_URLS, restore_url
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.yaml.document import parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import KeyPath, YamlDocumentError, format_key_path

FIXABLE_CHECKS = {
    "mock.workloads-absent": ("enabled", "false"),
    "argo.automated-prune": ("prune", "true"),
    "argo.automated-self-heal": ("selfHeal", "true"),
}
"""The checks that require one boolean: its key and the required value."""
_GIT_EVIDENCE = frozenset({"git", "manifest"})


def fixable_finding(environment: Environment, check: str) -> Finding | None:
    """Return the finding in git that a check reports, with file and line; None if git is correct."""
    return next(
        (
            finding
            for finding in environment.findings
            if finding.check == check
            and finding.status == "fail"
            and finding.evidence in _GIT_EVIDENCE
            and finding.file
            and finding.line
        ),
        None,
    )


def file_to_fix(order: Order, snapshot: Snapshot) -> str | None:
    """Return the file to change; None if no finding names one."""
    environment = snapshot.find_environment(order.environments[0]) if order.environments else None
    found = fixable_finding(environment, order.check) if environment is not None else None
    return found.file if found is not None else None


def is_shared_file(path: str, environment: EnvironmentConfig) -> bool:
    """Return whether a file of values belongs to several environments."""
    return path.endswith("/values.yaml") and path != environment.values


def fix_branch(order: Order) -> str:
    """Return the branch of a fix."""
    return branch_name("mend", order.environments[0], order.check)


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan that corrects one boolean of `order.environments[0]`."""
    repo_state, config = inputs.read_repo_state(), inputs.config
    name = order.environments[0] if order.environments else ""
    environment = inputs.snapshot.find_environment(name)
    known = next((entry for entry in config.environments if entry.name == name), None)
    if environment is None or known is None:
        return Refusal(name, "no-environment", f"the environment {name!r} does not exist")
    if order.check not in {*FIXABLE_CHECKS, *RESTORABLE_URLS}:
        fixable = ", ".join(sorted({*FIXABLE_CHECKS, *RESTORABLE_URLS}))
        message = f"{order.check} cannot be fixed with a pull request; these can: {fixable}"
        return Refusal(name, "no-switch", message)
    found = fixable_finding(environment, order.check)
    if found is None or found.file is None:
        return _not_in_git_refusal(order, environment)
    if isinstance(repo_state, Refusal):
        return repo_state
    allowed = preflight.check_write_permission(repo_state, inputs)
    if isinstance(allowed, Refusal):
        return allowed
    edited = _edit_value(order.check, found, repo_state, known)
    if isinstance(edited, Refusal):
        return edited
    path, content, wanted, origin = edited
    contents = {found.file: content}
    prune_lines = lines_or_refusal(_check_prune(order, name, inputs, protected=known.protected))
    if isinstance(prune_lines, Refusal):
        return prune_lines
    policy_lines = lines_or_refusal(preflight.check_resulting_policy(name, repo_state, contents, inputs))
    if isinstance(policy_lines, Refusal):
        return policy_lines
    lines = (
        PlanLine("change", f"{found.file}:{found.line}: {format_key_path(path)} → {wanted}"),
        *([PlanLine("note", origin)] if origin else []),
        PlanLine("note", f"{order.check}: {found.message}"),
        allowed,
        *policy_lines,
        *prune_lines,
    )
    key = format_key_path(path)
    is_plain = is_plain_title_word(key) and is_plain_title_word(wanted)
    default = f"Set {key} to {wanted} in {name}" if is_plain else f"Fix {order.check} in {name}"
    title = format_title(order.title or default)
    text = edited_or_default_body(order, _pull_request_body(order, lines))
    draft = PullRequestDraft(fix_branch(order), title, text, (), config.promotion.reviewers)
    opened = remaining_steps(draft, contents, repo_state, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    confirmation, phrase = required_confirmation(protected=known.protected, names=name)
    return Plan(
        order=order,
        title=title,
        verb="Open pull request",
        confirmation=confirmation,
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
                    *rollout_steps.rollout_wait_steps(name, inputs, order),
                ),
            ),
        ),
        preconditions=repo_preconditions(repo_state.files, None, repo_state, draft.branch),
        pull_request=draft,
    )


def _edit_value(
    check: str, found: Finding, repo_state: RepoState, environment: EnvironmentConfig
) -> tuple[KeyPath, bytes, str, str] | Refusal:
    """Return the key path, the new file content, the new value and its origin, or why the finding is not fixed."""
    if check in RESTORABLE_URLS:
        restored = restore_url(check, found, repo_state, environment)
        if isinstance(restored, Refusal):
            return restored
        return restored.path, restored.content, restored.url, f"as it was at {restored.commit}"
    key, wanted = FIXABLE_CHECKS[check]
    turned = _flip_switch(found, repo_state.files.get(found.file or ""), key, wanted, environment)
    return turned if isinstance(turned, Refusal) else (*turned, wanted, "")


def _check_prune(order: Order, name: str, inputs: PlanInputs, *, protected: bool) -> Iterator[PlanLine | Refusal]:
    """Check what an automated prune would delete at once. What is still used refuses it, as for any prune."""
    environment = inputs.snapshot.find_environment(name)
    if order.check != "argo.automated-prune" or environment is None:
        return
    states = [inputs.application_state(application) for application in environment.applications]
    known = [state for state in states if isinstance(state, AppState)]
    for state in known:
        pruned = [resource for resource in stale_resources(state) if resource.prune_effect == "deleted"]
        references = find_prune_references(state, pruned, (), [other for other in known if other is not state])
        if pruned:
            refs = ", ".join(str(resource.ref) for resource in pruned)
            yield PlanLine("warning", f"{inputs.label_application(state.application)}: Argo CD will delete {refs}")
        if protected and (used := describe_blocking_references(references)):
            yield Refusal(name, "still-used", used)
        yield from (PlanLine("warning", str(reference)) for reference in references)


def _not_in_git_refusal(order: Order, environment: Environment) -> Refusal:
    """Return why a pull request does not help: git is already correct."""
    failing = any(finding.check == order.check and finding.status == "fail" for finding in environment.findings)
    if not failing:
        return Refusal(environment.name, "same", f"{order.check} passes: nothing to fix", already_done=True)
    way = "hard refresh + prune (P)" if order.check.startswith("mock.") else "apply the Application from git"
    return Refusal(environment.name, "not-in-git", f"{order.check} is correct in git but not in the cluster: {way}")


def _flip_switch(
    found: Finding, file: RepoFile | None, key: str, wanted: str, environment: EnvironmentConfig
) -> tuple[KeyPath, bytes] | Refusal:
    """Return the key path and the new file content, or why the finding cannot be fixed."""
    where = f"{found.file}:{found.line}"
    if file is None:
        return Refusal(environment.name, "missing-file", f"{found.file} is not one of the files that are read")
    if is_shared_file(file.path, environment):
        message = f"{where} belongs to several environments, not only to {environment.name}. Change it by hand"
        return Refusal(environment.name, "shared", message)
    try:
        for document in parse_documents(file.content, file.path):
            for path, scalar in document.iterate_scalars():
                if (
                    scalar.line == found.line
                    and isinstance(scalar.value, bool)
                    and found.column in {None, scalar.column}
                    and path[-1] == key  # the branch may have moved: another key may be at this line
                ):
                    if scalar.value == (wanted == "true"):
                        message = f"{where} is already {wanted}"
                        return Refusal(environment.name, "same", message, already_done=True)
                    return path, replace_scalars(document, {path: wanted}).encode()
    except YamlDocumentError as error:
        return Refusal(environment.name, error.problem.kind, str(error.problem))
    message = f"{where} is not true or false, and no key is ever inserted: change it by hand"
    return Refusal(environment.name, "no-switch", message)


def _pull_request_body(order: Order, lines: tuple[PlanLine, ...]) -> str:
    reason = f"{format_reason(order.reason)}\n\n" if order.reason else ""
    text = f"{reason}The check {quote_as_code(order.check)} requires it.\n\n{format_checks(lines)}\n"
    return shorten_text(text, MAX_BODY_LENGTH)


def _command_line(order: Order, name: str, phrase: str) -> str:
    words = ["anchor-tui", "fix", name, order.check]
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))

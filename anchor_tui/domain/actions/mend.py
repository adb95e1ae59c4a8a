"""Mend: a switch that a check found the wrong way round, turned round by a pull request.

Only a scalar that stands in the environment's own overlay or Application, and says true or false: nothing is ever
inserted, and an address that should be another one is known to nobody here.
"""

from __future__ import annotations

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import preflight, promote
from anchor_tui.domain.actions.choosing import branch_name
from anchor_tui.domain.actions.evidence import Evidence, confirmed
from anchor_tui.domain.actions.following import FollowPullRequest
from anchor_tui.domain.actions.moving import Edited, diffs
from anchor_tui.domain.actions.opening import opening, seen
from anchor_tui.domain.actions.plan import Change, Line, Order, Plan, PullRequestDraft, Refusal, priced
from anchor_tui.domain.actions.workbench import File, Workbench
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.yaml.document import parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import KeyPath, YamlDocumentError, format_key_path

WANTED = {
    "mock.workloads-absent": ("enabled", "false"),
    "argo.automated-prune": ("prune", "true"),
    "argo.automated-self-heal": ("selfHeal", "true"),
}
"""The checks whose rule is one switch: its key, and how it must stand."""
_IN_GIT = frozenset({"git", "manifest"})


def finding_of(environment: Environment, check: str) -> Finding | None:
    """What the check found in git, with its file and line; None where git says nothing wrong."""
    return next(
        (
            each
            for each in environment.findings
            if each.check == check and each.status == "fail" and each.evidence in _IN_GIT and each.file and each.line
        ),
        None,
    )


def file_of(order: Order, snapshot: Snapshot) -> str | None:
    """The file that is changed; None where there is none."""
    environment = snapshot.find_environment(order.environments[0]) if order.environments else None
    found = finding_of(environment, order.check) if environment is not None else None
    return found.file if found is not None else None


def branch_of(order: Order) -> str:
    """The one branch for it."""
    return branch_name("mend", order.environments[0], order.check)


def plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """The Plan of turning one switch round in `order.environments[0]`."""
    bench, config = evidence.workbench, evidence.config
    name = order.environments[0] if order.environments else ""
    environment = evidence.snapshot.find_environment(name)
    known = next((each for each in config.environments if each.name == name), None)
    if environment is None or known is None:
        return Refusal(name, "no-environment", f"there is no environment {name!r}")
    if order.check not in WANTED:
        message = f"{order.check} is no switch that could be turned round; {', '.join(sorted(WANTED))} are"
        return Refusal(name, "no-switch", message)
    found = finding_of(environment, order.check)
    if found is None or found.file is None:
        return _not_in_git(order, environment)
    if not isinstance(bench, Workbench):
        return bench or Refusal("GitHub", "unread", "the ops repo was not read")
    allowed = preflight.allowed_to_write(bench, evidence)
    if isinstance(allowed, Refusal):
        return allowed
    key, wanted = WANTED[order.check]
    turned = _turned(found, bench.files.get(found.file), key, wanted, known)
    if isinstance(turned, Refusal):
        return turned
    path, content = turned
    contents = {found.file: content}
    judged = list(preflight.result_policy(name, bench, contents, evidence))
    if refusal := next((each for each in judged if isinstance(each, Refusal)), None):
        return refusal
    lines = (
        Line("change", f"{found.file}:{found.line}: {format_key_path(path)} → {wanted}"),
        Line("note", f"{order.check}: {found.message}"),
        allowed,
        *(each for each in judged if isinstance(each, Line)),
    )
    title = order.title or f"Turn {format_key_path(path)} to {wanted} in {name}"
    text = promote.text_of(order, _body(order, lines))
    draft = PullRequestDraft(branch_of(order), title, text, (), config.promotion.reviewers)
    opened = opening(draft, contents, bench, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    price, phrase = priced(protected=known.protected, names=name)
    return Plan(
        order=order,
        title=title,
        verb="Open pull request",
        price=price,
        phrase=phrase,
        protected=known.protected,
        reason_required=known.protected,
        command=_command(order, name, phrase),
        made_at=evidence.now,
        lines=(*lines, *([Line("note", opened.note)] if opened.note else [])),
        diffs=diffs(Edited(contents, ()), bench.files),
        changes=(
            Change(
                f"{order.check} of {name}",
                (
                    *opened.steps,
                    FollowPullRequest(bench.repo.name, opened.number),
                    *promote.rollout(name, evidence, order),
                ),
            ),
        ),
        seen=seen(bench.files, None, bench, draft.branch),
        pull_request=draft,
    )


def _not_in_git(order: Order, environment: Environment) -> Refusal:
    """Where git has it right, the cluster has to follow; where that has it right too, nothing is left to do."""
    failing = any(each.check == order.check and each.status == "fail" for each in environment.findings)
    if not failing:
        return Refusal(environment.name, "same", f"{order.check} holds: there is nothing to turn round", settled=True)
    way = "hard refresh + prune (P)" if order.check.startswith("mock.") else "apply the Application as git has it"
    return Refusal(environment.name, "not-in-git", f"git has {order.check} right, and the cluster has not: {way}")


def _turned(
    found: Finding, file: File | None, key: str, wanted: str, environment: EnvironmentConfig
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
                        return Refusal(environment.name, "same", message, settled=True)
                    return path, replace_scalars(document, {path: wanted}).encode()
    except YamlDocumentError as error:
        return Refusal(environment.name, error.problem.kind, str(error.problem))
    message = f"{where}: no true or false stands there to be turned round, and nothing is ever inserted: say it by hand"
    return Refusal(environment.name, "no-switch", message)


def _body(order: Order, lines: tuple[Line, ...]) -> str:
    reason = f"**Reason:** {order.reason}\n\n" if order.reason else ""
    listed = "\n".join(f"- {line.mark.glyph()} {line.text}" for line in lines)
    return f"{reason}`{order.check}` wants it so.\n\n{listed}\n"


def _command(order: Order, name: str, phrase: str) -> str:
    words = ["anchor-tui", "mend", name, order.check]
    return confirmed(words, order, phrase, wants_reason=bool(phrase))

"""Promote: moves the release of the previous environment into this one, with a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from anchor_tui.domain.actions import preflight, release_edit, rollout_steps
from anchor_tui.domain.actions.plan import (
    FileDiff,
    Order,
    Plan,
    PlanLine,
    Precondition,
    PullRequestDraft,
    Refusal,
    StepGroup,
    lines_or_refusal,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, command_option, confirmed_command_line
from anchor_tui.domain.actions.pull_request_steps import remaining_steps, repo_preconditions
from anchor_tui.domain.actions.pull_request_text import (
    MAX_BODY_LENGTH,
    edited_or_default_body,
    format_checks,
    format_reason,
    format_title,
    quote_as_code,
    quote_in_table,
)
from anchor_tui.domain.actions.release_selection import (
    ReleaseMove,
    branch_name,
    image_text,
    image_version,
    pull_requests_of,
    release_text,
    select_release,
)
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.actions.steps import DispatchWorkflow, Step
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForWorkflowRun
from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_count, shorten_revision
from anchor_tui.domain.model import Image
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan of a promotion into `order.environments[0]`."""
    repo_state, config = inputs.read_repo_state(), inputs.config
    if isinstance(repo_state, Refusal):
        return repo_state
    move = select_release(order, config, repo_state.repo)
    if isinstance(move, Refusal):
        return move
    lines = lines_or_refusal(_run_preflight(order, move, repo_state, inputs))
    if isinstance(lines, Refusal):
        return lines
    if config.promotion.via == "workflow":
        return _plan_workflow(order, move, repo_state, inputs, lines)
    return _plan_pull_request(order, move, repo_state, inputs, lines)


def _run_preflight(
    order: Order, move: ReleaseMove, repo_state: RepoState, inputs: PlanInputs
) -> Iterator[PlanLine | Refusal]:
    yield preflight.check_write_permission(repo_state, inputs)
    yield from preflight.check_clusters(move, order, inputs)
    is_ours = inputs.config.promotion.via == "pull-request"
    own = [pull.number for pull in repo_state.pull_requests if is_ours]
    yield from preflight.check_other_pull_requests(move, repo_state.repo, own)


def _plan_pull_request(
    order: Order, move: ReleaseMove, repo_state: RepoState, inputs: PlanInputs, lines: list[PlanLine]
) -> Plan | Refusal:
    config, name = inputs.config, move.environment.name
    edited = release_edit.edit_release(move, repo_state, config, read_repo_evidence(config, repo_state.repo).get(name))
    if isinstance(edited, Refusal):
        return edited
    if not edited.contents:
        return Refusal(name, "same", f"its files already contain {move.release.version}", already_done=True)
    policy_lines = lines_or_refusal(preflight.check_resulting_policy(name, repo_state, edited.contents, inputs))
    if isinstance(policy_lines, Refusal):
        return policy_lines
    lines = [*lines, *policy_lines]
    draft = PullRequestDraft(
        branch_name("promote", name, move.release.version),
        format_title(order.title or f"Promote {move.release.version} to {name}"),
        edited_or_default_body(order, pull_request_body(order, move, lines, edited.images)),
        config.promotion.labels,
        config.promotion.reviewers,
    )
    opened = remaining_steps(draft, edited.contents, repo_state, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    follow = (WaitForMerge(repo_state.repo.name, opened.number), *rollout_steps.rollout_wait_steps(name, inputs, order))
    return _assemble_plan(
        order,
        move,
        inputs,
        (*release_change_lines(move, edited.images), *([PlanLine("note", opened.note)] if opened.note else []), *lines),
        (*opened.steps, *follow),
        repo_preconditions(repo_state.files, repo_state.source_file, repo_state, draft.branch),
        draft,
        release_edit.file_diffs(edited, repo_state.files),
    )


def _plan_workflow(
    order: Order, move: ReleaseMove, repo_state: RepoState, inputs: PlanInputs, lines: list[PlanLine]
) -> Plan | Refusal:
    config, name = inputs.config, move.environment.name
    workflow = config.promotion.workflow
    if not workflow:
        message = 'no workflow is configured: set promotion.workflow, for example to "promote.yaml"'
        return Refusal(name, "workflow", message)
    if inputs.in_github_actions:
        message = (
            f"this process runs inside GitHub Actions, where starting {workflow} could make the workflow call itself. "
            'Set promotion.via = "pull-request"'
        )
        return Refusal(name, "workflow", message)
    if running := repo_state.running_workflows:
        message = (
            f"a run of {workflow} is {running[0].status}: wait until it has opened its pull request, "
            "or cancel it on GitHub (o)"
        )
        return Refusal(name, "running", message, running[0].url)
    if (odd := release_edit.release_form_refusal(move, repo_state, config)) is not None:
        return odd  # the version becomes an input of the workflow
    workflow_inputs = {"from": move.source.name, "to": name}
    if not move.is_current_upstream:
        workflow_inputs["version"] = move.release.version
    steps: tuple[Step, ...] = (
        DispatchWorkflow(repo_state.repo.name, workflow, config.github.branch, workflow_inputs),
        WaitForWorkflowRun(repo_state.repo.name, workflow, name, move.release.version),
        WaitForMerge(repo_state.repo.name),
        *rollout_steps.rollout_wait_steps(name, inputs, order),
    )
    note = PlanLine("note", f"{workflow} of {repo_state.repo.name} makes the change and opens the pull request")
    head = Precondition(f"the release of {move.source.name}", move.release.version)
    return _assemble_plan(
        order, move, inputs, (*release_change_lines(move, ()), note, *lines), steps, (head,), None, ()
    )


def _assemble_plan(
    order: Order,
    move: ReleaseMove,
    inputs: PlanInputs,
    lines: Iterable[PlanLine],
    steps: tuple[Step, ...],
    facts: tuple[Precondition, ...],
    draft: PullRequestDraft | None,
    diffs: tuple[FileDiff, ...],
) -> Plan:
    name, protected = move.environment.name, move.environment.protected
    confirmation, phrase = required_confirmation(protected=protected, names=name)
    return Plan(
        order=order,
        title=f"Promote {move.release.version} to {name}",
        verb="Open pull request" if draft else "Start workflow",
        confirmation=confirmation,
        phrase=phrase,
        protected=protected,
        reason_required=protected,
        command=_command_line(order, move, phrase),
        made_at=inputs.now,
        lines=tuple(lines),
        diffs=diffs,
        step_groups=(StepGroup(f"release of {name}", steps),),
        preconditions=facts,
        pull_request=draft,
    )


def _command_line(order: Order, move: ReleaseMove, phrase: str) -> str:
    words = ["anchor-tui", "promote", move.environment.name]
    words += command_option("--from", order.source) if order.source else []
    words += command_option("--version", order.version) if order.version else []
    words += ["--without-argocd"] if order.without_argocd else []
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))


# --- texts --------------------------------------------------------------------------------------------


def release_change_lines(move: ReleaseMove, images: Sequence[tuple[Image, Image]]) -> tuple[PlanLine, ...]:
    """Return the lines that describe the change: versions, images, and the pull requests included."""
    was = release_text(move.current) if move.current else "an unreadable release"
    found = [PlanLine("change", f"{move.environment.name}: {was} → {release_text(move.release)}")]
    found += [PlanLine("change", f"{old.name}  {image_version(old)} → {image_text(new)}") for old, new in images]
    if pulls := pull_requests_of(move.releases_between):
        listed = ", ".join(f"#{pull.number} {pull.title}" for pull in pulls[:6])
        more = f" and {format_count(len(pulls) - 6, 'more', 'more')}" if len(pulls) > 6 else ""
        found.append(PlanLine("note", f"includes: {listed}{more}"))
    return tuple(found)


def pull_request_body(
    order: Order,
    move: ReleaseMove,
    lines: Sequence[PlanLine],
    images: Sequence[tuple[Image, Image]],
    *,
    failure: str = "",
) -> str:
    """Return the default text: versions, the reason, images, included pull requests and pre-flight checks.

    `failure` is the cause of the failure that a rollback ends, as Markdown.
    """
    was = quote_as_code(move.current.version if move.current else "?")
    source, name = quote_as_code(move.source.name), quote_as_code(move.environment.name)
    origin = f"from {source}" if move.source.name != move.environment.name else "from its own history"
    commit = f" (commit {quote_as_code(shorten_revision(move.release.commit))})" if move.release.commit else ""
    parts = [f"Moves {name} from {was} to {quote_as_code(move.release.version)} {origin}{commit}."]
    if order.reason:
        parts.append(format_reason(order.reason))
    if failure:
        parts.append(failure)
    if images:
        rows = [" | ".join(map(quote_in_table, _image_row(old, new))) for old, new in images]
        parts.append(
            "\n".join(["| image | from | to | digest |", "|---|---|---|---|", *(f"| {row} |" for row in rows)])
        )
    if pulls := pull_requests_of(move.releases_between):
        title = "Includes" if move.source.name != move.environment.name else "Reverts"
        listed = "\n".join(f"- #{pull.number} {quote_as_code(pull.title)}" for pull in pulls)
        parts.append(f"**{title}**\n{listed}")
    if lines:
        parts.append(f"**Pre-flight**\n{format_checks(lines)}")
    return shorten_text("\n\n".join(parts) + "\n", MAX_BODY_LENGTH)


def _image_row(old: Image, new: Image) -> tuple[str, str, str, str]:
    return old.name, image_version(old), image_version(new), (new.digest or "none")[:19]

"""Rollback: writes an earlier release of an environment at the head of the branch again, with a pull request.

Argo CD's own rollback is not used: it requires auto-sync to be off, ignores sync windows, and can hang.
Auto-sync settings are not changed. If auto-sync or self-heal is off, a sync is a step of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence

from anchor_tui.domain.actions import preflight, promote, release_edit, rollout_steps
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
from anchor_tui.domain.actions.plan_inputs import PlanInputs, command_option, confirmed_command_line
from anchor_tui.domain.actions.pull_request_steps import merge_when_ready_steps, remaining_steps, repo_preconditions
from anchor_tui.domain.actions.pull_request_text import edited_or_default_body, format_cause, format_title
from anchor_tui.domain.actions.release_selection import (
    ReleaseMove,
    branch_name,
    image_text,
    image_version,
    select_release,
)
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Image
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence

_MERGE_NOTE = (
    "the pull request is merged when its checks pass, directly or by the merge queue, as the repository requires; "
    "a required review is waited for"
)


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan that rolls back to `order.version`."""
    repo_state, config = inputs.read_repo_state(), inputs.config
    if isinstance(repo_state, Refusal):
        return repo_state
    move = select_release(order, config, repo_state.repo)
    if isinstance(move, Refusal):
        return move
    name = move.environment.name
    allowed = preflight.check_write_permission(repo_state, inputs)
    if isinstance(allowed, Refusal):
        return allowed
    edited = release_edit.edit_release(move, repo_state, config, read_repo_evidence(config, repo_state.repo).get(name))
    if isinstance(edited, Refusal):
        return edited
    if not edited.contents:
        return Refusal(name, "same", f"its files already contain {move.release.version}", already_done=True)
    policy_lines = lines_or_refusal(preflight.check_resulting_policy(name, repo_state, edited.contents, inputs))
    if isinstance(policy_lines, Refusal):
        return policy_lines
    own = [pull.number for pull in repo_state.pull_requests]
    other_lines = lines_or_refusal(preflight.check_other_pull_requests(move, repo_state.repo, own))
    if isinstance(other_lines, Refusal):
        return other_lines
    lines = [
        allowed,
        *policy_lines,
        *other_lines,
        *rollout_steps.rollout_lines(move, order, inputs),
        *sync_window_warnings(move, order, inputs),
        rollout_steps.event_line(move, order, inputs),
    ]
    draft = PullRequestDraft(
        branch_name("rollback", name, move.release.version),
        format_title(order.title or f"Roll {name} back to {move.release.version}"),
        edited_or_default_body(
            order, promote.pull_request_body(order, move, lines, edited.images, failure=_describe_failure(name, inputs))
        ),
        tuple(dict.fromkeys(("rollback", *(x for x in config.promotion.labels if x != "promotion")))),
        config.promotion.reviewers,
    )
    opened = remaining_steps(draft, edited.contents, repo_state, config, order.request_id, merges=order.merge)
    if isinstance(opened, Refusal):
        return opened
    confirmation, phrase = required_confirmation(protected=move.environment.protected, names=name)
    return Plan(
        order=order,
        title=f"Roll {name} back to {move.release.version}",
        verb="Open and merge pull request" if order.merge else "Open pull request",
        confirmation=confirmation,
        phrase=phrase,
        protected=move.environment.protected,
        reason_required=move.environment.protected,
        command=_command_line(order, name, move, phrase),
        made_at=inputs.now,
        lines=(
            *release_change_lines(move, edited.images, inputs),
            *([PlanLine("note", opened.note)] if opened.note else []),
            *([PlanLine("note", _MERGE_NOTE)] if order.merge else []),
            *lines,
        ),
        diffs=release_edit.file_diffs(edited, repo_state.files),
        step_groups=(
            StepGroup(
                f"release of {name}",
                (
                    *opened.steps,
                    *(merge_when_ready_steps(opened, repo_state) if order.merge else ()),
                    WaitForMerge(repo_state.repo.name, opened.number),
                    *rollout_steps.rollback_rollout_steps(move, order, repo_state, inputs),
                ),
            ),
        ),
        preconditions=repo_preconditions(repo_state.files, repo_state.source_file, repo_state, draft.branch),
        pull_request=draft,
    )


def _describe_failure(name: str, inputs: PlanInputs) -> str:
    """Return the causes that a rule found for the failing applications of an environment; empty without one."""
    environment = inputs.snapshot.find_environment(name)
    applications = environment.applications if environment else ()
    several = len(applications) > 1
    return "\n\n".join(
        format_cause(app.diagnosis, inputs.label_application(app) if several else "")
        for app in applications
        if app.diagnosis is not None and app.diagnosis.rule is not None
    )


def _command_line(order: Order, name: str, move: ReleaseMove, phrase: str) -> str:
    words = ["anchor-tui", "rollback", name, *command_option("--to", move.reference)]
    words += ["--without-argocd"] if order.without_argocd else []
    words += ["--merge"] if order.merge else []
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))


def release_change_lines(
    move: ReleaseMove, images: Sequence[tuple[Image, Image]], inputs: PlanInputs
) -> tuple[PlanLine, ...]:
    """Return the lines that describe a rollback: versions, images, and the releases that it reverts."""
    was = move.current.version if move.current else "an unreadable release"
    ran = (
        f", which ran from {format_age(move.release.changed_at, inputs.now)} ago on" if move.release.changed_at else ""
    )
    found = [PlanLine("change", f"{move.environment.name}: {was} → {move.release.version}{ran}")]
    found += [PlanLine("change", f"{old.name}  {image_version(old)} → {image_text(new)}") for old, new in images]
    for release in move.releases_between:
        pull = f"  #{release.pull_request.number} {release.pull_request.title}" if release.pull_request else ""
        found.append(PlanLine("warning", f"reverts {release.version}{pull}"))
    if not move.releases_between:
        found.append(PlanLine("warning", "the releases in between are unknown: the history does not show them"))
    return tuple(found)


def sync_window_warnings(move: ReleaseMove, order: Order, inputs: PlanInputs) -> list[PlanLine]:
    """Return warnings about sync windows that delay the sync. They do not refuse a rollback."""
    environment = inputs.snapshot.find_environment(move.environment.name)
    if environment is None or order.without_argocd:
        return []
    frozen = (line for line in preflight.sync_window_lines(environment, inputs) if line.kind != "ok")
    return [PlanLine("warning", f"{line.text}: the merged commit is synced after that") for line in frozen]

"""Rollback: an earlier release of the same environment written again at today's head, as a pull request.

Argo CD's own rollback is not used: it needs auto-sync off and switches nothing back on, ignores sync windows, and
hangs. Auto-sync settings stay as they are; where auto-sync or self-heal is off, a sync is a step of the Plan.
"""

from __future__ import annotations

from anchor_tui.domain.actions import preflight, promote, release_edit, rollout_steps
from anchor_tui.domain.actions.plan import (
    Order,
    Plan,
    PlanLine,
    PullRequestDraft,
    Refusal,
    StepGroup,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, command_option, confirmed_command_line
from anchor_tui.domain.actions.pull_request_steps import remaining_steps, repo_preconditions
from anchor_tui.domain.actions.release_selection import ReleaseMove, branch_name, image_text, select_release
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence

ROLLBACK_EVENT = "rollback.executed"


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """The Plan of going back to `order.version`."""
    repo_state, config = inputs.repo_state, inputs.config
    if not isinstance(repo_state, RepoState):
        return repo_state or Refusal("GitHub", "unread", "the ops repo was not read")
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
        return Refusal(name, "same", f"its files say {move.release.version} already", already_done=True)
    judged = list(preflight.check_resulting_policy(name, repo_state, edited.contents, inputs))
    if refusal := next((each for each in judged if isinstance(each, Refusal)), None):
        return refusal
    others = list(
        preflight.check_other_pull_requests(move, repo_state.repo, [pull.number for pull in repo_state.pull_requests])
    )
    if refusal := next((each for each in others if isinstance(each, Refusal)), None):
        return refusal
    lines = [
        allowed,
        *(each for each in judged if isinstance(each, PlanLine)),
        *(each for each in others if isinstance(each, PlanLine)),
        *rollout_steps.rollout_lines(move, order, inputs),
        *_sync_window_warnings(move, order, inputs),
        rollout_steps.event_line(move, order, inputs),
    ]
    draft = PullRequestDraft(
        branch_name("rollback", name, move.release.version),
        order.title or f"Roll {name} back to {move.release.version}",
        promote.edited_or_default_body(order, promote.pull_request_body(order, move, lines, edited.images)),
        tuple(dict.fromkeys(("rollback", *(x for x in config.promotion.labels if x != "promotion")))),
        config.promotion.reviewers,
    )
    opened = remaining_steps(draft, edited.contents, repo_state, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    price, phrase = required_confirmation(protected=move.environment.protected, names=name)
    return Plan(
        order=order,
        title=f"Roll {name} back to {move.release.version}",
        verb="Open pull request",
        confirmation=price,
        phrase=phrase,
        protected=move.environment.protected,
        reason_required=move.environment.protected,
        command=_command_line(order, name, move, phrase),
        made_at=inputs.now,
        lines=(
            *_release_change_lines(move, edited, inputs),
            *([PlanLine("note", opened.note)] if opened.note else []),
            *lines,
        ),
        diffs=release_edit.file_diffs(edited, repo_state.files),
        step_groups=(
            StepGroup(
                f"release of {name}",
                (
                    *opened.steps,
                    WaitForMerge(repo_state.repo.name, opened.number),
                    *rollout_steps.rollback_rollout_steps(move, order, repo_state, inputs),
                ),
            ),
        ),
        preconditions=repo_preconditions(repo_state.files, repo_state.source_file, repo_state, draft.branch),
        pull_request=draft,
    )


def _command_line(order: Order, name: str, move: ReleaseMove, phrase: str) -> str:
    words = ["anchor-tui", "rollback", name, *command_option("--to", move.reference)]
    words += ["--without-argocd"] if order.without_argocd else []
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))


def _release_change_lines(
    move: ReleaseMove, edited: release_edit.ReleaseEdit, inputs: PlanInputs
) -> tuple[PlanLine, ...]:
    was = move.current.version if move.current else "something unreadable"
    ran = (
        f", which ran from {format_age(move.release.changed_at, inputs.now)} ago on" if move.release.changed_at else ""
    )
    found = [PlanLine("change", f"{move.environment.name}: {was} → {move.release.version}{ran}")]
    found += [PlanLine("change", f"{old.name}  {old.tag or '?'} → {image_text(new)}") for old, new in edited.images]
    for release in move.releases_between:
        pull = f"  #{release.pull_request.number} {release.pull_request.title}" if release.pull_request else ""
        found.append(PlanLine("warning", f"lost: {release.version}{pull}"))
    if not move.releases_between:
        found.append(PlanLine("warning", "what lies in between could not be told from the history"))
    return tuple(found)


def _sync_window_warnings(move: ReleaseMove, order: Order, inputs: PlanInputs) -> list[PlanLine]:
    """The sync windows that would hold up what is merged: a rollback is not refused for them."""
    environment = inputs.snapshot.find_environment(move.environment.name)
    if environment is None or order.without_argocd:
        return []
    frozen = (each for each in preflight.sync_window_lines(environment, inputs) if each.kind != "ok")
    return [PlanLine("warning", f"{each.text}: what is merged waits until then") for each in frozen]

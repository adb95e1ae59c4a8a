"""Merge: merges the pull request of a promotion, a rollback or a fix. Refused if its head has moved; never forced."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import merge_content, preflight, promote, rollback, rollout_steps
from anchor_tui.domain.actions.merge_readiness import MERGEABLE_STATES
from anchor_tui.domain.actions.plan import (
    LineKind,
    Order,
    Plan,
    PlanLine,
    Precondition,
    Refusal,
    StepGroup,
    lines_or_refusal,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, confirmed_command_line
from anchor_tui.domain.actions.pull_request_text import find_reason
from anchor_tui.domain.actions.release_selection import ReleaseMove, find_release_move
from anchor_tui.domain.actions.repo_state import PullRequestFiles, PullRequestState, RepoState, describe_failed_checks
from anchor_tui.domain.actions.steps import MergePullRequest, MergeWay, Step
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import PullRequest
from anchor_tui.domain.pull_requests import BRANCH_PREFIX, classify_pull_request
from anchor_tui.domain.source_data import OpenPullRequestData


def plan(order: Order, inputs: PlanInputs) -> Plan | Refusal:
    """Return the plan that merges `order.number`: immediately, by auto-merge or by the merge queue."""
    repo_state, config = inputs.read_repo_state(), inputs.config
    if isinstance(repo_state, Refusal):
        return repo_state
    subject = f"#{order.number}"
    pull = next(
        (pull_request for pull_request in repo_state.pull_requests if pull_request.number == order.number), None
    )
    if pull is None:
        return Refusal(subject, "absent", f"{repo_state.repo.name} has no pull request {subject}")
    known = _classify_pull_request(pull, repo_state, inputs)
    if isinstance(known, Refusal):
        return known
    allowed = preflight.check_write_permission(repo_state, inputs)
    if isinstance(allowed, Refusal):
        return allowed
    way = select_merge_way(pull, repo_state)
    if isinstance(way, Refusal):
        return way
    content = repo_state.pull_request_files
    if content is None or content.head_sha != pull.head_sha:
        return Refusal(subject, "unread", "the files that it changes were not read: try again", pull.url)
    # Only a pull request of our own branches has a reason that an operator gave.
    offered = find_reason(pull.body) if pull.branch.startswith(BRANCH_PREFIX) else ""
    order = replace(order, reason=order.reason or offered)
    moves = _release_moves(known, repo_state, inputs)
    checked = lines_or_refusal(_run_preflight(order, known, moves, content, repo_state, inputs))
    if isinstance(checked, Refusal):
        return replace(checked, url=checked.url or pull.url)
    affected = merge_content.affected_environments(content, config) or known.environments
    protected = any(environment.protected for environment in config.environments if environment.name in affected)
    phrase_names = " ".join(affected) or subject
    confirmation, phrase = required_confirmation(protected=protected, names=phrase_names)
    step = MergePullRequest(
        repo_state.repo.name, pull.number, pull.node_id, pull.head_sha, repo_state.permissions.merge_methods[0], way
    )
    move = _unfollowed_rollback(known, moves, inputs)
    follow: tuple[Step, ...] = (
        WaitForMerge(repo_state.repo.name, pull.number),
        *(
            rollout_steps.rollback_rollout_steps(move, order, repo_state, inputs)
            if move is not None
            else (step for name in known.environments for step in rollout_steps.rollout_wait_steps(name, inputs, order))
        ),
    )
    after = (
        [*rollout_steps.rollout_lines(move, order, inputs), rollout_steps.event_line(move, order, inputs)]
        if move
        else []
    )
    return Plan(
        order=order,
        title=f"Merge {subject} {pull.title}",
        verb={"merge": "Merge", "auto-merge": "Enable auto-merge", "queue": "Add to merge queue"}[way],
        confirmation=confirmation,
        phrase=phrase,
        protected=protected,
        reason_required=protected,
        command=_command_line(order, phrase),
        made_at=inputs.now,
        lines=(
            *_plan_lines(pull, known, way),
            *(line for move in moves for line in _release_change_lines(move, known, inputs)),
            *([allowed] if allowed.kind == "ok" or not allowed.text.startswith("as ") else []),
            *checked,
            *after,
        ),
        diffs=merge_content.file_diffs(content),
        step_groups=(StepGroup(f"pull request {subject}", (step, *follow)),),
        preconditions=(
            Precondition(f"the head of {subject}", shorten_revision(pull.head_sha)),
            Precondition(f"how {subject} is merged", way),
            *merge_content.content_preconditions(content, repo_state.repo),
        ),
    )


def _release_moves(known: PullRequest, repo_state: RepoState, inputs: PlanInputs) -> tuple[ReleaseMove, ...]:
    """Return the release that the head of the pull request brings into each environment."""
    opened = _find_opened(known.number, repo_state, inputs)
    found: list[ReleaseMove] = []
    for environment in inputs.config.environments:
        release = opened.releases.get(environment.name) if opened else None
        if release is not None:
            found.append(find_release_move(known.kind, environment, release, inputs.config, repo_state.repo))
    return tuple(found)


def _unfollowed_rollback(known: PullRequest, moves: tuple[ReleaseMove, ...], inputs: PlanInputs) -> ReleaseMove | None:
    """Return the move of a rollback; None for other pull requests, and if a running job follows it."""
    if known.kind != "rollback" or len(moves) != 1 or known.url in inputs.followed_urls:
        return None
    return moves[0]


def _run_preflight(
    order: Order,
    known: PullRequest,
    moves: tuple[ReleaseMove, ...],
    content: PullRequestFiles,
    repo_state: RepoState,
    inputs: PlanInputs,
) -> Iterator[PlanLine | Refusal]:
    """Check what opening the same pull request would check, with the files that its head has now."""
    yield from merge_content.content_lines(content, inputs.config, known.environments)
    for move in moves:
        if known.kind == "promotion":
            yield from preflight.check_clusters(move, order, inputs)
        else:
            yield from rollback.sync_window_warnings(move, order, inputs)
    moved = {move.environment.name for move in moves}
    for name in merge_content.affected_environments(content, inputs.config):
        if name not in moved:
            environment = next(known for known in inputs.config.environments if known.name == name)
            yield from _other_environment_windows(environment, order, inputs)
    yield from merge_content.check_policy_of_result(content, repo_state, inputs)
    for move in moves:
        for line in preflight.check_other_pull_requests(move, repo_state.repo, [known.number]):
            yield PlanLine("warning", line.message) if isinstance(line, Refusal) else line


def _other_environment_windows(
    environment: EnvironmentConfig, order: Order, inputs: PlanInputs
) -> Iterator[PlanLine | Refusal]:
    """Check the sync windows of an environment whose release stays the same."""
    found = inputs.snapshot.find_environment(environment.name)
    if found is None or order.without_argocd:
        return
    for line in preflight.sync_window_lines(found, inputs):
        forbids = line.kind == "failed"
        yield Refusal(environment.name, "window", f"{line.text}: wait until it is over") if forbids else line


def _release_change_lines(move: ReleaseMove, known: PullRequest, inputs: PlanInputs) -> tuple[PlanLine, ...]:
    images = merge_content.image_changes(move.current, move.release)
    if known.kind == "rollback":
        return rollback.release_change_lines(move, images, inputs)
    return promote.release_change_lines(move, images)


def _find_opened(number: int, repo_state: RepoState, inputs: PlanInputs) -> OpenPullRequestData | None:
    """Return the pull request with the releases at its current head; None if its base is another branch."""
    polled = repo_state.repo.pull_requests
    opened = next((pull_request for pull_request in polled if pull_request.pull_request.number == number), None)
    if opened is None:
        return None
    return merge_content.with_current_releases(opened, repo_state.pull_request_files, inputs.config)


def _classify_pull_request(pull: PullRequestState, repo_state: RepoState, inputs: PlanInputs) -> PullRequest | Refusal:
    """Return the classified pull request, or why it is not merged here: only promotions, rollbacks and fixes are."""
    if pull.state != "open":
        words = f"it was {pull.state}" + (f" by {pull.merged_by}" if pull.merged_by else "")
        return Refusal(
            f"#{pull.number}",
            pull.state,
            f"{words}: nothing to merge",
            pull.url,
            already_done=pull.state == "merged",
        )
    opened = _find_opened(pull.number, repo_state, inputs)
    if opened is None:
        message = f"its base is {pull.base}, not {repo_state.repo.branch}: merge it on GitHub"
        return Refusal(f"#{pull.number}", "other-base", message, pull.url)
    order = tuple(environment.name for environment in inputs.config.environments)
    known = classify_pull_request(opened, order, repo_state.repo.environments)
    if pull.from_fork or opened.from_fork:
        message = f"it comes from a fork (by {pull.author or 'an unknown author'}): review and merge it on GitHub"
        return Refusal(f"#{pull.number}", "fork", message, pull.url)
    if known.kind not in {"promotion", "rollback", "fix"}:
        message = f"it is not a promotion, a rollback or a fix ({known.kind}): review and merge it on GitHub"
        return Refusal(f"#{pull.number}", "other-kind", message, pull.url)
    return known


def select_merge_way(pull: PullRequestState, repo_state: RepoState) -> MergeWay | Refusal:
    """Return how the pull request is merged, or why it cannot be."""
    subject = f"#{pull.number}"
    if pull.draft:
        return Refusal(subject, "draft", "it is a draft: mark it as ready on GitHub first", pull.url)
    if pull.mergeable == "conflicting" or pull.merge_state == "dirty":
        return Refusal(subject, "conflict", "it conflicts with the branch: close it and create it again", pull.url)
    if pull.review == "changes_requested":
        return Refusal(subject, "review", "a reviewer requested changes: resolve that on GitHub (o)", pull.url)
    if pull.queue_position is not None:
        return Refusal(
            subject,
            "queued",
            f"it is already in the merge queue, at position {pull.queue_position}",
            pull.url,
            already_done=True,
        )
    if pull.queue_required:
        return "queue"
    if pull.merge_state in MERGEABLE_STATES:
        return "merge"
    required = repo_state.repo.head.required_checks if repo_state.repo.head else ()
    if failed := [check for check in pull.failed_checks if not required or check in required]:
        words = describe_failed_checks(pull, failed)
        return Refusal(subject, "checks", f"its checks failed ({words}): see GitHub (o)", pull.url)
    if pull.auto_merge:
        return Refusal(
            subject,
            "auto-merge",
            f"auto-merge is already enabled; GitHub merges it when {_missing_requirements(pull)}",
            pull.url,
            already_done=True,
        )
    if repo_state.permissions.auto_merge and pull.may_auto_merge and pull.merge_state == "blocked":
        return "auto-merge"
    if pull.merge_state == "behind":
        return Refusal(subject, "behind", "its branch is behind the base branch: update it on GitHub (o)", pull.url)
    if pull.merge_state == "unknown":
        return Refusal(subject, "unknown", "GitHub is still checking whether it can be merged: try again", pull.url)
    return Refusal(subject, "blocked", f"GitHub does not allow the merge until {_missing_requirements(pull)}", pull.url)


def _missing_requirements(pull: PullRequestState) -> str:
    found = [
        *(["it is approved"] if pull.review == "review_required" else []),
        *([f"{', '.join(pull.pending_checks)} passed"] if pull.pending_checks else []),
    ]
    return " and ".join(found) or "the branch's rules are met"


def _plan_lines(pull: PullRequestState, known: PullRequest, way: MergeWay) -> Iterator[PlanLine]:
    where = ", ".join(known.environments)
    yield PlanLine(
        "change", f"{known.kind} of {where} to {known.version}" if known.version else f"{known.kind} of {where}"
    )
    yield PlanLine("change", f"head {shorten_revision(pull.head_sha)} by {pull.author or 'an unknown author'}")
    kinds: dict[str, LineKind] = {"success": "ok", "failure": "failed"}
    pending = f" ({', '.join(pull.pending_checks)})" if pull.pending_checks else ""
    yield PlanLine(kinds.get(pull.checks, "warning"), f"checks: {pull.checks}{pending}")
    if pull.review:
        yield PlanLine("ok" if pull.review == "approved" else "warning", f"review: {pull.review.replace('_', ' ')}")
    if way == "auto-merge":
        yield PlanLine(
            "note", f"it cannot be merged yet: with auto-merge, GitHub merges it when {_missing_requirements(pull)}"
        )
    if way == "queue":
        yield PlanLine("note", "the branch has a merge queue: GitHub merges it in turn")


def _command_line(order: Order, phrase: str) -> str:
    words = ["anchor-tui", "merge", str(order.number), *(["--without-argocd"] if order.without_argocd else [])]
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))

"""Merge: merges the pull request of a promotion, a rollback or a fix. Refused if its head has moved; never forced."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.actions import preflight, rollout_steps
from anchor_tui.domain.actions.plan import (
    LineKind,
    Order,
    Plan,
    PlanLine,
    Precondition,
    Refusal,
    StepGroup,
    required_confirmation,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs, confirmed_command_line
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import PullRequestState, RepoState, describe_failed_checks
from anchor_tui.domain.actions.steps import MergePullRequest, MergeWay, Step
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import PullRequest
from anchor_tui.domain.pull_requests import classify_pull_request

_MERGEABLE_NOW = frozenset({"clean", "has_hooks", "unstable"})


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
    way = _select_merge_way(pull, repo_state)
    if isinstance(way, Refusal):
        return way
    protected = any(
        environment.protected for environment in config.environments if environment.name in known.environments
    )
    names = " ".join(known.environments) or subject
    confirmation, phrase = required_confirmation(protected=protected, names=names)
    step = MergePullRequest(
        repo_state.repo.name, pull.number, pull.node_id, pull.head_sha, repo_state.permissions.merge_methods[0], way
    )
    move = _rollback_move(known, repo_state, inputs)
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
        lines=(*_plan_lines(pull, known, way), *after),
        step_groups=(StepGroup(f"pull request {subject}", (step, *follow)),),
        preconditions=(
            Precondition(f"the head of {subject}", shorten_revision(pull.head_sha)),
            Precondition(f"how {subject} is merged", way),
        ),
    )


def _rollback_move(known: PullRequest, repo_state: RepoState, inputs: PlanInputs) -> ReleaseMove | None:
    """Return the release a rollback returns to; None for other pull requests, and if a running job follows it."""
    if known.kind != "rollback" or len(known.environments) != 1 or known.url in inputs.followed_urls:
        return None
    (name,) = known.environments
    environment = next(environment for environment in inputs.config.environments if environment.name == name)
    opened = next(
        pull_request
        for pull_request in repo_state.repo.pull_requests
        if pull_request.pull_request.number == known.number
    )
    release, files = opened.releases[name], repo_state.repo.environments.get(name)
    if release is None:
        return None
    return ReleaseMove(environment, environment, release, known.head_sha, files.release if files else None)


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
    opened = next(
        (
            pull_request
            for pull_request in repo_state.repo.pull_requests
            if pull_request.pull_request.number == pull.number
        ),
        None,
    )
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


def _select_merge_way(pull: PullRequestState, repo_state: RepoState) -> MergeWay | Refusal:
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
    if pull.merge_state in _MERGEABLE_NOW:
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
    words = ["anchor-tui", "merge", str(order.number)]
    return confirmed_command_line(words, order, phrase, wants_reason=bool(phrase))

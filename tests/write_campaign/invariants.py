"""The invariants of every case: nothing is done twice or half, and no audit line is lost or false."""

from __future__ import annotations

import base64
import itertools
from collections import Counter

from anchor_tui.domain.actions.plan import StepGroup
from anchor_tui.domain.actions.steps import AddLabels, CommitFiles, Refresh, RequestReviewers, SendEvent
from anchor_tui.domain.actions.wait_steps import WaitStep
from anchor_tui.services.execute.audit import AuditEntry, find_unfinished
from anchor_tui.services.execute.resumption import is_resumable
from anchor_tui.services.execute.step_requests import build_step_request
from tests.services.sandbox_operator import Operator
from tests.write_campaign.scenes import Scene, api_request_key, audit_lines, request_key

PREPARATION = "-refresh"
"""The end of the id of the hard refresh that comes before a prune."""
NOT_FOLLOWED = "not followed"
"""The outcome of a command without `--wait`: the steps from the first wait on are left."""


def check_effects(scene: Scene, limits: dict[str, int] | None = None) -> list[str]:
    """Return what was done twice or half. `limits` replaces those of the action."""
    counts, limits = scene.counts(), scene.action.once | (limits or {})
    found = [f"{name}: {counts[name]}, at most {limit}" for name, limit in limits.items() if counts[name] > limit]
    return [*found, *_check_commits(scene)]


def check_requests(scene: Scene) -> list[str]:
    """Return the writes that were sent without a line on disk."""
    return [f"sent without an audit line: {each.request}" for each in scene.writes if not each.was_audited]


def check_log(operator: Operator, before: list[bytes], torn: int = 0) -> list[str]:
    """Return the lines that were lost since `before`, are cut short, or record two results of one group."""
    found = []
    if audit_lines(operator.audit)[: len(before)] != before:
        found.append("earlier lines of the audit have changed")
    if operator.audit.unreadable_count > torn:
        found.append(f"{operator.audit.unreadable_count} unreadable lines, at most {torn}")
    results = Counter((entry.plan, entry.subject) for entry in operator.entries if is_result(entry))
    found.extend(f"{times} results of {subject}" for (_, subject), times in results.items() if times > 1)
    return found


def check_ended(operator: Operator) -> list[str]:
    """Return the groups without a result, except those that only wait for a merge."""
    left = [group for group in find_unfinished(operator.entries) if not is_resumable(group)]
    return [f"no result of {group.plan.title}: {group.subject}" for group in left]


def check_truth(scene: Scene, *, may_be_unknown: bool | None = None) -> list[str]:
    """Return the recorded results that contradict the servers.

    A result is "done" only if every write of its group was applied, and "failed" only if one was not. It is "unknown"
    only if a response is missing: by default that of the last step.
    """
    applied = _applied_keys(scene)
    found = []
    for operator in scene.operators:
        by_plan: dict[str, list[AuditEntry]] = {}
        for entry in operator.entries:
            by_plan.setdefault(entry.plan, []).append(entry)
        for own in by_plan.values():
            whole = next((entry.whole for entry in reversed(own) if entry.whole is not None), None)
            for result in filter(is_result, own):
                group = next((each for each in whole.step_groups if each.subject == result.subject), None)
                if group is not None:
                    found.extend(_contradictions(result, own, group, applied, may_be_unknown))
    return found


def _contradictions(
    result: AuditEntry,
    own: list[AuditEntry],
    group: StepGroup,
    applied: Counter[tuple[str, ...]],
    may_be_unknown: bool | None,
) -> list[str]:
    steps = [entry for entry in own if entry.step is not None and entry.step >= 0]
    if may_be_unknown is None:
        may_be_unknown = bool(steps) and steps[-1].entry in {"intended", "unknown"}
    match result.entry:
        case "done" if not _keys_of(group, required=True, is_followed=NOT_FOLLOWED not in result.message) <= applied:
            return [f"recorded as done, but it is not complete: {result.message}"]
        case "failed" | "refused" | "drifted" if _keys_of(group) <= applied:
            return [f"recorded as {result.entry}, but it is complete: {result.message}"]
        case "unknown" if not may_be_unknown:
            return [f"recorded as unknown, but the outcome can be known: {result.message}"]
    return []


def is_complete(scene: Scene, group: StepGroup) -> bool:
    """Return whether every write of a group was applied; without `--wait`, every write before the first wait."""
    return _keys_of(group, is_followed="--wait" in scene.action.argv) <= _applied_keys(scene)


def _applied_keys(scene: Scene) -> Counter[tuple[str, ...]]:
    return Counter(request_key(each.request) for each in scene.writes if each.is_applied)


def _keys_of(group: StepGroup, *, required: bool = False, is_followed: bool = True) -> Counter[tuple[str, ...]]:
    """Return the keys of the requests that a group sends. The required ones are those without which it is not done.

    A pull request is open without its labels, Argo CD compares without a refresh, and an event is sent again later.
    """
    is_optional = AddLabels | RequestReviewers | SendEvent
    if not all(isinstance(step, Refresh | WaitStep) for step in group.steps):
        is_optional |= Refresh
    steps = [step for step in group.steps if not (required and isinstance(step, is_optional))]
    if not is_followed:
        steps = list(itertools.takewhile(lambda step: not isinstance(step, WaitStep), steps))
    requests = [build_step_request(step) for step in steps]
    return Counter(api_request_key(request) for request in requests if request is not None)


def is_result(entry: AuditEntry) -> bool:
    """Return whether a line records the result of a group or a plan."""
    return entry.step is None and entry.entry not in {"intended", "resolved"}


def _check_commits(scene: Scene) -> list[str]:
    """Return our branches whose commits are not exactly those that a plan describes."""
    planned = [
        step
        for operator in (*scene.operators, *scene.earlier_operators)
        for entry in operator.entries
        if entry.whole is not None
        for group in entry.whole.step_groups
        for step in group.steps
        if isinstance(step, CommitFiles)
    ]
    found = []
    git = scene.op.box.git
    for branch in scene.op.branches:
        wanted = [
            {file.path: base64.b64decode(file.content) for file in step.files}
            for step in planned
            if step.branch == branch
        ]
        for commit in scene.op.commits(branch):
            parent = commit.parents[0]
            changes = scene.op.box.call_in_loop(lambda ids=(parent, commit.sha): git.diff_commits(*ids))
            contents = {
                path: scene.op.box.call_in_loop(lambda entry=after: git.read_blob(entry.sha)) if after else b""
                for path, (_, after) in changes.items()
            }
            if contents not in wanted:
                found.append(f"{branch}: a commit changes {sorted(contents)}, which no plan describes")
        if len(scene.op.commits(branch)) > 1:
            found.append(f"{branch}: {len(scene.op.commits(branch))} commits")
    return found

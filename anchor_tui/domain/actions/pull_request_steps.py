"""The steps from changed files to a pull request: our branch, one commit, one pull request.

The same change always gets the same branch name. A repeated or interrupted action therefore finds and uses what it
created before.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Precondition, PullRequestDraft, Refusal
from anchor_tui.domain.actions.pull_request_text import format_trailer
from anchor_tui.domain.actions.repo_state import ExistingBranch, PullRequestState, RepoFile, RepoState, blob_oid
from anchor_tui.domain.actions.step_base import FileChange
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    CreatePullRequest,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
    Step,
)
from anchor_tui.domain.actions.wait_steps import WaitForMergeable
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject


class RemainingSteps(ValueObject, frozen=True):
    """The steps that are still missing. `number` and `url` belong to the pull request, if it is already open.

    `head_sha` is the commit with the change, if it already exists.
    """

    steps: tuple[Step, ...]
    number: int | None = None
    url: str = ""
    note: str = ""
    head_sha: str = ""


def remaining_steps(
    draft: PullRequestDraft,
    contents: Mapping[str, bytes],
    repo_state: RepoState,
    config: Config,
    request_id: str,
    *,
    merges: bool = False,
) -> RemainingSteps | Refusal:
    """Return the missing steps, or a refusal if the open pull request is complete or differs.

    With `merges` the plan merges the pull request: auto-merge is not enabled, and a complete one is not a refusal.
    """
    ours, repository = repo_state.existing_branch, repo_state.repo.name
    changes = tuple(
        FileChange(path, repo_state.files[path].oid, base64.b64encode(content).decode())
        for path, content in sorted(contents.items())
    )
    desired = {path: blob_oid(content) for path, content in contents.items()}
    commit = CommitFiles(repository, draft.branch, repo_state.head, draft.title, format_trailer(request_id), changes)
    open_it = CreatePullRequest(repository, draft.branch, config.github.branch, draft.title, draft.body)
    is_auto = config.promotion.merge == "auto" and not merges
    if repo_state.pull_requests:
        return _continue_open_pull_request(
            draft, desired, repo_state, repo_state.pull_requests[0], is_auto=is_auto, merges=merges
        )
    begun: tuple[Step, ...]
    note = head_sha = ""
    if ours is None:
        begun = (CreateBranch(repository, draft.branch, repo_state.head), commit)
    elif ours.oid == repo_state.head:
        begun, note = (commit,), f"the branch {draft.branch} already exists and is used"
    elif _has_blobs(ours, desired) and ours.parents[:1] == (repo_state.head,):
        begun, head_sha = (), ours.oid
        note = f"the commit {shorten_revision(ours.oid)} on {draft.branch} already exists and is used"
    else:
        begun = (MoveBranch(repository, draft.branch, repo_state.head, ours.oid), commit)
        note = f"the branch {draft.branch} exists from before, at {shorten_revision(ours.oid)}, and is moved"
    auto = _auto_merge_steps(repo_state, head_sha) if is_auto else ()
    return RemainingSteps(
        (*begun, open_it, *_label_and_review_steps(draft, repository, frozenset(), frozenset()), *auto),
        None,
        "",
        note,
        head_sha,
    )


def _continue_open_pull_request(
    draft: PullRequestDraft,
    desired: Mapping[str, str],
    repo_state: RepoState,
    pull: PullRequestState,
    *,
    is_auto: bool,
    merges: bool,
) -> RemainingSteps | Refusal:
    """Complete an open pull request. Its content is never rewritten: it may have been reviewed or edited."""
    ours = repo_state.existing_branch
    is_moved = merges and ours is not None and pull.head_sha != ours.oid
    if ours is None or is_moved or not _has_blobs(ours, desired):
        message = (
            f"#{pull.number} “{pull.title}” is already open with different content: the branch has moved, "
            "or the pull request was edited. Review it, or close it to create a new one"
        )
        return Refusal(draft.branch, "open-differs", message, pull.url)
    around = _label_and_review_steps(draft, repo_state.repo.name, frozenset(pull.labels), frozenset(pull.reviewers))
    around += _auto_merge_steps(repo_state, ours.oid) if is_auto and not pull.auto_merge else ()
    if not around and not merges:
        message = f"#{pull.number} “{pull.title}” is already open with the same content: merge it (m)"
        return Refusal(draft.branch, "open", message, pull.url, already_done=True)
    return RemainingSteps(around, pull.number, pull.url, f"#{pull.number} is already open and is used", ours.oid)


def merge_when_ready_steps(opened: RemainingSteps, repo_state: RepoState) -> tuple[Step, ...]:
    """Return the steps that wait for the checks of the pull request and merge it. The wait finds out how."""
    repository, head = repo_state.repo.name, repo_state.repo.head
    method = repo_state.permissions.merge_methods[0]
    return (
        WaitForMergeable(repository, opened.number, opened.head_sha, head.required_checks if head else ()),
        MergePullRequest(repository, opened.number, "", opened.head_sha, method),
    )


def _auto_merge_steps(repo_state: RepoState, head_sha: str) -> tuple[Step, ...]:
    """Return the step that enables auto-merge. `head_sha` is empty if an earlier step makes the commit."""
    method = repo_state.permissions.merge_methods[0]
    return (MergePullRequest(repo_state.repo.name, None, "", head_sha, method, "auto-merge"),)


def _label_and_review_steps(
    draft: PullRequestDraft, repository: str, labelled: frozenset[str], asked: frozenset[str]
) -> tuple[Step, ...]:
    labels = tuple(label for label in draft.labels if label not in labelled)
    reviewers = () if asked else draft.reviewers
    return (
        *([AddLabels(repository, labels)] if labels else []),
        *([RequestReviewers(repository, reviewers)] if reviewers else []),
    )


def _has_blobs(ours: ExistingBranch, desired: Mapping[str, str]) -> bool:
    return all(ours.blobs.get(path) == oid for path, oid in desired.items())


def repo_preconditions(
    files: Mapping[str, RepoFile], source: RepoFile | None, repo_state: RepoState, branch: str
) -> tuple[Precondition, ...]:
    """Return what the plan changes or copies. An unrelated push is not drift: the commit is made on top of it."""
    touched = [Precondition(path, f"blob {shorten_revision(file.oid)}") for path, file in sorted(files.items())]
    copied = [Precondition(f"the copied {source.path}", f"blob {shorten_revision(source.oid)}")] if source else []
    ours = Precondition(
        f"the branch {branch}",
        f"at {shorten_revision(repo_state.existing_branch.oid)}" if repo_state.existing_branch else "absent",
    )
    pull = Precondition(
        "its pull request", f"#{repo_state.pull_requests[0].number}" if repo_state.pull_requests else "not open"
    )
    return (*touched, *copied, ours, pull)

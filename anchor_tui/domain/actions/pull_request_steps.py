"""From changed files to a pull request: our branch, one commit, one pull request. What is there already is used.

The branch has one name for one change, so whoever asks twice, or was killed in the middle, finds his own again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Precondition, PullRequestDraft, Refusal
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
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject

REQUEST_TRAILER = "Anchor-Tui-Request"
"""The trailer of the commit's message by which a commit whose answer was lost is known again."""


class RemainingSteps(ValueObject, frozen=True):
    """What is still to be done until the pull request is there as it should be. `number` where it has one already."""

    steps: tuple[Step, ...]
    number: int | None = None
    url: str = ""
    note: str = ""


def remaining_steps(
    draft: PullRequestDraft, contents: Mapping[str, bytes], repo_state: RepoState, config: Config, request_id: str
) -> RemainingSteps | Refusal:
    """The steps from what is there now; a Refusal where the pull request is open already, which it then names."""
    ours, repository = repo_state.existing_branch, repo_state.repo.name
    changes = tuple(
        FileChange(path, repo_state.files[path].oid, base64.b64encode(content).decode())
        for path, content in sorted(contents.items())
    )
    desired = {path: blob_oid(content) for path, content in contents.items()}
    commit = CommitFiles(
        repository, draft.branch, repo_state.head, draft.title, f"{REQUEST_TRAILER}: {request_id}", changes
    )
    open_it = CreatePullRequest(repository, draft.branch, config.github.branch, draft.title, draft.body)
    auto: tuple[Step, ...] = ()
    if config.promotion.merge == "auto":
        auto = (MergePullRequest(repository, None, "", "", repo_state.permissions.merge_methods[0], "auto-merge"),)
    if repo_state.pull_requests:
        return _continue_open_pull_request(draft, desired, repo_state, repo_state.pull_requests[0], auto)
    begun: tuple[Step, ...]
    note = ""
    if ours is None:
        begun = (CreateBranch(repository, draft.branch, repo_state.head), commit)
    elif ours.oid == repo_state.head:
        begun, note = (commit,), f"the branch {draft.branch} is there already: gone on with"
    elif _has_blobs(ours, desired) and ours.parents[:1] == (repo_state.head,):
        begun, note = (), f"the commit {shorten_revision(ours.oid)} on {draft.branch} is there already: gone on with"
    else:
        begun = (MoveBranch(repository, draft.branch, repo_state.head, ours.oid), commit)
        note = f"the branch {draft.branch} is left from before, at {shorten_revision(ours.oid)}: it is moved on"
    return RemainingSteps(
        (*begun, open_it, *_label_and_review_steps(draft, repository, frozenset(), frozenset()), *auto), None, "", note
    )


def _continue_open_pull_request(
    draft: PullRequestDraft,
    desired: Mapping[str, str],
    repo_state: RepoState,
    pull: PullRequestState,
    auto: tuple[Step, ...],
) -> RemainingSteps | Refusal:
    """One that is open already is never rewritten: somebody may have read it, or changed it."""
    if repo_state.existing_branch is None or not _has_blobs(repo_state.existing_branch, desired):
        message = (
            f"#{pull.number} “{pull.title}” is open already, with other content than this would have: the branch has "
            "moved on, or somebody changed it. Look at it; close it to make it anew"
        )
        return Refusal(draft.branch, "open-differs", message, pull.url)
    around = _label_and_review_steps(draft, repo_state.repo.name, frozenset(pull.labels), frozenset(pull.reviewers))
    around += () if pull.auto_merge else auto
    if not around:
        message = f"#{pull.number} “{pull.title}” is open already, and says just this: merge it (m)"
        return Refusal(draft.branch, "open", message, pull.url, already_done=True)
    return RemainingSteps(around, pull.number, pull.url, f"#{pull.number} is open already: gone on with")


def _label_and_review_steps(
    draft: PullRequestDraft, repository: str, labelled: frozenset[str], asked: frozenset[str]
) -> tuple[Step, ...]:
    labels = tuple(each for each in draft.labels if each not in labelled)
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
    """What the Plan touches or copies. The head is not among it: on an unrelated push the commit goes on top of it."""
    touched = [Precondition(path, f"blob {shorten_revision(file.oid)}") for path, file in sorted(files.items())]
    copied = [Precondition(f"the copied {source.path}", f"blob {shorten_revision(source.oid)}")] if source else []
    ours = Precondition(
        f"the branch {branch}",
        f"at {shorten_revision(repo_state.existing_branch.oid)}" if repo_state.existing_branch else "not there",
    )
    pull = Precondition(
        "its pull request", f"#{repo_state.pull_requests[0].number}" if repo_state.pull_requests else "not open"
    )
    return (*touched, *copied, ours, pull)

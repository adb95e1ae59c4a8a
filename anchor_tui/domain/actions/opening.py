"""From changed files to a pull request: our branch, one commit, one pull request. What is there already is used.

The branch has one name for one change, so whoever asks twice, or was killed in the middle, finds his own again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.parts import FileChange
from anchor_tui.domain.actions.plan import PullRequestDraft, Refusal, Seen
from anchor_tui.domain.actions.steps import (
    AddLabels,
    AskReviewers,
    Commit,
    CreateBranch,
    Merge,
    MoveBranch,
    OpenPullRequest,
    Step,
)
from anchor_tui.domain.actions.workbench import File, OurBranch, PullState, Workbench, blob_oid
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import ValueObject

REQUEST_TRAILER = "Anchor-Tui-Request"
"""The trailer of the commit's message by which a commit whose answer was lost is known again."""


class Opening(ValueObject, frozen=True):
    """What is still to be done until the pull request is there as it should be. `number` where it has one already."""

    steps: tuple[Step, ...]
    number: int | None = None
    url: str = ""
    note: str = ""


def opening(
    draft: PullRequestDraft, contents: Mapping[str, bytes], bench: Workbench, config: Config, request_id: str
) -> Opening | Refusal:
    """The steps from what is there now; a Refusal where the pull request is open already, which it then names."""
    ours, repository = bench.ours, bench.repo.name
    changes = tuple(
        FileChange(path, bench.files[path].oid, base64.b64encode(content).decode())
        for path, content in sorted(contents.items())
    )
    desired = {path: blob_oid(content) for path, content in contents.items()}
    commit = Commit(repository, draft.branch, bench.head, draft.title, f"{REQUEST_TRAILER}: {request_id}", changes)
    open_it = OpenPullRequest(repository, draft.branch, config.github.branch, draft.title, draft.body)
    auto: tuple[Step, ...] = ()
    if config.promotion.merge == "auto":
        auto = (Merge(repository, None, "", "", bench.rights.methods[0], "auto-merge"),)
    if bench.pulls:
        return _going_on(draft, desired, bench, bench.pulls[0], auto)
    begun: tuple[Step, ...]
    note = ""
    if ours is None:
        begun = (CreateBranch(repository, draft.branch, bench.head), commit)
    elif ours.oid == bench.head:
        begun, note = (commit,), f"the branch {draft.branch} is there already: gone on with"
    elif _has(ours, desired) and ours.parents[:1] == (bench.head,):
        begun, note = (), f"the commit {shorten_revision(ours.oid)} on {draft.branch} is there already: gone on with"
    else:
        begun = (MoveBranch(repository, draft.branch, bench.head, ours.oid), commit)
        note = f"the branch {draft.branch} is left from before, at {shorten_revision(ours.oid)}: it is moved on"
    return Opening((*begun, open_it, *_around(draft, repository, frozenset(), frozenset()), *auto), None, "", note)


def _going_on(
    draft: PullRequestDraft, desired: Mapping[str, str], bench: Workbench, pull: PullState, auto: tuple[Step, ...]
) -> Opening | Refusal:
    """One that is open already is never rewritten: somebody may have read it, or changed it."""
    if bench.ours is None or not _has(bench.ours, desired):
        message = (
            f"#{pull.number} “{pull.title}” is open already, with other content than this would have: the branch has "
            "moved on, or somebody changed it. Look at it; close it to make it anew"
        )
        return Refusal(draft.branch, "open-differs", message, pull.url)
    around = _around(draft, bench.repo.name, frozenset(pull.labels), frozenset(pull.reviewers))
    around += () if pull.auto_merge else auto
    if not around:
        message = f"#{pull.number} “{pull.title}” is open already, and says just this: merge it (m)"
        return Refusal(draft.branch, "open", message, pull.url, settled=True)
    return Opening(around, pull.number, pull.url, f"#{pull.number} is open already: gone on with")


def _around(
    draft: PullRequestDraft, repository: str, labelled: frozenset[str], asked: frozenset[str]
) -> tuple[Step, ...]:
    labels = tuple(each for each in draft.labels if each not in labelled)
    reviewers = () if asked else draft.reviewers
    return (
        *([AddLabels(repository, labels)] if labels else []),
        *([AskReviewers(repository, reviewers)] if reviewers else []),
    )


def _has(ours: OurBranch, desired: Mapping[str, str]) -> bool:
    return all(ours.blobs.get(path) == oid for path, oid in desired.items())


def seen(files: Mapping[str, File], source: File | None, bench: Workbench, branch: str) -> tuple[Seen, ...]:
    """What the Plan touches or copies. The head is not among it: on an unrelated push the commit goes on top of it."""
    touched = [Seen(path, f"blob {shorten_revision(file.oid)}") for path, file in sorted(files.items())]
    copied = [Seen(f"the copied {source.path}", f"blob {shorten_revision(source.oid)}")] if source else []
    ours = Seen(f"the branch {branch}", f"at {shorten_revision(bench.ours.oid)}" if bench.ours else "not there")
    pull = Seen("its pull request", f"#{bench.pulls[0].number}" if bench.pulls else "not open")
    return (*touched, *copied, ours, pull)

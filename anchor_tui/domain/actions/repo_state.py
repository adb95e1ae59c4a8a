"""What a Plan for the ops repo is made from: the branch this moment, the bytes of the files, our own branch, rights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.model import AwareDatetime, ChecksStatus, ValueObject
from anchor_tui.domain.source_data import OpsRepoData

MergeMethod = Literal["merge", "squash", "rebase"]


class RepoFile(ValueObject, frozen=True):
    """One file of a commit: its bytes as they are stored, and the oid of its blob."""

    path: str
    oid: str
    content: bytes


def blob_oid(content: bytes) -> str:
    """What git calls these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class ExistingBranch(ValueObject, frozen=True):
    """A branch of ours that is there already: its tip, what that stands on, and the blobs of some files there."""

    name: str
    oid: str
    parents: tuple[str, ...] = ()
    blobs: Mapping[str, str] = {}


class PullRequestState(ValueObject, frozen=True):
    """One pull request this moment, as far as merging it is concerned. States are GitHub's words in lower case."""

    number: int
    node_id: str
    title: str
    url: str
    state: str = "open"
    draft: bool = False
    base: str = ""
    branch: str = ""
    head_sha: str = ""
    author: str | None = None
    mergeable: str = "unknown"
    merge_state: str = "unknown"
    review: str | None = None
    checks: ChecksStatus = "unknown"
    failed_checks: tuple[str, ...] = ()
    pending_checks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Whose review is asked for, or was given."""
    auto_merge: bool = False
    queue_required: bool = False
    queue_position: int | None = None
    may_auto_merge: bool = False
    merge_oid: str | None = None
    merged_at: AwareDatetime | None = None
    merged_by: str | None = None


class RepoPermissions(ValueObject, frozen=True):
    """What the token's owner may do, and what the repository allows."""

    viewer: str = ""
    push: Permission = "unknown"
    auto_merge: bool = False
    merge_methods: tuple[MergeMethod, ...] = ("squash", "merge", "rebase")
    archived: bool = False


class RepoState(ValueObject, frozen=True):
    """The ops repo this moment. `files` are those that are changed or copied, byte for byte."""

    repo: OpsRepoData
    permissions: RepoPermissions = RepoPermissions()
    files: Mapping[str, RepoFile] = {}
    source_file: RepoFile | None = None
    """The release.yaml that is copied: of the environment before, or of an earlier commit."""
    existing_branch: ExistingBranch | None = None
    pull_requests: tuple[PullRequestState, ...] = ()
    """The open pull requests of our branch; or the one that is to be merged."""

    @property
    def head(self) -> str:
        """The newest commit of the branch."""
        return self.repo.head.oid if self.repo.head else ""

"""The current state of the ops repo: files, our branch, pull requests and permissions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal

from anchor_tui.domain.actions.application_state import Permission
from anchor_tui.domain.model import AwareDatetime, ChecksStatus, ValueObject
from anchor_tui.domain.source_data import OpsRepoData

MergeMethod = Literal["merge", "squash", "rebase"]


class RepoFile(ValueObject, frozen=True):
    """A file of a commit: its stored bytes and the oid of its blob."""

    path: str
    oid: str
    content: bytes


class EarlierFile(ValueObject, frozen=True):
    """A file as it was after an earlier commit of the branch."""

    path: str
    commit: str
    content: bytes


def blob_oid(content: bytes) -> str:
    """Return the oid that git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class ExistingBranch(ValueObject, frozen=True):
    """Our existing branch: its tip, the parents of the tip, and the blob oids of some files."""

    name: str
    oid: str
    parents: tuple[str, ...] = ()
    blobs: Mapping[str, str] = {}


class ProposedFile(ValueObject, frozen=True):
    """A file that a pull request changes: its bytes at the merge base and at the head.

    A file that does not exist there is None. `error` is set if its content could not be read; then both are None.
    """

    path: str
    before: bytes | None = None
    after: bytes | None = None
    previous_path: str = ""
    error: str = ""


class PullRequestFiles(ValueObject, frozen=True):
    """The files that a pull request changes since the merge base, as they are at its head."""

    head_sha: str
    files: tuple[ProposedFile, ...]
    omitted: int = 0
    """The number of changed files that were not read."""


class PullRequestState(ValueObject, frozen=True):
    """The current state of a pull request, for merging. States are GitHub's words in lower case."""

    number: int
    node_id: str
    title: str
    url: str
    body: str = ""
    state: str = "open"
    draft: bool = False
    base: str = ""
    branch: str = ""
    from_fork: bool = False
    """The branch is one of a fork, whatever its name is."""
    head_sha: str = ""
    author: str | None = None
    mergeable: str = "unknown"
    merge_state: str = "unknown"
    review: str | None = None
    checks: ChecksStatus = "unknown"
    failed_checks: tuple[str, ...] = ()
    pending_checks: tuple[str, ...] = ()
    checks_awaiting_person: tuple[str, ...] = ()
    """The failed checks that need a person to act on GitHub."""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Users and teams whose review is requested or given."""
    auto_merge: bool = False
    queue_required: bool = False
    queue_position: int | None = None
    may_auto_merge: bool = False
    merge_oid: str | None = None
    merged_at: AwareDatetime | None = None
    merged_by: str | None = None


def describe_failed_checks(pull: PullRequestState, names: Iterable[str]) -> str:
    """Return the names of failed checks, with those that need a person marked."""
    waiting = pull.checks_awaiting_person
    return ", ".join(f"{name} needs a person" if name in waiting else name for name in names)


class RepoPermissions(ValueObject, frozen=True):
    """The permissions of the token's owner, and what the repository allows."""

    viewer: str = ""
    push: Permission = "unknown"
    auto_merge: bool = False
    merge_methods: tuple[MergeMethod, ...] = ("squash", "merge", "rebase")
    archived: bool = False


class RunningWorkflow(ValueObject, frozen=True):
    """A dispatched run of the promotion workflow that is not over. GitHub does not report its inputs."""

    status: str
    url: str = ""


class RepoState(ValueObject, frozen=True):
    """The current state of the ops repo. `files` are the files to change, byte for byte."""

    repo: OpsRepoData
    permissions: RepoPermissions = RepoPermissions()
    files: Mapping[str, RepoFile] = {}
    source_file: RepoFile | None = None
    """The release.yaml to copy: of the previous environment, or of an earlier commit."""
    existing_branch: ExistingBranch | None = None
    pull_requests: tuple[PullRequestState, ...] = ()
    """The open pull requests of our branch, or the one to merge."""
    earlier_files: tuple[EarlierFile, ...] = ()
    """The file to fix after earlier commits, newest first."""
    pull_request_files: PullRequestFiles | None = None
    """The files of the pull request to merge."""
    running_workflows: tuple[RunningWorkflow, ...] = ()
    """The runs of the promotion workflow, read before the pull requests: one that is over has opened its own."""

    @property
    def head(self) -> str:
        """The oid of the branch's newest commit."""
        return self.repo.head.oid if self.repo.head else ""

"""The commits and files between two commits. Source: `GET /repos/{owner}/{repo}/compare/{base}...{head}`."""

from __future__ import annotations

from anchor_tui.domain.inspection.deployments import RevisionMetadata
from anchor_tui.domain.model import ValueObject


class RangeFile(ValueObject, frozen=True):
    """A file that differs. `status` is GitHub's word, such as "modified"; `previous_path` is set if it was renamed."""

    path: str
    status: str = ""
    additions: int = 0
    deletions: int = 0
    previous_path: str = ""


class CommitRange(ValueObject, frozen=True):
    """The commits that `head` has and `base` does not have, newest first, and the files that they change."""

    base: str
    head: str
    commits: tuple[RevisionMetadata, ...] = ()
    files: tuple[RangeFile, ...] = ()
    commit_count: int = 0
    """The number of commits. GitHub does not list all of a long range."""
    is_reversed: bool = False
    """True if `base` is the newer commit: commits and files are those that `base` has and `head` does not have."""
    only_in_base: int = 0
    """The number of commits that only `base` has; not 0 if the two have diverged."""
    has_more_files: bool = False
    """True if GitHub lists only a part of the files."""

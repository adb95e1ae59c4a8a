"""A pull request with its checks, reviews, commits and changes, as the pull request screen shows it.

States are GitHub's words in lower case. Source: GraphQL, `GET …/pulls/N/files` and `GET …/actions/jobs/ID/logs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from anchor_tui.domain.model import AwareDatetime, ChecksStatus, ValueObject


class CheckDetail(ValueObject, frozen=True):
    """The newest run of one check, or one commit status. `outcome` is GitHub's word, for example "timed out"."""

    name: str
    state: ChecksStatus
    outcome: str = ""
    app: str = ""
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    url: str = ""
    description: str = ""
    job_id: int | None = None
    """The id of its GitHub Actions job; None for any other check."""

    @property
    def has_failure_log(self) -> bool:
        """Return True if it is a failed job of GitHub Actions, whose log explains the failure."""
        return self.state == "failure" and self.job_id is not None


class PullRequestReview(ValueObject, frozen=True):
    """A submitted review."""

    author: str
    state: str
    submitted_at: AwareDatetime | None = None


class ReviewComment(ValueObject, frozen=True):
    """One comment on the code. `body` is Markdown."""

    author: str
    body: str = ""
    created_at: AwareDatetime | None = None
    url: str = ""


class ReviewThread(ValueObject, frozen=True):
    """The comments on one line of a file, the oldest first. `line` is None for a comment on the whole file."""

    path: str
    line: int | None = None
    is_resolved: bool = False
    is_outdated: bool = False
    """True if the line was changed since."""
    comments: tuple[ReviewComment, ...] = ()
    comment_count: int = 0
    """The number of comments; more than `comments` if not all were read."""

    @property
    def place(self) -> str:
        """The file and the line."""
        return self.path if self.line is None else f"{self.path}:{self.line}"

    @property
    def state(self) -> str:
        """The words "resolved" or "unresolved", and "outdated"."""
        return f"{'resolved' if self.is_resolved else 'unresolved'}{', outdated' if self.is_outdated else ''}"

    @property
    def last_comment(self) -> ReviewComment | None:
        """The newest comment that was read."""
        return self.comments[-1] if self.comments else None


class PullRequestCommit(ValueObject, frozen=True):
    """A commit of a pull request."""

    sha: str
    subject: str
    author: str = ""
    committed_at: AwareDatetime | None = None


class PullRequestDetails(ValueObject, frozen=True):
    """A pull request in any state."""

    number: int
    title: str
    url: str
    body: str = ""
    state: str = "open"
    draft: bool = False
    author: str | None = None
    base: str = ""
    branch: str = ""
    head_sha: str = ""
    from_fork: bool = False
    labels: tuple[str, ...] = ()
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    merged_at: AwareDatetime | None = None
    merged_by: str | None = None
    mergeable: str = "unknown"
    merge_state: str = "unknown"
    review: str | None = None
    auto_merge: bool = False
    queue_position: int | None = None
    additions: int = 0
    deletions: int = 0
    file_count: int = 0
    checks: tuple[CheckDetail, ...] = ()
    checks_omitted: int = 0
    """The number of check runs that were not read; `checks` may then contain superseded runs."""
    reviews: tuple[PullRequestReview, ...] = ()
    requested_reviewers: tuple[str, ...] = ()
    commits: tuple[PullRequestCommit, ...] = ()
    commit_count: int = 0
    threads: tuple[ReviewThread, ...] = ()
    """The comments on the code, unresolved ones first."""
    thread_count: int = 0
    """The number of threads; more than `threads` if not all were read."""

    @property
    def state_word(self) -> str:
        """The state, with "draft" for an open draft."""
        return "draft" if self.draft and self.state == "open" else self.state

    def list_checks(self, state: ChecksStatus) -> tuple[str, ...]:
        """Return the names of the checks in a state."""
        return tuple(dict.fromkeys(check.name for check in self.checks if check.state == state))


class FilePatch(ValueObject, frozen=True):
    """A changed file. `patch` contains its hunks; None if GitHub shows none: it is binary, too large or only moved."""

    path: str
    status: str
    additions: int = 0
    deletions: int = 0
    patch: str | None = None
    previous_path: str = ""
    is_cut: bool = False
    """True if `patch` is only the beginning."""


class VersionMove(ValueObject, frozen=True):
    """The versions of one environment before and after a pull request; None if it has no release there."""

    environment: str
    before: str | None
    after: str | None


class PullRequestPatches(ValueObject, frozen=True):
    """The changed files of a pull request, and the releases that they move."""

    files: tuple[FilePatch, ...]
    is_complete: bool = True
    moves: tuple[VersionMove, ...] = ()


class JobLogTail(ValueObject, frozen=True):
    """The last lines of a GitHub Actions job, without times and colours."""

    job_id: int
    lines: tuple[str, ...]
    is_cut: bool = False
    """True if the log has earlier lines."""
    is_unfinished: bool = False
    """True if the log is so long that its end was not read."""

    @property
    def error_index(self) -> int | None:
        """The index of the last line that reports an error."""
        found = [index for index, line in enumerate(self.lines) if line.startswith(ERROR_MARK)]
        return found[-1] if found else None


ERROR_MARK = "##[error]"
"""The beginning of a line that GitHub Actions shows as an error."""
_VERSION_LINE = re.compile(r"([-+ ])version:[ \t]*[\"']?([^\s\"'#]+)")


def find_release_moves(files: Iterable[FilePatch], releases: Mapping[str, str]) -> tuple[VersionMove, ...]:
    """Return the environments whose version changes. `releases` is the environment by the path of its release file."""
    moves = []
    for file in files:
        environment = releases.get(file.path) or releases.get(file.previous_path)
        if environment is None or file.patch is None:
            continue
        found = {match[1]: match[2] for line in file.patch.split("\n") if (match := _VERSION_LINE.match(line))}
        before, after = found.get("-"), found.get("+")
        if before or after:
            moves.append(VersionMove(environment, before, after))
    return tuple(moves)

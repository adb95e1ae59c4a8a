"""The paths that differ between the commits that Argo CD synced and the head of the branch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.inspection.commit_range import CommitRange, RangeFile
from anchor_tui.domain.inspection.deployments import RevisionMetadata
from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound, SourceError
from anchor_tui.sources.github.schema import UtcTime, convert_json
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_FILES = 300
"""GitHub lists at most this many files of a comparison, so a list of this length may be incomplete."""
MAX_PER_ROUND = 5


class ComparedFile(msgspec.Struct):
    """A file that differs."""

    filename: str
    previous_filename: str | None = None
    status: str = ""
    additions: int = 0
    deletions: int = 0


class CommitAuthorJson(msgspec.Struct):
    """`author` of a git commit."""

    name: str = ""
    date: UtcTime | None = None


class CommitContentJson(msgspec.Struct):
    """`commit` of a commit."""

    message: str = ""
    author: CommitAuthorJson | None = None


class ComparedCommitJson(msgspec.Struct):
    """A commit of the head that the base does not contain."""

    sha: str
    commit: CommitContentJson


class Comparison(msgspec.Struct):
    """`GET /repos/{owner}/{repo}/compare/{base}...{head}`: the changes of the head since the merge base."""

    status: str
    files: list[ComparedFile] | None = None
    commits: list[ComparedCommitJson] | None = None
    total_commits: int = 0
    behind_by: int = 0


class ComparedCommits(NamedTuple):
    """The paths that differ between a base and the head. `is_newer` is true if the base contains the head."""

    paths: tuple[str, ...]
    is_newer: bool


class CommitComparisons:
    """Comparisons with the current head. Each is requested once, and again only after a failure that can pass."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._head = ""
        self._revisions: tuple[str, ...] = ()
        self._results: dict[str, tuple[str, ...] | str] = {}
        """By revision: the paths, or the reason why it cannot be compared."""
        self._newer: set[str] = set()

    def set_head(self, head: str) -> None:
        """Set the head to compare with; the results of another head are dropped."""
        if head != self._head:
            self._head, self._results, self._newer = head, {}, set()

    def set_revisions(self, revisions: Iterable[str]) -> None:
        """Set the revisions to compare."""
        self._revisions = tuple(dict.fromkeys(revisions))

    @property
    def pending_revisions(self) -> tuple[str, ...]:
        """The revisions that have no result yet; the head itself needs none."""
        if not self._head:
            return ()
        return tuple(
            revision for revision in self._revisions if revision != self._head and revision not in self._results
        )

    def changed_paths(self, head: str) -> dict[str, tuple[str, ...]]:
        """Return the paths that differ, by revision."""
        results = self._results_for(head)
        return {revision: result for revision, result in results.items() if isinstance(result, tuple)}

    def failure_reasons(self, head: str) -> dict[str, str]:
        """Return the reasons why revisions cannot be compared, by revision."""
        results = self._results_for(head)
        return {revision: result for revision, result in results.items() if isinstance(result, str)}

    def newer_revisions(self, head: str) -> frozenset[str]:
        """Return the revisions that contain the head: the branch has moved since the head was read."""
        return frozenset(self._newer) if head == self._head else frozenset()

    def _results_for(self, head: str) -> dict[str, tuple[str, ...] | str]:
        return self._results if head == self._head else {}

    async def compare_pending(self, client: GitHubClient) -> bool:
        """Compare a few pending revisions; return whether there were any. Raises SourceError if it can pass."""
        head, pending = self._head, self.pending_revisions[:MAX_PER_ROUND]
        for revision in pending:
            result: tuple[str, ...] | str
            is_newer = False
            try:
                result, is_newer = await compare_commits(client, self._repository, revision, head)
            except NotFound as error:
                result = f"GitHub does not know it: {error.message}"
            except (InvalidResponse, Forbidden) as error:
                result = error.message
            except SourceError:
                raise
            except Exception as error:  # noqa: BLE001 - an internal error is shown and affects the comparison alone
                result = format_internal_error(error)
            if head == self._head:
                self._results[revision] = result
                self._newer |= {revision} if is_newer else set()
        return bool(pending)


async def compare_commits(client: GitHubClient, repository: str, base: str, head: str) -> ComparedCommits:
    """Compare two commits. Raises SourceError.

    GitHub reports the changes of the head since the merge base. If the base has changes of its own, those are
    requested too.
    """
    comparison = await _read_comparison(client, repository, base, head)
    paths = _compared_paths(comparison)
    if comparison.status not in {"ahead", "identical"}:
        paths += _compared_paths(await _read_comparison(client, repository, head, base))
    return ComparedCommits(tuple(sorted(set(paths))), comparison.status == "behind")


async def read_commit_range(client: GitHubClient, repository: str, base: str, head: str) -> CommitRange:
    """Return the commits and files between two commits, newest commit first. Raises SourceError.

    If the base is the newer one, the range is reversed. GitHub lists 250 commits and 300 files at most.
    """
    comparison = await _read_comparison(client, repository, base, head)
    if is_reversed := comparison.status == "behind":
        comparison = await _read_comparison(client, repository, head, base)
    files = tuple(
        RangeFile(file.filename, file.status, file.additions, file.deletions, file.previous_filename or "")
        for file in comparison.files or ()
    )
    commits = tuple(map(_to_revision, reversed(comparison.commits or ())))
    return CommitRange(
        base,
        head,
        commits,
        files,
        max(comparison.total_commits, len(commits)),
        is_reversed,
        comparison.behind_by if comparison.status == "diverged" else 0,
        len(files) >= MAX_FILES,
    )


def _to_revision(commit: ComparedCommitJson) -> RevisionMetadata:
    author = commit.commit.author or CommitAuthorJson()
    return RevisionMetadata(
        commit.sha, author.name, commit.commit.message, to_utc(author.date) if author.date else None
    )


async def _read_comparison(client: GitHubClient, repository: str, base: str, head: str) -> Comparison:
    return convert_json(await client.get_json(f"/repos/{repository}/compare/{base}...{head}"), Comparison)


def _compared_paths(comparison: Comparison) -> list[str]:
    files = comparison.files or []
    if comparison.files is None or len(files) >= MAX_FILES:
        raise InvalidResponse(f"GitHub lists only {MAX_FILES} of the files that differ")
    return [path for file in files for path in (file.filename, file.previous_filename) if path]

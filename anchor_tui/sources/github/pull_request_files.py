"""The files that a pull request changes, with their bytes at the merge base and at the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anchor_tui.domain.actions.repo_state import ProposedFile, PullRequestFiles
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.github.file_contents import read_file_at
from anchor_tui.sources.github.schema import convert_json
from anchor_tui.sources.worker_pool import call_concurrently

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_READ_FILES = 30
"""More changed files are counted, not read. A promotion or a rollback changes two."""
MAX_PARALLEL_READS = 6


class _CommitId(msgspec.Struct):
    sha: str


class _ListedFile(msgspec.Struct):
    filename: str
    status: str
    previous_filename: str | None = None


class _HeadComparison(msgspec.Struct):
    """`GET /repos/{owner}/{repo}/compare/{base}...{head}`: the changes of the head since the merge base."""

    merge_base_commit: _CommitId
    files: list[_ListedFile] | None = None


async def read_pull_request_files(client: GitHubClient, repository: str, base: str, head: str) -> PullRequestFiles:
    """Return the files that `head` changes since its merge base with `base`, two commits. Raises SourceError."""
    answer = await client.get_json(f"/repos/{repository}/compare/{base}...{head}")
    comparison = convert_json(answer, _HeadComparison)
    if comparison.files is None:
        raise InvalidResponse("GitHub does not list the files that the pull request changes")

    async def read(file: _ListedFile) -> ProposedFile:
        return await _read_changed_file(client, repository, file, comparison.merge_base_commit.sha, head)

    files = await call_concurrently(read, comparison.files[:MAX_READ_FILES], MAX_PARALLEL_READS)
    return PullRequestFiles(head, tuple(files), max(0, len(comparison.files) - MAX_READ_FILES))


async def _read_changed_file(
    client: GitHubClient, repository: str, file: _ListedFile, base: str, head: str
) -> ProposedFile:
    """Return one changed file. A submodule or a file that is too large has no content. Raises SourceError."""
    path, previous = file.filename, file.previous_filename or ""
    try:
        before = None if file.status == "added" else await read_file_at(client, repository, previous or path, base)
        after = None if file.status == "removed" else await read_file_at(client, repository, path, head)
    except InvalidResponse as error:
        return ProposedFile(path, previous_path=previous, error=error.message)
    return ProposedFile(path, before.content if before else None, after.content if after else None, previous)

"""An environment's releases further back than the poll reads: page by page, to the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.source_data import OpsRepoData, PastRelease
from anchor_tui.sources.github.pull_request_queries import HISTORY_PAGE_QUERY
from anchor_tui.sources.github.repo_files import RepoFiles
from anchor_tui.sources.github.schema import FileCommits, convert_json

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_PAGES = 20
"""Two thousand releases are years of them."""


class _HistoryTarget(msgspec.Struct):
    past: FileCommits | None = None


class _HistoryRef(msgspec.Struct):
    target: _HistoryTarget | None = None


class _HistoryRepository(msgspec.Struct):
    ref: _HistoryRef | None = None


class _HistoryResponse(msgspec.Struct):
    repository: _HistoryRepository | None = None


async def read_release_history(
    door: GitHubClient, config: Config, environment: EnvironmentConfig, repo: OpsRepoData
) -> tuple[PastRelease, ...]:
    """The whole history of one environment, newest first. Raises SourceError."""
    owner, _, name = repo.name.partition("/")
    files = RepoFiles(config)
    found: list[PastRelease] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        variables = {
            "owner": owner,
            "name": name,
            "ref": f"refs/heads/{config.github.branch}",
            "path": environment.release,
            "after": cursor,
        }
        answer = convert_json((await door.query(HISTORY_PAGE_QUERY, variables)).data, _HistoryResponse)
        target = answer.repository.ref.target if answer.repository and answer.repository.ref else None
        changes = target.past if target else None
        if changes is None:
            break
        found += [files.read_past_release(node, environment) for node in changes.nodes or () if node]
        if not changes.page_info.has_next_page or not changes.page_info.end_cursor:
            break
        cursor = changes.page_info.end_cursor
    return tuple(found)

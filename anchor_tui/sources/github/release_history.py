"""Every release of an environment back to its first one, read page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.source_data import OpsRepoData, PastRelease
from anchor_tui.sources.github.action_queries import HISTORY_PAGE_QUERY
from anchor_tui.sources.github.repo_files import RepoFiles
from anchor_tui.sources.github.schema import FileCommits, convert_json

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_PAGES = 20
"""Of 100 releases: years of them."""


class _HistoryTarget(msgspec.Struct):
    past: FileCommits | None = None


class _HistoryRef(msgspec.Struct):
    target: _HistoryTarget | None = None


class _HistoryRepository(msgspec.Struct):
    ref: _HistoryRef | None = None


class _HistoryResponse(msgspec.Struct):
    repository: _HistoryRepository | None = None


async def read_release_history(
    client: GitHubClient, config: Config, environment: EnvironmentConfig, repo: OpsRepoData
) -> tuple[PastRelease, ...]:
    """Return every release of one environment, newest first. Raises SourceError."""
    owner, _, name = repo.name.partition("/")
    files = RepoFiles(config)
    releases: list[PastRelease] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        variables = {
            "owner": owner,
            "name": name,
            "ref": f"refs/heads/{config.github.branch}",
            "path": environment.release,
            "after": cursor,
        }
        response = convert_json((await client.query(HISTORY_PAGE_QUERY, variables)).data, _HistoryResponse)
        ref = response.repository.ref if response.repository else None
        commits = ref.target.past if ref and ref.target else None
        if commits is None:
            break
        releases += [files.read_past_release(commit, environment) for commit in commits.read_all()]
        if not commits.page_info.has_next_page or not commits.page_info.end_cursor:
            break
        cursor = commits.page_info.end_cursor
    return tuple(releases)

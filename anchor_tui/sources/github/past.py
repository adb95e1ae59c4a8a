"""An environment's releases further back than the poll reads: page by page, to the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.source_data import OpsRepoData, PastRelease
from anchor_tui.sources.github.bench import MORE_HISTORY
from anchor_tui.sources.github.files import Files
from anchor_tui.sources.github.wire import Changes, convert

if TYPE_CHECKING:
    from anchor_tui.sources.github.door import Door

MOST_PAGES = 20
"""Two thousand releases are years of them."""


class _Target(msgspec.Struct):
    past: Changes | None = None


class _Ref(msgspec.Struct):
    target: _Target | None = None


class _Repository(msgspec.Struct):
    ref: _Ref | None = None


class _Answer(msgspec.Struct):
    repository: _Repository | None = None


async def read_past(
    door: Door, config: Config, environment: EnvironmentConfig, repo: OpsRepoData
) -> tuple[PastRelease, ...]:
    """The whole history of one environment, newest first. Raises SourceError."""
    owner, _, name = repo.name.partition("/")
    files = Files(config)
    found: list[PastRelease] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        variables = {
            "owner": owner,
            "name": name,
            "ref": f"refs/heads/{config.github.branch}",
            "path": environment.release,
            "after": cursor,
        }
        answer = convert((await door.query(MORE_HISTORY, variables)).data, _Answer)
        target = answer.repository.ref.target if answer.repository and answer.repository.ref else None
        changes = target.past if target else None
        if changes is None:
            break
        found += [files.past(node, environment) for node in changes.nodes or () if node]
        if not changes.page_info.has_next_page or not changes.page_info.end_cursor:
            break
        cursor = changes.page_info.end_cursor
    return tuple(found)

"""Reads what the ops repo contained at a revision, and what lies between two revisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import Release, SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.shared_client import SharedClient

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.commit_range import CommitRange
    from anchor_tui.sources.github.client import GitHubClient

T = TypeVar("T")


class RevisionReader:
    """An open connection to GitHub, opened with the first reading. Every method raises nothing."""

    def __init__(self, connections: Connections, now: Clock = utc_now) -> None:
        self._connections = connections
        self._now = now
        self._client = SharedClient(lambda: connections.connect_github(frozenset()))

    async def read_release(self, environment: str, revision: str) -> Reading[Release]:
        """Read the release of an environment as it was at a commit."""
        from anchor_tui.sources.github.file_contents import read_file_at
        from anchor_tui.sources.github.repo_files import parse_release_text

        config = self._connections.config
        found = next((known for known in config.environments if known.name == environment), None)
        if found is None:
            return Unavailable(SourceFailure("not-found", f"{environment} is not a configured environment"))
        path = found.release
        file = await self._read(lambda client: read_file_at(client, config.github.ops_repo, path, revision))
        if not isinstance(file, Fresh):
            return file
        if file.value is None:
            message = f"{path} does not exist at {shorten_revision(revision)} in {config.github.ops_repo}"
            return Unavailable(SourceFailure("not-found", message))
        release, problems = parse_release_text(file.value.content.decode(errors="replace"), path, config.release)
        if release is None:
            return Unavailable(SourceFailure("malformed", str(problems[0]) if problems else f"{path} is unreadable"))
        return Fresh(release, file.taken_at, file.fresh_until, problems)

    async def compare(self, base: str, head: str) -> Reading[CommitRange]:
        """Read the commits and files between two commits."""
        from anchor_tui.sources.github.commit_comparison import read_commit_range

        repository = self._connections.config.github.ops_repo
        return await self._read(lambda client: read_commit_range(client, repository, base, head))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _read(self, read: Callable[[GitHubClient], Awaitable[T]]) -> Fresh[T] | Unavailable:
        try:
            value = await read(await self._client.get())
        except SourceError as error:
            return Unavailable(error.failure)
        taken_at = self._now()
        return Fresh(value, taken_at, taken_at)

"""Reads one pull request for a screen or a command: each part is a Reading of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from anchor_tui.domain.inspection.pull_request_details import (
    JobLogTail,
    PullRequestDetails,
    PullRequestPatches,
    find_release_moves,
)
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.sources.errors import Forbidden, SourceError
from anchor_tui.sources.shared_client import SharedClient

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

T = TypeVar("T")
FRESH_FOR = timedelta(seconds=45)
"""The time after which a part that was not read again is stale."""


class PullRequestInspector:
    """An open connection for the parts of one pull request of the ops repo. The caller closes it.

    The connection is opened with the first part. Every method returns Fresh or Unavailable and raises nothing.
    """

    def __init__(self, connections: Connections, number: int, now: Clock = utc_now) -> None:
        self.number = number
        self._connections = connections
        self._repository = connections.config.github.ops_repo
        self._now = now
        self._client = SharedClient(self._open_client)

    async def read_details(self) -> Reading[PullRequestDetails]:
        """Read title, body, state, checks, reviews and commits."""
        from anchor_tui.sources.github.pull_request_reader import read_pull_request_details

        return await self._read(
            lambda client: read_pull_request_details(client, self._repository, self.number), "pull requests: read"
        )

    async def read_patches(self) -> Reading[PullRequestPatches]:
        """Read the changed files, and find the releases that they move."""
        from anchor_tui.sources.github.pull_request_reader import read_pull_request_patches

        releases = {found.release: found.name for found in self._connections.config.environments}

        async def read(client: GitHubClient) -> PullRequestPatches:
            files, is_complete = await read_pull_request_patches(client, self._repository, self.number)
            return PullRequestPatches(files, is_complete, find_release_moves(files, releases))

        return await self._read(read, "pull requests: read")

    async def read_job_log(self, job_id: int) -> Reading[JobLogTail]:
        """Read the last lines of a job of GitHub Actions."""
        from anchor_tui.sources.github.pull_request_reader import read_job_log

        return await self._read(lambda client: read_job_log(client, self._repository, job_id), "actions: read")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _open_client(self) -> GitHubClient:
        from anchor_tui.sources.github.inspection_queries import INSPECTION_QUERY_TEXTS

        return await self._connections.connect_github(INSPECTION_QUERY_TEXTS)

    async def _read(self, read: Callable[[GitHubClient], Awaitable[T]], permission: str) -> Fresh[T] | Unavailable:
        """Return what is read; `permission` is named if GitHub refuses without naming it."""
        try:
            value = await read(await self._client.get())
        except Forbidden as error:
            hint = "" if "the token needs" in error.message else f"; the token needs the permission {permission}"
            return Unavailable(Forbidden(f"{error.message}{hint}").failure)
        except SourceError as error:
            return Unavailable(error.failure)
        taken_at: datetime = self._now()
        return Fresh(value, taken_at, taken_at + FRESH_FOR)

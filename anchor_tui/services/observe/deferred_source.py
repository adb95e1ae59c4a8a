"""A source whose modules are loaded when it is read: the screen's first frame does not need GitHub's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from anchor_tui.domain.source_states import GITHUB_SOURCE_ID

if TYPE_CHECKING:
    from anchor_tui.domain.readings import Fresh, Reading
    from anchor_tui.domain.source_data import OpsRepoData
    from anchor_tui.sources.github.source import GitHubSource


class DeferredGitHubSource:
    """GitHub as a source, created by its first reading. Before that there is nothing to wake and nothing to compare."""

    id = GITHUB_SOURCE_ID
    kind = "github"

    def __init__(self, create: Callable[[], GitHubSource]) -> None:
        self._create = create
        self._source: GitHubSource | None = None

    async def read(self) -> Fresh[OpsRepoData]:
        """Read once. Raises SourceError."""
        return await self._get_source().read()

    async def run(self, publish: Callable[[Reading[OpsRepoData]], None]) -> None:
        """Publish readings until cancelled. Never raises SourceError."""
        await self._get_source().run(publish)

    def get_partial_reading(self, timeout_s: float) -> Fresh[OpsRepoData] | None:
        """Return what `read` had when it was ended after `timeout_s`; None if the branch was not read."""
        return self._source.get_partial_reading(timeout_s) if self._source else None

    def read_again(self) -> None:
        """Read now instead of after the pause."""
        if self._source is not None:
            self._source.read_again()

    def poll_now(self) -> None:
        """Poll now instead of after the pause, if the budget allows it."""
        if self._source is not None:
            self._source.poll_now()

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """Set the commits that Argo CD reports."""
        if self._source is not None:
            self._source.set_synced_revisions(revisions)

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[OpsRepoData] | None:
        """Return the last reading with these commits compared; None if there is nothing to compare."""
        return await self._source.read_comparisons(revisions) if self._source else None

    def _get_source(self) -> GitHubSource:
        if self._source is None:
            self._source = self._create()
        return self._source

"""The ops repo's source, loaded when it is first asked: its modules take 40 ms, and the first picture comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anchor_tui.domain.model import Fresh, Reading
    from anchor_tui.domain.source_data import OpsRepoData
    from anchor_tui.sources.github.source import GitHubSource


class LazyGitHubSource:
    """A `GitHubSource` as the reader knows it; what it is told before it is there is not needed then."""

    kind = "github"

    def __init__(self, id: str, make: Callable[[], GitHubSource]) -> None:  # noqa: A002 - as every source has it
        self.id = id
        self._make = make
        self._made: GitHubSource | None = None

    async def read(self) -> Fresh[OpsRepoData]:
        """As `GitHubSource.read`."""
        return await self._source.read()

    async def run(self, publish: Callable[[Reading[OpsRepoData]], None]) -> None:
        """As `GitHubSource.run`."""
        await self._source.run(publish)

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[OpsRepoData] | None:
        """As `GitHubSource.compared`."""
        return await self._source.read_comparisons(revisions)

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """As `GitHubSource.compare`."""
        if self._made is not None:
            self._made.set_synced_revisions(revisions)

    def read_again(self) -> None:
        """As `GitHubSource.read_again`: one that has not begun will read anyway."""
        if self._made is not None:
            self._made.read_again()

    @property
    def _source(self) -> GitHubSource:
        if self._made is None:
            self._made = self._make()
        return self._made

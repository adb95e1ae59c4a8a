"""An outside system as the observer uses it. `ArgoSource` and `GitHubSource` provide these protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from anchor_tui.domain.readings import Fresh, Reading


class DataSource(Protocol):
    """An outside system. `id` identifies it in snapshots; `kind` is "argocd" or "github"."""

    id: str
    kind: str

    async def read(self) -> Fresh[Any]:
        """Return one complete reading. Raises SourceError."""

    def get_partial_reading(self, timeout_s: float) -> Fresh[Any] | None:
        """Return what `read` had when it was cancelled after `timeout_s`; None if the required part is missing."""

    async def run(self, publish: Callable[[Reading[Any]], None]) -> None:
        """Publish readings until cancelled. Never raises SourceError."""

    def read_again(self) -> None:
        """Read now instead of after the pause."""


@runtime_checkable
class ComparingSource(Protocol):
    """A source that compares commits with the head of the branch."""

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """Set the commits to compare from now on."""

    def poll_now(self) -> None:
        """Read now instead of after the pause, if the budget allows it."""

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[Any] | None:
        """Return the last reading with these commits compared; None if there is nothing to compare."""

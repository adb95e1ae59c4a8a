"""The interface of the application controller for operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource


class OperationHost(Protocol):
    """The parts of the application controller that an operation needs."""

    applications: dict[tuple[str, str], ClusterApplication]
    sync_failures: dict[str, str]
    failing_hooks: dict[str, str]
    spec_errors: dict[str, str]

    def schedule(self, at: datetime, seconds: float, event_handler: Callable[[datetime], None]) -> None:
        """Call a function so many seconds after `at`."""
        ...

    def notify_changed(self, app: ClusterApplication, at: datetime) -> None:
        """Call the listeners of an application."""
        ...

    def compare_application(self, app: ClusterApplication, at: datetime) -> None:
        """Compare an application with git."""
        ...

    def render_revision(self, app: ClusterApplication, revision: str) -> tuple[RenderedResource, ...]:
        """Return the resources that a revision renders. Raises RenderError."""
        ...

    def is_sync_allowed(self, app: ClusterApplication, at: datetime, *, manual: bool) -> bool:
        """Report whether the sync windows allow a sync."""
        ...

    def roll_out(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Start the rollout of a new or changed object."""
        ...

    def finish_deletion(self, app: ClusterApplication, live: ClusterObject, at: datetime) -> None:
        """Remove an object whose deletion is over."""
        ...

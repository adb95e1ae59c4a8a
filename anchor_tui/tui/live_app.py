"""Base class of the application: the live data that screens bind to.

Screens and action flows depend on this class, not on the application that creates them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import App
from textual.reactive import reactive

from anchor_tui.domain.model import Snapshot

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.tui.targets import ActionTarget


class LiveApp(App[None]):
    """An application with the latest snapshot, the current time and the running actions."""

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

    def open_pull_request(self, number: int) -> None:
        """Show everything about a pull request."""
        raise NotImplementedError

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns."""
        raise NotImplementedError

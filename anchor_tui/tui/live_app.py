"""Base class of the application: the live data that screens bind to.

Screens and action flows depend on this class, not on the application that creates them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.reactive import reactive

from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.safe_app import SafeApp

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.tui.targets import ActionTarget


class LiveApp(SafeApp):
    """An application with the latest snapshot, the current time and the running actions."""

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns."""
        raise NotImplementedError

    def open_environment(self, name: str) -> None:
        """Open the screen of one environment."""
        raise NotImplementedError

    def open_commands(self, subject: object, environment: str) -> None:
        """List the shell commands about a value of a row; without a value, those about the environment."""
        raise NotImplementedError

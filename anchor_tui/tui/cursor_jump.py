"""The cursor's jump to the worst environment."""

from __future__ import annotations

from datetime import datetime, timedelta

from anchor_tui.domain.model import Environment, Level, Snapshot

CURSOR_JUMP_PERIOD = timedelta(seconds=10)
"""Time after the start in which the cursor may jump, unless the session is read-only."""


class CursorJump:
    """Chooses the environment that the cursor jumps to: once, soon after the start, until it is cancelled.

    In a read-only session, such as a wall display, the cursor follows the worst environment until it is cancelled.
    """

    def __init__(self) -> None:
        self._started_at: datetime | None = None
        self._is_over = False

    def cancel(self) -> None:
        """Prevent the jump, because the operator has chosen an environment."""
        self._is_over = True

    def choose_environment(self, snapshot: Snapshot, now: datetime) -> str | None:
        """Return the environment to jump to when every source has responded, otherwise None."""
        self._started_at = self._started_at or now
        if self._is_over or any(source.state == "asking" for source in snapshot.sources):
            return None
        worst = find_worst_environment(snapshot)
        if not snapshot.read_only:
            self._is_over = worst is not None or now - self._started_at > CURSOR_JUMP_PERIOD
        return worst.name if worst is not None else None


def find_worst_environment(snapshot: Snapshot) -> Environment | None:
    """Return the environment that the header names first, if it needs attention or is failing."""
    ranked = [
        (environment.verdict.level.rank, environment.protected, index)
        for index, environment in enumerate(snapshot.environments)
    ]
    worst = snapshot.environments[max(ranked)[2]] if ranked else None
    return worst if worst is not None and worst.verdict.level in {Level.ATTENTION, Level.FAILING} else None

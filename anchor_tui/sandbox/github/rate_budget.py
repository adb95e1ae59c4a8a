"""GitHub's hourly rate limits: points for GraphQL, requests for REST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from anchor_tui.sandbox.clock import Clock

HOUR = timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class HourlyBudget:
    """One rate limit. The hour begins with the first use."""

    resource: str
    clock: Clock
    limit: int = 5000
    used: int = 0
    _resets_at: datetime = NEVER

    def _start_new_hour(self) -> None:
        now = self.clock.now()
        if now >= self._resets_at:
            self.used, self._resets_at = 0, (now + HOUR).replace(microsecond=0)

    @property
    def remaining(self) -> int:
        """The rest until `reset_at`."""
        self._start_new_hour()
        return max(0, self.limit - self.used)

    @property
    def reset_at(self) -> datetime:
        """The time at which the budget is full again."""
        self._start_new_hour()
        return self._resets_at

    def spend(self, points: int = 1) -> bool:
        """Spend points; False if there are not enough."""
        if self.remaining < points:
            return False
        self.used += points
        return True

    @property
    def headers(self) -> dict[str, str]:
        """The response headers of the rate limit."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(self.reset_at.timestamp())),
            "x-ratelimit-resource": self.resource,
        }

"""Pauses between attempts: they grow after each failure, with jitter, and never end the attempts."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

MAX_RETRY_AFTER_S = 3600.0


@dataclass(slots=True)
class Backoff:
    """Pauses in seconds: `first`, doubled up to `longest`, each shortened by up to a fifth so that clients spread."""

    first: float = 1.0
    longest: float = 60.0
    _failures: int = field(default=0, init=False)

    def next_pause_s(self, retry_after_s: float | None = None) -> float:
        """Return the pause after another failure; at least `retry_after_s`, which counts up to an hour."""
        pause = min(self.longest, self.first * 2.0**self._failures) * random.uniform(0.8, 1.0)  # noqa: S311 - no secret
        self._failures = min(self._failures + 1, 30)
        return max(pause, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S))

    def reset(self) -> None:
        """Start over after a success."""
        self._failures = 0


async def sleep_until_woken(wake: asyncio.Event, seconds: float) -> bool:
    """Sleep until `wake` is set, at most for `seconds`. Return whether it was set; it is cleared then."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True

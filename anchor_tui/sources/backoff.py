"""When to ask again: growing pauses with jitter after failures, never giving up."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

MAX_RETRY_AFTER_S = 3600.0


@dataclass(slots=True)
class Backoff:
    """Pauses in seconds: `first`, doubling up to `longest`, each up to a fifth shorter so that clients spread out."""

    first: float = 1.0
    longest: float = 60.0
    _failures: int = field(default=0, init=False)

    def next_pause_s(self, asked_s: float | None = None) -> float:
        """The pause after one more failure; not shorter than what the server asked for, up to an hour."""
        pause = min(self.longest, self.first * 2.0**self._failures) * random.uniform(0.8, 1.0)  # noqa: S311
        self._failures = min(self._failures + 1, 30)
        return max(pause, min(asked_s or 0.0, MAX_RETRY_AFTER_S))

    def reset(self) -> None:
        """It went well."""
        self._failures = 0


async def sleep_until_woken(wake: asyncio.Event, seconds: float) -> bool:
    """Waits, but not once somebody asks for a reading now. True when it was cut short; the wake is consumed."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True

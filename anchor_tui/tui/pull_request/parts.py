"""The readings of one pull request that the panels show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from anchor_tui.domain.inspection.pull_request_details import JobLogTail, PullRequestDetails, PullRequestPatches
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable

T = TypeVar("T")


@dataclass(slots=True)
class PullRequestReadings:
    """Each part is None until it was read, and fails on its own."""

    details: Reading[PullRequestDetails] | None = None
    patches: Reading[PullRequestPatches] | None = None
    logs: dict[int, Reading[JobLogTail]] = field(default_factory=dict)
    """By the id of the job."""

    @property
    def pull(self) -> PullRequestDetails | None:
        """The pull request as it was last read."""
        return get_last_value(self.details)

    @property
    def files(self) -> PullRequestPatches | None:
        """The files as they were last read."""
        return get_last_value(self.patches)


def get_last_value(reading: Reading[T] | None) -> T | None:
    """Return the value of a reading, also if it is stale."""
    match reading:
        case Fresh(value=value):
            return value
        case Stale(last_good=value):
            return value
        case _:
            return None


def keep_last_value(before: Reading[T] | None, reading: Reading[T]) -> Reading[T]:
    """Return a new reading; a part that cannot be read any more keeps its last value as stale."""
    if isinstance(reading, Unavailable) and isinstance(before, Fresh | Stale):
        last = before.value if isinstance(before, Fresh) else before.last_good
        return Stale(last, before.taken_at, (), reading.error)
    return reading

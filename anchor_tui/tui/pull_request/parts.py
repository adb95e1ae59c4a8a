"""The readings of one pull request that the panels show."""

from __future__ import annotations

from dataclasses import dataclass, field

from anchor_tui.domain.inspection.pull_request_details import JobLogTail, PullRequestDetails, PullRequestPatches
from anchor_tui.domain.readings import Reading
from anchor_tui.domain.source_states import get_latest_value


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
        return get_latest_value(self.details)

    @property
    def files(self) -> PullRequestPatches | None:
        """The files as they were last read."""
        return get_latest_value(self.patches)

"""A workflow run as a plain value. `workflows` executes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from anchor_tui.sandbox.github.pull_requests import CheckConclusion, CheckTimings


@dataclass(slots=True)
class HostedWorkflowRun:
    """A dispatched run. `conclusion` is None until it is completed."""

    id: int
    number: int
    file: str
    branch: str
    head: str
    actor: str
    inputs: Mapping[str, str]
    created_at: datetime
    timings: CheckTimings
    fails: bool = False
    conclusion: CheckConclusion | None = None
    completed_at: datetime | None = None

    @property
    def started_at(self) -> datetime:
        """The time at which a runner starts it."""
        return self.created_at + self.timings.run_queued

    @property
    def due_at(self) -> datetime:
        """The time at which its work is done."""
        return self.started_at + self.timings.run_running

    def status(self, time: datetime) -> Literal["queued", "in_progress", "completed"]:
        """Return GitHub's status of the run at a time."""
        if self.conclusion:
            return "completed"
        return "queued" if time < self.started_at else "in_progress"

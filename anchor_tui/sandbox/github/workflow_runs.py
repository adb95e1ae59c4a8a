"""One run of a workflow, as a plain value. What it does is in `workflows`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from anchor_tui.sandbox.github.pull_requests import CheckConclusion, CheckTimings


@dataclass(slots=True)
class HostedWorkflowRun:
    """A run that somebody dispatched. `conclusion` stays None until its work is done."""

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
        """When a runner takes it."""
        return self.created_at + self.timings.run_queued

    @property
    def due_at(self) -> datetime:
        """When its work is done."""
        return self.started_at + self.timings.run_running

    def status(self, time: datetime) -> Literal["queued", "in_progress", "completed"]:
        """Where it stands."""
        if self.conclusion:
            return "completed"
        return "queued" if time < self.started_at else "in_progress"

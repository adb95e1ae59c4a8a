"""Jobs: plans that are being executed or are finished, with the progress of each step."""

from __future__ import annotations

from typing import Literal, TypeAlias

from anchor_tui.domain.actions.plan import Outcome, Plan
from anchor_tui.domain.model import AppId, AwareDatetime, ValueObject
from anchor_tui.domain.status_marks import StatusMark, get_state_mark

StepPhase: TypeAlias = Literal["waiting", "running", "done", "failed", "left", "unknown"]


class StepProgress(ValueObject, frozen=True):
    """The progress of one step. `at` is when its phase began, `note` the latest detail."""

    title: str
    writes: bool
    phase: StepPhase = "waiting"
    at: AwareDatetime | None = None
    note: str = ""

    @property
    def mark(self) -> StatusMark:
        """The mark of its phase."""
        return get_state_mark(self.phase)


class GroupProgress(ValueObject, frozen=True):
    """The progress of one step group."""

    subject: str
    steps: tuple[StepProgress, ...]
    application: AppId | None = None
    url: str = ""
    """The address of its pull request or workflow run, if there is one."""
    number: int | None = None
    """The number of its pull request, as soon as it exists."""

    @property
    def current(self) -> StepProgress | None:
        """The running step."""
        return next((step for step in self.steps if step.phase == "running"), None)


class Job(ValueObject, frozen=True):
    """A plan in execution. `outcome` is None until it is over."""

    plan: Plan
    began_at: AwareDatetime
    groups: tuple[GroupProgress, ...]
    outcome: Outcome | None = None

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.plan.id

    @property
    def is_over(self) -> bool:
        """True when the execution is over."""
        return self.outcome is not None

    @property
    def is_writing(self) -> bool:
        """True while a write is in flight."""
        return any(track.current is not None and track.current.writes for track in self.groups)

    @property
    def url(self) -> str:
        """The first address of its results or groups; empty if there is none yet."""
        result_urls = [result.url for result in self.outcome.results] if self.outcome else []
        return next(filter(None, [*result_urls, *(group.url for group in self.groups)]), "")

    def progress_text(self) -> str:
        """Return the running step in one line."""
        current = [(group, group.current) for group in self.groups if group.current]
        if not current:
            return self.plan.title
        group, step = current[0]
        number = f" (#{group.number})" if group.number and f"#{group.number}" not in self.plan.title else ""
        note = f": {step.note}" if step and step.note else ""
        more = f" (+{len(current) - 1})" if len(current) > 1 else ""
        return f"{self.plan.title}{number}: {step.title if step else group.subject}{note}{more}"

"""What is under way: each Plan that is being executed, step by step, as screens and command lines show it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from anchor_tui.domain.actions.plan import Outcome, Plan
from anchor_tui.domain.model import AppId, AwareDatetime, ValueObject
from anchor_tui.domain.status_marks import StatusMark, get_state_mark

StepPhase: TypeAlias = Literal["waiting", "running", "done", "failed", "left", "unknown"]


class StepProgress(ValueObject, frozen=True):
    """One step: what it does, how far it is, since when, and what is known of it."""

    title: str
    writes: bool
    phase: StepPhase = "waiting"
    at: AwareDatetime | None = None
    note: str = ""

    @property
    def mark(self) -> StatusMark:
        """Its glyph."""
        return get_state_mark(self.phase)


class GroupProgress(ValueObject, frozen=True):
    """The steps of one change."""

    subject: str
    steps: tuple[StepProgress, ...]
    application: AppId | None = None
    url: str = ""
    """Where people look at it: its pull request, once there is one."""

    @property
    def current(self) -> StepProgress | None:
        """The step that runs."""
        return next((each for each in self.steps if each.phase == "running"), None)


class Job(ValueObject, frozen=True):
    """A Plan that is being executed, or was. `outcome` is None as long as it is not over."""

    plan: Plan
    began_at: AwareDatetime
    groups: tuple[GroupProgress, ...]
    outcome: Outcome | None = None

    @property
    def id(self) -> str:
        """The Plan's."""
        return self.plan.id

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.outcome is not None

    @property
    def is_writing(self) -> bool:
        """Whether a request that changes something is on its way this moment."""
        return any(track.current is not None and track.current.writes for track in self.groups)

    @property
    def url(self) -> str:
        """Where people look at it; empty where there is nothing to look at yet."""
        told = [each.url for each in self.outcome.results] if self.outcome else []
        return next(filter(None, [*told, *(track.url for track in self.groups)]), "")

    def progress_text(self) -> str:
        """What runs now, in a line."""
        current = [(track, track.current) for track in self.groups if track.current]
        if not current:
            return self.plan.title
        track, step = current[0]
        note = f": {step.note}" if step and step.note else ""
        more = f" (+{len(current) - 1})" if len(current) > 1 else ""
        return f"{self.plan.title}: {step.title if step else track.subject}{note}{more}"

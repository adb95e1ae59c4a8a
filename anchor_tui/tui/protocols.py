"""The one writer as the screen knows it. Types only: what acts is loaded when something is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.executor import Consent


class ActionBackend(Protocol):
    """What the application needs of the one writer, which lives on the reader's thread."""

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """The Plan of an order, or why there is none."""

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """Executes a Plan and follows it to its end."""

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """What an environment can go back to."""

    def recover(self) -> Future[tuple[str, ...]]:
        """What earlier runs began and did not end, in words; what can be followed on is."""

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Hands over what is under way, on any thread, as it changes."""

    def finish_writes(self) -> Future[None]:
        """Done when no request that changes something is on its way; a moment at most."""

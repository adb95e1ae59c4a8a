"""Requirements of the screens on the background thread.

The module contains types only: the code that executes actions is imported when the first action starts.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.history.incidents import Incident, IncidentNote, IncidentReport, IncidentStatus
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.domain.history.release_runs import ReleaseRecord
    from anchor_tui.domain.model import Application, Snapshot
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.executor import Consent
    from anchor_tui.services.observe.inspect import ApplicationInspector
    from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

T = TypeVar("T")


class ActionBackend(Protocol):
    """Plan and execute actions on the background thread."""

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """Return the plan of an order, or why it is refused."""

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """Execute a plan and return its final outcome."""

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """Return the releases an environment ran before, newest first."""

    def read_release_record(self, environment: str) -> Future[ReleaseRecord]:
        """Return what the history knows about the releases of an environment."""

    def recover(self) -> Future[tuple[str, ...]]:
        """Resume the interrupted actions of earlier sessions, and return one line about each."""

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Call the listener with all jobs when one changes. It may be called on any thread."""

    def finish_writes(self) -> Future[None]:
        """Wait until no mutating request is in flight, for a short time at most."""


class IncidentBackend(Protocol):
    """Start, read and end incidents on a thread of their own. A future fails with HistoryError."""

    refusal: str
    """The reason why there are no incidents; empty if there are."""

    def watch(self, listener: Callable[[IncidentStatus], None]) -> None:
        """Call the listener with the running incident, now and when it changes. It may be called on any thread."""

    def start_incident(self, title: str) -> Future[tuple[Incident, bool]]:
        """Start an incident. Return the running one, and if it is new."""

    def add_note(self, number: int, text: str) -> Future[IncidentNote]:
        """Add a note to an incident."""

    def end_incident(self, number: int) -> Future[Incident]:
        """End an incident."""

    def read_report(self, number: int) -> Future[IncidentReport]:
        """Return what the history contains about an incident."""


class Backend(ActionBackend, Protocol):
    """Everything the application requires of the background thread."""

    @property
    def incidents(self) -> IncidentBackend:
        """The incidents of the estate. Their modules are loaded when they are asked for."""

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        """Call the listener with every snapshot, and `died` if none will follow. Both may be called on any thread."""

    def on_first_frame(self) -> None:
        """Notify the thread that the first frame is on the screen."""

    def inspect_pull_request(
        self, number: int, read: Callable[[PullRequestInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one pull request. Cancelling the future cancels its request."""

    def read_timeline(
        self, environments: tuple[str, ...], loaded: LoadedTimeline | None, older: bool
    ) -> Future[LoadedTimeline]:
        """Return the recorded changes of some environments, or of all: with what is new, or with older ones."""

    def read_again(self) -> None:
        """Read every source now."""

    def inspect(
        self, application: Application, read: Callable[[ApplicationInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one application's inside. Cancelling the future cancels its request."""

"""Base class of the application: the live data that screens bind to.

Screens and action flows depend on this class, not on the application that creates them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.keys import READ_ONLY_NOTE
from anchor_tui.tui.safe_app import SafeApp

if TYPE_CHECKING:
    from concurrent.futures import Future

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.domain.history.incidents import IncidentStatus
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.domain.model import AppId, Application
    from anchor_tui.services.observe.inspect import ApplicationInspector
    from anchor_tui.tui.targets import ActionTarget

T = TypeVar("T")


class LiveApp(SafeApp):
    """An application with the latest snapshot, the current time and the running actions."""

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    now: reactive[datetime | None] = reactive(None, repaint=False)
    jobs: reactive[tuple[Job, ...]] = reactive((), repaint=False)
    is_replay: ClassVar[bool] = False
    """True if the snapshots are recorded ones."""
    read_only_note: ClassVar[str] = READ_ONLY_NOTE
    """The reason why a read-only session is without actions."""

    def make_banner(self) -> Widget | None:
        """Return a new widget for the first line of a screen, if the session needs one."""
        return None

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable in this session, or an empty string."""
        del action_id
        return ""

    incident: reactive[IncidentStatus | None] = reactive(None, repaint=False)
    """The running incident, when the history was read."""

    def open_incident(self) -> None:
        """Start an incident, or show the one that is running."""
        raise NotImplementedError

    def open_pull_request(self, number: int) -> None:
        """Show everything about a pull request."""
        raise NotImplementedError

    def action_open_pull_request(self, number: object) -> None:
        """Show the pull request whose number was clicked. Anything but a number is ignored."""
        if type(number) is int and number > 0:
            self.open_pull_request(number)

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns."""
        raise NotImplementedError

    def start_resource_action(self, environment: str, application: AppId, node: ResourceNode) -> None:
        """Choose an action of a resource. Its dialog is in front when this returns."""
        raise NotImplementedError

    def inspect(
        self, application: Application, read: Callable[[ApplicationInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one application's inside on the background thread. Cancelling the future cancels it."""
        raise NotImplementedError

    def open_application(self, environment: str, application: Application, pane: str = "", resource: str = "") -> None:
        """Open the screen of an application, with a pane and a resource (by name) other than the usual ones."""
        raise NotImplementedError

    def read_timeline(
        self, environments: tuple[str, ...], loaded: LoadedTimeline | None, older: bool
    ) -> Future[LoadedTimeline]:
        """Return the recorded changes of some environments, or of all: with what is new, or with older ones."""
        raise NotImplementedError

    def open_environment(self, name: str) -> None:
        """Open the screen of one environment."""
        raise NotImplementedError

    def open_estate_diff(self) -> None:
        """Show every difference between git and the clusters."""
        raise NotImplementedError

    def open_commands(self, subject: object, environment: str) -> None:
        """List the shell commands about a value of a row; without a value, those about the environment."""
        raise NotImplementedError

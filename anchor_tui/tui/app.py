"""The application: receives snapshots from the background thread and binds its screens to them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.filter import LineFilter
from textual.screen import Screen

from anchor_tui.config.discovery import format_ignored_file
from anchor_tui.config.model import Config
from anchor_tui.config.suggestions import format_unknown_name
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.status_marks import supports_unicode
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.errors import UnknownThemeError
from anchor_tui.tui.key_actions import FLEET_OWNERS
from anchor_tui.tui.key_config import list_session_keys, make_keymap
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.protocols import Backend
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.operator_fleet import OperatorFleetScreen
from anchor_tui.tui.style import AsciiFilter, find_sheets, replace_colours
from anchor_tui.tui.watchdog import SnapshotWatchdog, mark_silent
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from concurrent.futures import Future

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.domain.history.incidents import IncidentStatus
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.domain.model import AppId, Application
    from anchor_tui.services.observe.inspect import ApplicationInspector
    from anchor_tui.tui.action_flows import ActionFlows
    from anchor_tui.tui.incident_flows import IncidentFlows
    from anchor_tui.tui.outside_notifier import OutsideNotifier
    from anchor_tui.tui.screen_opener import ScreenOpener
    from anchor_tui.tui.targets import ActionTarget

T = TypeVar("T")
EXIT_HANGUP = 129
"""Exit code when the terminal is gone: that of a program which SIGHUP ended."""
FREEZE_DELAY_S = 3.0
"""Time between the first frame and the moment at which what exists is excluded from garbage collection."""
RECOVERY_DELAY_S = 1.0
"""Time between the first frame and the recovery of interrupted actions."""
INCIDENT_DELAY_S = 0.5
"""Time between the first frame and the first look for a running incident."""
EXIT_READER_DIED = 3
"""Exit code when an internal error ended the background thread."""


def _load_palette() -> type[Provider]:
    from anchor_tui.tui.palette import FleetCommands

    return FleetCommands


class AnchorApp(LiveApp):
    """The operator's terminal. Only a new snapshot changes the data on the screen: no key shows a result in advance."""

    # The default screen's own sheet must be among the application's: Textual loads a screen's when it is pushed.
    CSS_PATH = find_sheets("app.tcss", "fleet.tcss")
    TITLE = "anchor-tui"
    COMMANDS: ClassVar = App.COMMANDS | {_load_palette}
    BINDINGS: ClassVar[list[BindingType]] = make_bindings("app")

    def __init__(
        self,
        config: Config,
        backend: Backend,
        clock: Callable[[], datetime],
        *,
        environment: str = "",
        theme: str = "",
        ascii_only: bool | None = None,
    ) -> None:
        super().__init__()
        self._config = config
        self._backend = backend
        self._clock = clock
        self._first_environment = environment
        self._ascii_only = ascii_only
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._has_terminal = False
        self._watchdog = SnapshotWatchdog(clock())
        self._silence: timedelta | None = None
        self.set_keymap(make_keymap(config.keys, is_replay=self.is_replay))
        if theme:
            if theme not in self.available_themes:
                raise UnknownThemeError(format_unknown_name("theme", theme, sorted(self.available_themes)))
            self.theme = theme
        self.set_reactive(LiveApp.now, clock())
        self.outside_notifier: OutsideNotifier | None = None
        """The notifications outside the screen. None: nothing is notified, as in a replay."""
        self._latest = build_snapshot(config, SourceReadings(), clock())
        """The latest snapshot of the reader. The screen shows it, or what is left of it when the reader is silent."""
        self.set_reactive(LiveApp.snapshot, self._latest)

    def get_default_screen(self) -> Screen[None]:
        """Return the fleet screen, so that the first frame is not empty."""
        names = tuple(environment.name for environment in self._config.environments)
        keys = list_session_keys(
            self._config.keys, FLEET_OWNERS, read_only=self._config.read_only, is_replay=self.is_replay
        )
        if self._config.read_only:
            screen = FleetScreen(names, keys.available, self._first_environment, keys.missing)
        else:
            screen = OperatorFleetScreen(names, keys.available, self._first_environment, self.start_action)
        return screen.data_bind(LiveApp.snapshot, LiveApp.now, LiveApp.jobs)

    def on_mount(self) -> None:
        """Start to listen, and report the first frame to the background thread."""
        self._event_loop = asyncio.get_running_loop()
        self._has_terminal = not self.is_headless and os.isatty(0)
        if self._has_terminal:
            self.set_timer(FREEZE_DELAY_S, self._collect_garbage_from_now_on)
        self.set_interval(1.0, self._tick)
        self.app_resume_signal.subscribe(self, lambda _: self._backend.read_again())
        self._backend.watch_jobs(self._on_jobs)
        self._backend.listen(self._on_snapshot, self._on_reader_died)
        self.call_after_refresh(self._backend.on_first_frame)
        if (ignored := self._config.ignored_path) is not None:
            self.notify(format_ignored_file(ignored, ignored.parent), severity="warning", timeout=20)
        # The delay begins with the first frame, which must not wait for SQLite on a slow machine.
        self.call_after_refresh(self.set_timer, INCIDENT_DELAY_S, lambda: start_worker(self, self._watch_incidents))
        if not self._config.read_only:
            self.set_timer(RECOVERY_DELAY_S, lambda: self.flows.start_recovery())

    def _collect_garbage_from_now_on(self) -> None:
        """Exclude modules and widgets, which last as long as the process: a full collection then fits into a frame.

        `run_tui` has disabled collections, because those during the start find nothing.
        """
        gc.freeze()
        gc.enable()

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours. With NO_COLOR they are shades in the order of severity."""
        variables = super().get_css_variables()
        if self.no_color:
            variables = self.theme_variables = replace_colours(variables)
        return variables

    def get_line_filters(self) -> list[LineFilter]:
        """Convert the screen to ASCII if the terminal is not UTF-8."""
        filters = list(super().get_line_filters())
        if self._ascii_only is None:
            self._ascii_only = not supports_unicode(sys.__stdout__.encoding if sys.__stdout__ else None)
        return [*filters, AsciiFilter()] if self._ascii_only else filters

    # --- data from the background thread -------------------------------------------------------------

    def _call_on_loop(self, callback: Callable[..., object], *args: object) -> None:
        """Schedule a callback on the application's loop, without waiting for it. Called on the background thread."""
        if self._event_loop is not None and not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(self._call_guarded, callback, *args)

    def _call_guarded(self, callback: Callable[..., object], *args: object) -> None:
        """Call a callback. An exception would only reach the loop's log, and the old data would stay."""
        try:
            callback(*args)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(f"not everything is up to date: {format_internal_error(error)}", error)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._call_on_loop(self._apply_snapshot, snapshot)
        if self.outside_notifier is not None:
            self.outside_notifier.update(snapshot)

    def _on_jobs(self, jobs: tuple[Job, ...]) -> None:
        self._call_on_loop(self._apply_jobs, jobs)

    def _on_reader_died(self) -> None:
        self._call_on_loop(self.exit, None, EXIT_READER_DIED)

    def show_warning(self, message: str) -> None:
        """Show a warning. It can be called on any thread, after the first frame."""
        self._call_on_loop(self._notify_warning, message)

    def _notify_warning(self, message: str) -> None:
        self.notify(message, severity="warning", timeout=20)

    def _apply_snapshot(self, snapshot: Snapshot) -> None:
        if self.is_running:  # otherwise the screen is closing
            self.now = self._clock()
            self._watchdog.reset(self.now)
            self._silence = None
            self.snapshot = self._latest = snapshot

    async def _watch_incidents(self) -> None:
        """Watch for a running incident. The modules that read the history are loaded on another thread."""
        await asyncio.to_thread(lambda: self._backend.incidents.watch(self._on_incident))

    def _on_incident(self, status: IncidentStatus) -> None:
        self._call_on_loop(self._apply_incident, status)

    def _apply_incident(self, status: IncidentStatus) -> None:
        if self.is_running:
            self.now = self._clock()
            self.incident = status

    def _apply_jobs(self, jobs: tuple[Job, ...]) -> None:
        if self.is_running:
            self.now = self._clock()
            self.jobs = jobs

    def _tick(self) -> None:
        if self._has_terminal and not os.isatty(0):
            # The terminal is gone and no SIGHUP arrived: it was ignored, or stopped at a parent such as make. Textual
            # would read the closed terminal for ever, and its normal exit writes to it.
            os._exit(EXIT_HANGUP)
        self.now = self._clock()
        self._call_guarded(self._check_silence)

    def _check_silence(self) -> None:
        """Show everything as stale if the reader has published nothing for some time."""
        assert self.now is not None
        if (silence := self._watchdog.measure_silence(self.now)) != self._silence and silence is not None:
            self._silence = silence
            self.snapshot = mark_silent(self._latest, silence)

    # --- actions -------------------------------------------------------------------------------------

    @cached_property
    def flows(self) -> ActionFlows:
        """The action flows, imported when the first action starts."""
        from anchor_tui.tui.action_flows import ActionFlows

        return ActionFlows(self, self._backend, self._config.environments)

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns."""
        self.flows.start_action(action, target)

    def start_resource_action(self, environment: str, application: AppId, node: ResourceNode) -> None:
        """Choose an action of a resource. Its dialog is in front when this returns."""
        self.flows.start_resource_action(environment, application, node)

    def inspect(
        self, application: Application, read: Callable[[ApplicationInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one application's inside on the background thread. Cancelling the future cancels it."""
        return self._backend.inspect(application, read)

    @cached_property
    def incident_flows(self) -> IncidentFlows:
        """The dialogs of incidents, imported when they are used first."""
        from anchor_tui.tui.incident_flows import IncidentFlows

        return IncidentFlows(self, self._backend.incidents, self._config)

    def read_timeline(
        self, environments: tuple[str, ...], loaded: LoadedTimeline | None, older: bool
    ) -> Future[LoadedTimeline]:
        """Return the recorded changes of some environments, or of all: with what is new, or with older ones."""
        return self._backend.read_timeline(environments, loaded, older)

    # --- screens -------------------------------------------------------------------------------------

    @cached_property
    def _opener(self) -> ScreenOpener:
        """The screens of one thing, imported when the first one is opened."""
        from anchor_tui.tui.screen_opener import ScreenOpener

        return ScreenOpener(self, self._backend, self._config)

    def open_application(self, environment: str, application: Application, pane: str = "", resource: str = "") -> None:
        """Open the screen of an application, with a pane and a resource (by name) other than the usual ones."""
        self._opener.open_application(environment, application, pane, resource)

    def open_environment(self, name: str) -> None:
        """Open the screen of one environment."""
        self._opener.open_environment(name)

    def open_pull_request(self, number: int) -> None:
        """Show everything about a pull request."""
        self._opener.open_pull_request(number)

    def open_estate_diff(self) -> None:
        """Show every difference between git and the clusters."""
        self._opener.open_estate_diff()

    def open_incident(self) -> None:
        """Start an incident, or show the one that is running."""
        self.incident_flows.open()

    def open_commands(self, subject: object, environment: str) -> None:
        """List the shell commands about a value of a row; without a value, those about the environment."""
        self._opener.open_commands(subject, environment)

    def action_read_again(self) -> None:
        """Read every source now."""
        self._backend.read_again()
        self.notify("Reading Argo CD and GitHub…", timeout=2)

    async def action_quit(self) -> None:
        """Quit; ask first if an action is running."""
        if any(not job.is_over for job in self.jobs):
            self.flows.start_quit()
        else:
            self.exit()

    def action_suspend_process(self) -> None:
        """Suspend the process as soon as no request is in flight; in a text editor, undo the last edit instead."""
        if (undo := getattr(self.focused, "action_undo", None)) is not None:
            undo()
        elif self._driver is None or not self._driver.can_suspend:
            self.notify("this terminal cannot suspend a program", severity="warning")
        else:
            start_worker(self, self._suspend, group="suspend", exclusive=True)

    async def _suspend(self) -> None:
        if any(not job.is_over for job in self.jobs):
            await asyncio.wrap_future(self._backend.finish_writes())
        self._suspend_signal()
        # The whole process group, as the terminal does it: the parent may be uv or make. Textual handles the signal.
        os.killpg(0, signal.SIGTSTP)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return Textual's own palette commands that the registry of keys does not contain."""
        for command in super().get_system_commands(screen):
            if command.title in {"Theme", "Screenshot"}:
                yield command

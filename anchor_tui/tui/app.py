"""The application: takes snapshots in, hands them down, and turns keys into what the screens do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.reactive import reactive
from textual.screen import Screen

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Level, Snapshot
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.status_marks import supports_unicode
from anchor_tui.tui.actor import Actor
from anchor_tui.tui.appearance import PlainAscii, styles_folder
from anchor_tui.tui.keys import ENVIRONMENT_KEYS, with_keys
from anchor_tui.tui.launch import UnknownThemeError
from anchor_tui.tui.screens.fleet import FleetScreen

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId, Plan
    from anchor_tui.tui.acting import Flows

START = timedelta(seconds=10)
"""How long after the start the cursor may still go to what is worst by itself."""
HUNG_UP = 129
"""Exit code where the terminal is gone: that of a program which SIGHUP ended."""
RECOVER_AFTER_S = 1.0
"""How long after the first picture it is looked what earlier runs left behind."""
READER_DIED = 3
"""Exit code: nothing could be read any more, by a fault of ours."""


class Reader(Actor, Protocol):
    """What the application needs of the running reader, and of the writer beside it."""

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        """Hands over each snapshot, on any thread; says so if there will be none any more."""

    def painted(self) -> None:
        """The first frame is on the screen."""

    def read_again(self) -> None:
        """Asks every source now."""


class AnchorApp(App[None]):
    """The operator's terminal. Only a new Snapshot moves what is shown; no key paints ahead of it."""

    # The default screen's own sheet must be among the application's: Textual loads a screen's when it is pushed.
    CSS_PATH: ClassVar = [str(styles_folder() / sheet) for sheet in ("app.tcss", "fleet.tcss")]
    ENABLE_COMMAND_PALETTE = True
    TITLE = "anchor-tui"
    COMMANDS: ClassVar = {lambda: _estate_commands()}
    BINDINGS: ClassVar[list[BindingType]] = []

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

    def __init__(
        self,
        config: Config,
        reader: Reader,
        clock: Callable[[], datetime],
        *,
        environment: str = "",
        theme: str = "",
        ascii_only: bool | None = None,
    ) -> None:
        super().__init__()
        self._config = config
        self._reader = reader
        self._clock = clock
        self._begin_with = environment
        self._moved = bool(environment)
        self._began = clock()
        self._ascii_only = ascii_only
        self.actions = with_keys(config.keys, read_only=config.read_only)
        for action in self.actions:
            for key in action.keys:
                name = f"environment('{key}')" if action.id == "environment" else action.call
                self._bindings.bind(key, name, action.title, show=False, priority=key in {"tab", "shift+tab"})
        if theme:
            if theme not in self.available_themes:
                raise UnknownThemeError(
                    f"there is no theme {theme!r}; there are {', '.join(sorted(self.available_themes))}"
                )
            self.theme = theme
        self.set_reactive(AnchorApp.now, clock())
        self.set_reactive(AnchorApp.snapshot, build_snapshot(config, SourceReadings(), clock()))

    def get_default_screen(self) -> Screen[None]:
        """The fleet, at once: no empty screen before it."""
        names = tuple(each.name for each in self._config.environments)
        first = self._begin_with or (names[0] if names else "")
        return FleetScreen(names, self.actions, first).data_bind(AnchorApp.snapshot, AnchorApp.now, AnchorApp.jobs)

    def on_mount(self) -> None:
        """Begins to listen; says when the first frame is out."""
        self._has_terminal = not self.is_headless and os.isatty(0)
        self.set_interval(1.0, self._tick)
        self._reader.watch_jobs(self._hear_jobs)
        self._reader.listen(self._hear, self._mourn)
        self.call_after_refresh(self._reader.painted)
        if not self._config.read_only:
            self.set_timer(RECOVER_AFTER_S, lambda: self.flows.recover())

    def get_line_filters(self) -> list[LineFilter]:
        """Plain ASCII where the terminal is not UTF-8."""
        filters = list(super().get_line_filters())
        if self._ascii_only is None:
            self._ascii_only = not supports_unicode(sys.__stdout__.encoding if sys.__stdout__ else None)
        return [*filters, PlainAscii()] if self._ascii_only else filters

    # --- data in -----------------------------------------------------------------------------------

    def _hear(self, snapshot: Snapshot) -> None:
        """On the reader's thread: hands over to ours, without waiting for it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, snapshot)

    @cached_property
    def flows(self) -> Flows:
        """From a key to an outcome; loaded when something is done, not before."""
        from anchor_tui.tui.acting import Flows

        return Flows(self, self._reader)

    def _hear_jobs(self, jobs: tuple[Job, ...]) -> None:
        """On the reader's thread: what is under way has moved."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take_jobs, jobs)

    def _take_jobs(self, jobs: tuple[Job, ...]) -> None:
        if not self.is_running:  # it is closing: there is nothing to draw on any more
            return
        self.now = self._clock()
        self.jobs = jobs

    def _mourn(self) -> None:
        """On the reader's thread: without a reader there is nothing true to show."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.exit, None, READER_DIED)

    def _take(self, snapshot: Snapshot) -> None:
        if not self.is_running:
            return
        self.now = self._clock()
        self.snapshot = snapshot
        self._go_to_worst(snapshot)

    def _go_to_worst(self, snapshot: Snapshot) -> None:
        """Once, soon after the start and before anybody has moved: to what is worst, when that is known."""
        if self._moved or any(source.state == "asking" for source in snapshot.sources):
            return
        ranked = [(each.verdict.level.rank, each.protected, i) for i, each in enumerate(snapshot.environments)]
        worst = snapshot.environments[max(ranked)[2]] if ranked else None  # as the top line names it first
        known_bad = worst is not None and worst.verdict.level in {Level.ATTENTION, Level.FAILING}
        if known_bad and worst is not None and self.fleet is not None:
            self.fleet.environment = worst.name
        self._moved = known_bad or self._clock() - self._began > START

    def _tick(self) -> None:
        if self._has_terminal and not os.isatty(0):
            # SIGHUP was ignored, or stopped at a parent such as make; Textual would read the dead terminal for ever,
            # and its way out writes to it.
            os._exit(HUNG_UP)
        self.now = self._clock()

    # --- keys --------------------------------------------------------------------------------------

    @property
    def fleet(self) -> FleetScreen | None:
        """The fleet, where it is in front."""
        return self.screen if isinstance(self.screen, FleetScreen) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that does not work here and now does nothing."""
        if action == "act":
            return self.fleet is not None and not self.fleet.why_not(str(parameters[0]))
        if not any(each.call == action for each in self.actions):
            return True
        if action in {"quit", "help", "palette"}:
            return True
        return self.fleet is not None and not self.fleet.why_not(action.replace("_", "-"))

    def _with_fleet(self, do: Callable[[FleetScreen], None]) -> None:
        self._moved = True
        if self.fleet is not None:
            do(self.fleet)

    def action_act(self, action: ActionId) -> None:
        """One of the actions: a Plan first, and nothing without it."""
        if (fleet := self.fleet) is not None:
            self._moved = True
            aim, fleet.selected = fleet.aim, frozenset()
            self.flows.begin(action, aim)

    def action_select(self) -> None:
        """Marks the highlighted application, or takes the mark away."""
        self._with_fleet(lambda fleet: fleet.toggle_selection())

    def show_progress(self, plan: Plan) -> None:
        """Follows a Plan that is being executed, step by step."""
        from anchor_tui.tui.screens.progress import ProgressScreen

        self.push_screen(ProgressScreen(plan.id, plan.title).data_bind(AnchorApp.jobs, AnchorApp.now))

    def hide_progress(self, plan_id: str) -> None:
        """Takes its progress away, where it is in front."""
        from anchor_tui.tui.screens.progress import ProgressScreen

        if isinstance(self.screen, ProgressScreen) and self.screen.job_id == plan_id:
            self.pop_screen()

    def action_read_again(self) -> None:
        """Asks every source now."""
        self._reader.read_again()
        self.notify("Asking Argo CD and GitHub…", timeout=2, markup=False)

    async def action_filter(self) -> None:
        """Opens the filter."""
        self._moved = True
        if self.fleet is not None:
            await self.fleet.open_filter()

    async def action_back(self) -> None:
        """Closes what is open."""
        if self.fleet is not None:
            await self.fleet.go_back()

    def action_show_all(self) -> None:
        """Rows of every environment or of one."""

        def toggle(fleet: FleetScreen) -> None:
            fleet.show_all = not fleet.show_all

        self._with_fleet(toggle)

    def action_next_row(self) -> None:
        """Down."""
        self._with_fleet(lambda fleet: fleet.move_row(1))

    def action_previous_row(self) -> None:
        """Up."""
        self._with_fleet(lambda fleet: fleet.move_row(-1))

    def action_first_row(self) -> None:
        """To the top."""
        self._with_fleet(lambda fleet: fleet.move_row(-1_000_000))

    def action_last_row(self) -> None:
        """To the bottom."""
        self._with_fleet(lambda fleet: fleet.move_row(1_000_000))

    def action_next_page(self) -> None:
        """A screenful down."""
        self._with_fleet(lambda fleet: fleet.move_row(fleet.grid.page))

    def action_previous_page(self) -> None:
        """A screenful up."""
        self._with_fleet(lambda fleet: fleet.move_row(-fleet.grid.page))

    def action_next_pane(self) -> None:
        """The next pane."""
        self._with_fleet(lambda fleet: fleet.move_pane(1))

    def action_previous_pane(self) -> None:
        """The pane before."""
        self._with_fleet(lambda fleet: fleet.move_pane(-1))

    def action_next_environment(self) -> None:
        """The next environment."""
        self._with_fleet(lambda fleet: fleet.move_environment(1))

    def action_previous_environment(self) -> None:
        """The environment before."""
        self._with_fleet(lambda fleet: fleet.move_environment(-1))

    def action_environment(self, number: str) -> None:
        """An environment by its number, counted from 1."""
        names = [each.name for each in self._config.environments]
        if number in ENVIRONMENT_KEYS[: len(names)]:
            self.choose_environment(names[ENVIRONMENT_KEYS.index(number)])

    def choose_environment(self, name: str) -> None:
        """Highlights an environment."""

        def choose(fleet: FleetScreen) -> None:
            fleet.environment = name

        self._with_fleet(choose)

    def action_browser(self) -> None:
        """Opens the highlighted row's address; only web addresses are opened."""
        row = self.fleet.highlighted if self.fleet else None
        if row and row.url and row.url.startswith(("https://", "http://")):
            self.open_url(row.url)
            self.notify(row.url, title="Opened", timeout=4, markup=False)

    def action_open(self) -> None:
        """Everything about what is highlighted, with room to read it; of one's own actions their steps."""
        from anchor_tui.tui.screens.detail import DetailScreen

        row = self.fleet.highlighted if self.fleet else None
        if row is not None and (job := next((each for each in self.jobs if each.id == row.key), None)) is not None:
            self.show_progress(job.plan)
        elif row is not None and self.now is not None:
            self.push_screen(DetailScreen(row, self.now))

    def action_copy(self) -> None:
        """Copies what the highlighted row stands for."""
        row = self.fleet.highlighted if self.fleet else None
        if row and row.copied:
            self.copy_to_clipboard(row.copied)
            self.notify(row.copied, title="Copied", timeout=3, markup=False)

    def action_help(self) -> None:
        """Every key, and whether it works here and now."""
        from anchor_tui.tui.screens.help import HelpScreen, Line

        if self.fleet is not None:
            fleet = self.fleet
            self.push_screen(HelpScreen([Line(action, fleet.why_not(action.id)) for action in self.actions]))

    def action_palette(self) -> None:
        """Finds everything by name."""
        self.action_command_palette()

    async def action_quit(self) -> None:
        """Leaves at once; where something runs from here, says so first."""
        if any(not job.is_over for job in self.jobs):
            self.flows.leave()
        else:
            self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, less those that are ours under another name."""
        for command in super().get_system_commands(screen):
            if command.title in {"Theme", "Screenshot"}:
                yield command


def _estate_commands() -> type:
    from anchor_tui.tui.commands import EstateCommands

    return EstateCommands

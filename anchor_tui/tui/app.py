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
from anchor_tui.domain.urls import is_web_url
from anchor_tui.tui.keys import ENVIRONMENT_KEYS, apply_key_config
from anchor_tui.tui.launch import UnknownThemeError
from anchor_tui.tui.protocols import ActionBackend
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.style import AsciiFilter, find_styles_folder

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId, Plan
    from anchor_tui.tui.action_flows import ActionFlows

CURSOR_JUMP_PERIOD = timedelta(seconds=10)
"""How long after the start the cursor may still go to what is worst by itself."""
EXIT_HANGUP = 129
"""Exit code where the terminal is gone: that of a program which SIGHUP ended."""
RECOVERY_DELAY_S = 1.0
"""How long after the first picture it is looked what earlier runs left behind."""
EXIT_READER_DIED = 3
"""Exit code: nothing could be read any more, by a fault of ours."""


class Backend(ActionBackend, Protocol):
    """What the application needs of the running reader, and of the writer beside it."""

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        """Hands over each snapshot, on any thread; says so if there will be none any more."""

    def on_first_frame(self) -> None:
        """The first frame is on the screen."""

    def read_again(self) -> None:
        """Asks every source now."""


class AnchorApp(App[None]):
    """The operator's terminal. Only a new Snapshot moves what is shown; no key paints ahead of it."""

    # The default screen's own sheet must be among the application's: Textual loads a screen's when it is pushed.
    CSS_PATH: ClassVar = [str(find_styles_folder() / sheet) for sheet in ("app.tcss", "fleet.tcss")]
    ENABLE_COMMAND_PALETTE = True
    TITLE = "anchor-tui"
    COMMANDS: ClassVar = {lambda: _load_palette()}
    BINDINGS: ClassVar[list[BindingType]] = []

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

    def __init__(
        self,
        config: Config,
        reader: Backend,
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
        self._first_environment = environment
        self._cursor_moved = bool(environment)
        self._started_at = clock()
        self._ascii_only = ascii_only
        self.actions = apply_key_config(config.keys, read_only=config.read_only)
        for action in self.actions:
            for key in action.keys:
                name = f"environment('{key}')" if action.id == "environment" else action.textual_action
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
        first = self._first_environment or (names[0] if names else "")
        return FleetScreen(names, self.actions, first).data_bind(AnchorApp.snapshot, AnchorApp.now, AnchorApp.jobs)

    def on_mount(self) -> None:
        """Begins to listen; says when the first frame is out."""
        self._has_terminal = not self.is_headless and os.isatty(0)
        self.set_interval(1.0, self._tick)
        self._reader.watch_jobs(self._on_jobs)
        self._reader.listen(self._on_snapshot, self._on_reader_died)
        self.call_after_refresh(self._reader.on_first_frame)
        if not self._config.read_only:
            self.set_timer(RECOVERY_DELAY_S, lambda: self.flows.start_recovery())

    def get_line_filters(self) -> list[LineFilter]:
        """Plain ASCII where the terminal is not UTF-8."""
        filters = list(super().get_line_filters())
        if self._ascii_only is None:
            self._ascii_only = not supports_unicode(sys.__stdout__.encoding if sys.__stdout__ else None)
        return [*filters, AsciiFilter()] if self._ascii_only else filters

    # --- data in -----------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        """On the reader's thread: hands over to ours, without waiting for it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._apply_snapshot, snapshot)

    @cached_property
    def flows(self) -> ActionFlows:
        """From a key to an outcome; loaded when something is done, not before."""
        from anchor_tui.tui.action_flows import ActionFlows

        return ActionFlows(self, self._reader)

    def _on_jobs(self, jobs: tuple[Job, ...]) -> None:
        """On the reader's thread: what is under way has moved."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._apply_jobs, jobs)

    def _apply_jobs(self, jobs: tuple[Job, ...]) -> None:
        if not self.is_running:  # it is closing: there is nothing to draw on any more
            return
        self.now = self._clock()
        self.jobs = jobs

    def _on_reader_died(self) -> None:
        """On the reader's thread: without a reader there is nothing true to show."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.exit, None, EXIT_READER_DIED)

    def _apply_snapshot(self, snapshot: Snapshot) -> None:
        if not self.is_running:
            return
        self.now = self._clock()
        self.snapshot = snapshot
        self._highlight_worst(snapshot)

    def _highlight_worst(self, snapshot: Snapshot) -> None:
        """Once, soon after the start and before anybody has moved: to what is worst, when that is known."""
        if self._cursor_moved or any(source.state == "asking" for source in snapshot.sources):
            return
        ranked = [(each.verdict.level.rank, each.protected, i) for i, each in enumerate(snapshot.environments)]
        worst = snapshot.environments[max(ranked)[2]] if ranked else None  # as the top line names it first
        known_bad = worst is not None and worst.verdict.level in {Level.ATTENTION, Level.FAILING}
        if known_bad and worst is not None and self.fleet_screen is not None:
            self.fleet_screen.environment = worst.name
        self._cursor_moved = known_bad or self._clock() - self._started_at > CURSOR_JUMP_PERIOD

    def _tick(self) -> None:
        if self._has_terminal and not os.isatty(0):
            # SIGHUP was ignored, or stopped at a parent such as make; Textual would read the dead terminal for ever,
            # and its way out writes to it.
            os._exit(EXIT_HANGUP)
        self.now = self._clock()

    # --- keys --------------------------------------------------------------------------------------

    @property
    def fleet_screen(self) -> FleetScreen | None:
        """The fleet, where it is in front."""
        return self.screen if isinstance(self.screen, FleetScreen) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that does not work here and now does nothing."""
        if action == "act":
            return self.fleet_screen is not None and not self.fleet_screen.explain_unavailable(str(parameters[0]))
        if not any(each.textual_action == action for each in self.actions):
            return True
        if action in {"quit", "help", "palette"}:
            return True
        return self.fleet_screen is not None and not self.fleet_screen.explain_unavailable(action.replace("_", "-"))

    def _with_fleet(self, do: Callable[[FleetScreen], None]) -> None:
        self._cursor_moved = True
        if self.fleet_screen is not None:
            do(self.fleet_screen)

    def action_act(self, action: ActionId) -> None:
        """One of the actions: a Plan first, and nothing without it."""
        if (fleet := self.fleet_screen) is not None:
            self._cursor_moved = True
            aim, fleet.selected = fleet.target, frozenset()
            self.flows.start_action(action, aim)

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
        self._cursor_moved = True
        if self.fleet_screen is not None:
            await self.fleet_screen.open_filter()

    async def action_back(self) -> None:
        """Closes what is open."""
        if self.fleet_screen is not None:
            await self.fleet_screen.go_back()

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
        self._with_fleet(lambda fleet: fleet.move_row(fleet.active_list.page_size))

    def action_previous_page(self) -> None:
        """A screenful up."""
        self._with_fleet(lambda fleet: fleet.move_row(-fleet.active_list.page_size))

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
        row = self.fleet_screen.highlighted_row if self.fleet_screen else None
        if row and is_web_url(row.url):
            self.open_url(row.url)
            self.notify(row.url, title="Opened", timeout=4, markup=False)

    def action_open(self) -> None:
        """Everything about what is highlighted, with room to read it; of one's own actions their steps."""
        from anchor_tui.tui.screens.detail import DetailScreen

        row = self.fleet_screen.highlighted_row if self.fleet_screen else None
        if row is not None and (job := next((each for each in self.jobs if each.id == row.key), None)) is not None:
            self.show_progress(job.plan)
        elif row is not None and self.now is not None:
            self.push_screen(DetailScreen(row, self.now))

    def action_copy(self) -> None:
        """Copies what the highlighted row stands for."""
        row = self.fleet_screen.highlighted_row if self.fleet_screen else None
        if row and row.clipboard_text:
            self.copy_to_clipboard(row.clipboard_text)
            self.notify(row.clipboard_text, title="Copied", timeout=3, markup=False)

    def action_help(self) -> None:
        """Every key, and whether it works here and now."""
        from anchor_tui.tui.screens.help import HelpEntry, HelpScreen

        if self.fleet_screen is not None:
            fleet = self.fleet_screen
            self.push_screen(
                HelpScreen([HelpEntry(action, fleet.explain_unavailable(action.id)) for action in self.actions])
            )

    def action_palette(self) -> None:
        """Finds everything by name."""
        self.action_command_palette()

    async def action_quit(self) -> None:
        """Leaves at once; where something runs from here, says so first."""
        if any(not job.is_over for job in self.jobs):
            self.flows.start_quit()
        else:
            self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, less those that are ours under another name."""
        for command in super().get_system_commands(screen):
            if command.title in {"Theme", "Screenshot"}:
                yield command


def _load_palette() -> type:
    from anchor_tui.tui.palette import FleetCommands

    return FleetCommands

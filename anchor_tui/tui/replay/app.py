"""The application that shows a recording: the same screens, marked as past, and without an action."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.moments import EXAMPLES, MomentError, parse_moment
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.recording import find_change, find_place
from anchor_tui.services.recording.replay import NOT_RECORDED, ReplayThread
from anchor_tui.tui.app import AnchorApp
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.cursor_jump import find_worst_environment
from anchor_tui.tui.keys import REPLAY_NOTE
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.replay.banner import ReplayBanner
from anchor_tui.tui.replay.position import ReplayClock, ReplayPosition
from anchor_tui.tui.workers import start_worker

LIVE_ACTIONS = {
    "estate-diff": NOT_RECORDED,
    "read-again": "a replay reads nothing",
    "incident": "incidents belong to the present",
}
"""The actions that need servers, each with the reason why a replay lacks it."""


class ReplayApp(AnchorApp):
    """Shows one snapshot of a series after another. Its time is that of the snapshot, so ages are those of that time.

    Steps count from the snapshot that was asked for last: keys may be pressed faster than snapshots are loaded.
    """

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("replay")
    is_replay = True
    read_only_note = REPLAY_NOTE

    position: reactive[ReplayPosition | None] = reactive(None, repaint=False)

    def __init__(
        self,
        config: Config,
        backend: ReplayThread,
        first: Snapshot,
        place: int,
        wall_clock: Callable[[], datetime],
        *,
        environment: str = "",
        theme: str = "",
        ascii_only: bool | None = None,
    ) -> None:
        self._replay_clock = ReplayClock(first.taken_at)
        worst = find_worst_environment(first)
        chosen = environment or (worst.name if worst is not None else "")
        super().__init__(config, backend, self._replay_clock, environment=chosen, theme=theme, ascii_only=ascii_only)
        self._replay = backend
        self._instants = backend.series.instants
        self._wall_clock = wall_clock
        self._shown_place = self._wanted_place = place
        self._is_loading = False
        self.set_reactive(LiveApp.snapshot, first)
        self.set_reactive(ReplayApp.position, self._find_position())

    def on_mount(self) -> None:
        """Report the parts of the recording that cannot be read. The live application starts its part too."""
        for problem in self._replay.series.problems:
            self.notify(problem, title="Recording", severity="warning", timeout=20)

    def make_banner(self) -> Widget:
        """Return the line that marks everything as past."""
        return ReplayBanner()

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable in a replay, or an empty string."""
        return LIVE_ACTIONS.get(action_id, "")

    def _tick(self) -> None:
        super()._tick()
        self.position = self._find_position()

    def _check_silence(self) -> None:
        """Do nothing: no snapshot is awaited."""

    def _find_position(self) -> ReplayPosition:
        taken_at = self._replay_clock.moment
        age = format_duration(self._wall_clock() - taken_at)
        return ReplayPosition(taken_at, self._shown_place, len(self._instants), age)

    # --- keys ----------------------------------------------------------------------------------------

    def action_read_again(self) -> None:
        """Explain that a replay does not read."""
        self.notify(LIVE_ACTIONS["read-again"], severity="warning", timeout=3)

    def action_replay_step(self, step: int) -> None:
        """Show the next snapshot or the one before."""
        place = self._wanted_place + step
        if 0 <= place < len(self._instants):
            self._go_to(place)
        else:
            self.notify(f"this is the {'last' if step > 0 else 'first'} snapshot", timeout=3)

    def action_replay_change(self, step: int) -> None:
        """Show the next change or the one before."""
        place = find_change(self._instants, self._wanted_place, step)
        if place is not None:
            self._go_to(place)
        else:
            self.notify(f"there is no change {'after' if step > 0 else 'before'} this snapshot", timeout=3)

    def action_replay_time(self) -> None:
        """Ask for a time, and show the last snapshot until then."""
        from anchor_tui.tui.screens.line_dialog import LineDialog

        times = [instant.taken_at for instant in self._instants]
        hint = f"recorded from {min(times):%Y-%m-%d %H:%M:%S}Z to {max(times):%Y-%m-%d %H:%M:%S}Z"
        title = "Go to a time (UTC) · enter goes there · esc cancels"
        dialog = LineDialog(title, EXAMPLES, hint, explain_error=self._explain_time)
        self.push_screen(dialog, self._go_to_time)

    def _explain_time(self, text: str) -> str:
        """Return why a text is not a time, or an empty string."""
        try:
            parse_moment(text, self._replay_clock.moment)
        except MomentError as error:
            return str(error)
        return ""

    def _go_to_time(self, text: str | None) -> None:
        if text is None:
            return
        place = find_place(self._instants, parse_moment(text, self._replay_clock.moment))
        if place is None:
            self.notify("the recording begins later: this is its first snapshot", severity="warning", timeout=5)
        self._go_to(place or 0)

    # --- loading -------------------------------------------------------------------------------------

    def _go_to(self, place: int) -> None:
        self._wanted_place = place
        if not self._is_loading:
            self._is_loading = True
            start_worker(self, self._load_wanted, group="replay")

    async def _load_wanted(self) -> None:
        """Load the place that is wanted until it is shown. Places that were only passed are not loaded."""
        loaded = -1
        try:
            while loaded != self._wanted_place:
                loaded = self._wanted_place
                try:
                    snapshot = await asyncio.wrap_future(self._replay.load(loaded))
                except RecordingError as error:
                    self.notify(str(error), title="Recording", severity="error", timeout=10)
                else:
                    self._show_loaded(loaded, snapshot)
        finally:
            self._is_loading = False

    def _show_loaded(self, place: int, snapshot: Snapshot) -> None:
        self._shown_place = place
        self._replay_clock.moment = snapshot.taken_at
        self._apply_snapshot(snapshot)
        self.position = self._find_position()

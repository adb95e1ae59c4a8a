"""From a key to a stored incident: dialogs, the write on the desk's thread, and its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from anchor_tui.config.model import Config
from anchor_tui.domain.history.incidents import Incident, IncidentStatus
from anchor_tui.services.history.database import HistoryError
from anchor_tui.tui.key_actions import INCIDENT_OWNERS
from anchor_tui.tui.key_config import apply_key_config
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.protocols import IncidentBackend
from anchor_tui.tui.screens.end_incident import EndIncidentDialog
from anchor_tui.tui.screens.incident import IncidentDialogs, IncidentScreen
from anchor_tui.tui.screens.line_dialog import LineDialog
from anchor_tui.tui.workers import start_worker

_START_HINT = "enter starts the incident · esc cancels"
_NOTE_HINT = "enter stores the note with the time · esc cancels"


class IncidentFlows:
    """The flows of one application. They are its workers, so that closing a screen does not end a write."""

    def __init__(self, app: LiveApp, incidents: IncidentBackend, config: Config) -> None:
        self._app, self._incidents, self._config = app, incidents, config

    def open(self) -> None:
        """Show the running incident. Without one, ask for a title and start one."""
        status = self._app.incident
        if self._incidents.refusal:
            self._app.notify(self._incidents.refusal, title="Incident: not now", severity="warning")
        elif status is not None and status.incident is not None:
            self._show(status.incident)
        else:
            self._ask_title("")

    def ask_note(self, number: int, text: str = "") -> None:
        """Ask for a note and store it. If that fails, the text stays in the dialog."""
        title, placeholder = f"Note of incident {number}", "observed, suspected or done"
        dialog = LineDialog(title, placeholder, _NOTE_HINT, text, is_required=True)
        self._app.push_screen(dialog, lambda note: self._run(partial(self._add_note, number, note)) if note else None)

    def ask_end(self, incident: Incident) -> None:
        """End an incident after a question."""
        assert self._app.now is not None
        state = incident.describe_state(self._app.now)
        dialog = EndIncidentDialog(f"incident {incident.number} · {incident.known_title}", state)
        self._app.push_screen(dialog, lambda ends: self._run(partial(self._end, incident)) if ends else None)

    def _show(self, incident: Incident) -> None:
        keys = apply_key_config(self._config.keys, read_only=self._config.read_only)
        actions = tuple(action for action in keys if action.owner in INCIDENT_OWNERS)
        screen = IncidentScreen(incident, self._incidents, IncidentDialogs(self.ask_note, self.ask_end), actions)
        # On the application's own queue: data is bound to the node that handles the message.
        self._app.call_next(lambda: self._app.push_screen(screen.data_bind(LiveApp.snapshot, LiveApp.now)))

    def _ask_title(self, title: str) -> None:
        dialog = LineDialog("Start an incident", "title, can be empty", _START_HINT, title)
        self._app.push_screen(
            dialog, lambda given: self._run(partial(self._start, given)) if given is not None else None
        )

    async def _start(self, title: str) -> None:
        try:
            incident, is_new = await asyncio.wrap_future(self._incidents.start_incident(title))
        except HistoryError as error:
            self._report(error, "the incident has not started")
            self._ask_title(title)
            return
        self._apply(incident)
        if is_new:
            self._app.notify("i shows it, n there takes notes", title=f"Incident {incident.number} has started")
        else:
            text = f"it runs since {incident.started_at:%H:%M} UTC: {incident.known_title}; no second one was started"
            self._app.notify(text, title=f"Incident {incident.number} of {incident.started_by}", severity="warning")

    async def _add_note(self, number: int, text: str) -> None:
        try:
            note = await asyncio.wrap_future(self._incidents.add_note(number, text))
        except HistoryError as error:
            self._report(error, "the note is not stored")
            self.ask_note(number, text)
            return
        self._app.notify(f"noted at {note.at:%H:%M:%S} UTC", title=f"Incident {number}", timeout=3)

    async def _end(self, incident: Incident) -> None:
        try:
            ended = await asyncio.wrap_future(self._incidents.end_incident(incident.number))
        except HistoryError as error:
            self._report(error, "the incident is still running")
            return
        self._app.incident = IncidentStatus()
        text = f"`anchor-tui incident {ended.number}` prints the hand-over"
        assert ended.ended_at is not None
        self._app.notify(text, title=f"Incident {ended.number} {ended.describe_state(ended.ended_at)}", timeout=10)

    def _apply(self, incident: Incident) -> None:
        """Show the incident at once: the file was read back."""
        version = self._app.incident.version if self._app.incident is not None else 0
        self._app.incident = IncidentStatus(incident, version)

    def _report(self, error: HistoryError, result: str) -> None:
        self._app.notify(f"{result}: {error.failure}; try again", title="Incident", severity="error", timeout=20)

    def _run(self, flow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        start_worker(self._app, flow, group="incidents")

"""Reads the pods of the selected workload and follows their logs, for the Logs pane."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future, InvalidStateError
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from anchor_tui.domain.inspection.log_sources import LogPods
from anchor_tui.domain.inspection.log_view import LogView, shorten_pod_names
from anchor_tui.domain.inspection.logs import LogBatch, format_origin
from anchor_tui.domain.model import Application
from anchor_tui.domain.readings import Fresh, Reading
from anchor_tui.tui.inspection.log_lines import POD_COLOURS, LogLines
from anchor_tui.tui.inspection.log_session import LogChoice, LogSession
from anchor_tui.tui.inspection.log_status import LogStatus, describe_status, explain_empty
from anchor_tui.tui.inspection.panel import InspectionPanel, InspectionRequests
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector


class LogReader(InspectionPanel[LogPods]):
    """The lines of `selected`, or of the whole application. The pods are read every POLL_S, the lines are streamed."""

    DEFAULT_CSS = """
    LogReader { height: 1fr; layout: vertical; }
    LogReader #log-status { height: 1; }
    """

    choice: reactive[LogChoice] = reactive(LogChoice(), init=False)

    class BatchArrived(Message):
        """Lines arrived on the background thread, which waits for `taken`."""

        def __init__(self, session: LogSession, batch: LogBatch) -> None:
            super().__init__()
            self.session = session
            self.batch = batch
            self.taken: Future[None] = Future()

    def __init__(self, application: Application, requests: InspectionRequests) -> None:
        super().__init__(application, requests)
        self.view = LogView()
        self.lines = LogLines(self.view)
        self.status_line = Static(id="log-status")
        self._held: LogView | None = None
        self._session: LogSession | None = None
        self._failures: dict[str, str] = {}
        """The logs that cannot be read, by their origin."""
        self.pattern_error = ""

    def compose(self) -> ComposeResult:
        """Compose the line of choices and the lines."""
        yield self.status_line
        yield self.lines

    def on_mount(self) -> None:
        """Show that the logs are being read."""
        self.show_status()

    @property
    def row_count(self) -> int:
        """The number of lines that are shown."""
        return len(self.view.shown)

    @property
    def note(self) -> str:
        """The age of the data, or why there is none."""
        return super().note or self._failure

    @property
    def _failure(self) -> str:
        """The reason why a log cannot be read, until a line of it arrives."""
        return next(iter(self._failures.values()), "")

    @property
    def pods(self) -> LogPods | None:
        """The pods as they were read the last time."""
        return self.last_value

    # --- reading -------------------------------------------------------------------------------------

    async def read(self, inspector: ApplicationInspector) -> Reading[LogPods]:
        """Read the pods. Runs on the background thread."""
        from anchor_tui.services.observe.log_pods import read_log_pods

        known = {pod.node.uid: pod for pod in self.pods.pods} if self.pods else {}
        return await read_log_pods(inspector, self.selected, known)

    def show_reading(self, reading: Reading[LogPods]) -> None:
        """Follow the logs of the pods that were read. The lines of pods that are gone stay."""
        if isinstance(reading, Fresh):
            names = [pod.node.key.name for pod in reading.value.pods]
            labels = shorten_pod_names([*names, *self.lines.appearance.pod_labels])
            colours = {name: place % POD_COLOURS for place, name in enumerate(labels)}
            containers = {name: place % POD_COLOURS for place, name in enumerate(reading.value.container_names)}
            self.lines.appearance = replace(
                self.lines.appearance, pod_labels=labels, pod_colours=colours, container_colours=containers
            )
            session = self._make_session(reading.value)
            if self._session is None or self._session.selections != session.selections:
                self._run_session(session)
        self.show_status()

    def deactivate(self) -> None:
        """Stop to read, and close the connections. Called when the panel is hidden."""
        super().deactivate()
        self.workers.cancel_group(self, "logs")
        self._session = None

    def watch_selected(self, _before: ResourceNode | None, _selected: ResourceNode | None) -> None:
        """Show the logs of another resource."""
        self._clear()
        self.reading = None
        self.lines.appearance.pod_labels = {}
        self.set_reactive(LogReader.choice, self.choice._replace(pod="", container=""))
        if self._is_active:
            self.activate()

    def watch_choice(self, _before: LogChoice, _choice: LogChoice) -> None:
        """Show other logs of the same resource."""
        self._clear()
        if self._is_active and self.pods is not None:
            self._run_session(self._make_session(self.pods))

    def _make_session(self, pods: LogPods) -> LogSession:
        session = LogSession(self.choice, pods.pods, self.now or datetime.now(UTC), {})
        before = {found.origin: found.container for found in self._session.selections} if self._session else {}
        now = {found.origin: found.container for found in session.selections}
        after = self.view.get_last_times().items()
        # Of another container nothing was seen yet.
        return session._replace(after={log: at for log, at in after if before.get(log, now.get(log)) == now.get(log)})

    def _run_session(self, session: LogSession) -> None:
        self._session, self._failures = session, {}

        async def deliver(batch: LogBatch) -> None:
            message = self.BatchArrived(session, batch)
            self.post_message(message)
            await asyncio.wrap_future(message.taken)

        async def run() -> None:
            running = self.requests.inspect(self.application, lambda inspector: session.run(inspector, deliver))
            await asyncio.wrap_future(running)

        start_worker(self, run, group="logs", exclusive=True)

    @on(BatchArrived)
    def take_batch(self, event: BatchArrived) -> None:
        """Add the lines of a batch, and draw them with the next frame."""
        if event.session is self._session:
            view = self._held if self._held is not None else self.view
            view.dropped += event.batch.dropped
            view.add(event.batch.lines)
            if self._failures:
                for line in event.batch.lines:
                    self._failures.pop(format_origin(line.pod, line.container), None)
            self._failures |= {failure.selection.origin: failure.error.message for failure in event.batch.failures}
            if self._held is None:
                self.lines.show_changes()
            self.show_status()
        with contextlib.suppress(InvalidStateError):  # the session was cancelled meanwhile
            event.taken.set_result(None)

    def _clear(self) -> None:
        self.workers.cancel_group(self, "logs")
        self._session, self._failures = None, {}
        self._held = None
        self.view.clear()
        self.lines.is_following = True
        self.lines.show_changes()
        self.show_status()

    def toggle_pause(self) -> None:
        """Hold the new lines back, or show those that were held back."""
        if self._held is None:
            self._held = LogView()
        else:
            held, self._held = self._held, None
            self.view.dropped += held.dropped + held.removed
            self.view.add(kept.line for kept in held.shown)
            self.lines.show_changes()
        self.show_status()

    # --- what is shown -------------------------------------------------------------------------------

    @on(LogLines.CursorMoved)
    def show_status(self) -> None:
        """Draw the line above the logs, and the text that is shown if there are no lines."""
        if not self.is_mounted:
            return
        status = LogStatus(
            self.application.name if self.selected is None else str(self.selected.key),
            self.choice,
            self.reading,
            self._failure,
            self.pattern_error,
        )
        self.status_line.update(describe_status(status, self.view, self.lines, self._held), layout=False)
        self.lines.empty_text = explain_empty(status, self.view)
        if not self.view.shown:
            self.lines.redraw()

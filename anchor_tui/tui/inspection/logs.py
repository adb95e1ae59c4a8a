"""The Logs pane: the logs of the selected workload or pod, followed, filtered, and made readable."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from anchor_tui.domain.diagnosis.log_errors import is_error_line
from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text, shorten_text
from anchor_tui.domain.inspection.log_format import format_whole_line
from anchor_tui.domain.inspection.log_sources import LogPods
from anchor_tui.domain.inspection.log_view import LogView, compile_pattern, shorten_pod_names
from anchor_tui.domain.inspection.logs import LogBatch, LogLine
from anchor_tui.domain.model import Application, Fresh, Reading, Stale
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.inspection.log_field import LogField
from anchor_tui.tui.inspection.log_lines import POD_COLOURS, LogLines
from anchor_tui.tui.inspection.log_session import LogChoice, LogSession
from anchor_tui.tui.inspection.log_status import LogStatus, describe_status, explain_empty
from anchor_tui.tui.inspection.panel import InspectionPanel, InspectionRequests
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

T = TypeVar("T")
SINCE_CHOICES = (None, 300, 1_800, 7_200, 86_400)
MAX_WHOLE_LINE = 256 * 1024
_EPOCH = datetime.fromtimestamp(0, UTC)


class LogPanel(InspectionPanel[LogPods]):
    """The logs of `selected`, or of the whole application. The pods are read every POLL_S, the lines are streamed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *make_bindings("logs"),
        Binding("slash", "filter", "Filter", id="filter", show=False),
        Binding("y", "copy", "Copy", id="copy", show=False),
    ]
    DEFAULT_CSS = """
    LogPanel { height: 1fr; layout: vertical; }
    LogPanel #log-status { height: 1; }
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
        self._is_active = False
        self._failure = ""
        self._pattern_error = ""

    def compose(self) -> ComposeResult:
        """Compose the line of choices and the lines."""
        yield self.status_line
        yield self.lines

    def on_mount(self) -> None:
        """Show that the logs are being read."""
        self._show_status()

    @property
    def row_count(self) -> int:
        """The number of lines that are shown."""
        return len(self.view.shown)

    @property
    def note(self) -> str:
        """The age of the data, or why there is none."""
        return super().note or self._failure

    @property
    def pods(self) -> LogPods | None:
        """The pods as they were read the last time."""
        match self.reading:
            case Fresh(value=pods) | Stale(last_good=pods):
                return pods
            case _:
                return None

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
            self.lines.appearance = replace(self.lines.appearance, pod_labels=labels, pod_colours=colours)
            session = self._make_session(reading.value)
            if self._session is None or self._session.selections != session.selections:
                self._run_session(session)
        self._show_status()

    def activate(self) -> None:
        """Begin to read. Called when the panel becomes visible."""
        self._is_active = True
        super().activate()

    def deactivate(self) -> None:
        """Stop to read, and close the connections. Called when the panel is hidden."""
        self._is_active = False
        super().deactivate()
        self.workers.cancel_group(self, "logs")
        self._session = None

    def watch_selected(self, _before: ResourceNode | None, _selected: ResourceNode | None) -> None:
        """Show the logs of another resource."""
        self._clear()
        self.reading = None
        self.lines.appearance.pod_labels = {}
        self.set_reactive(LogPanel.choice, self.choice._replace(pod="", container=""))
        if self._is_active:
            self.activate()

    def watch_choice(self, _before: LogChoice, _choice: LogChoice) -> None:
        """Show other logs of the same resource."""
        self._clear()
        if self._is_active and self.pods is not None:
            self._run_session(self._make_session(self.pods))

    def _make_session(self, pods: LogPods) -> LogSession:
        session = LogSession(self.choice, pods.pods, self.now or datetime.now(UTC), {})
        before = {selection.pod: selection.container for selection in self._session.selections} if self._session else {}
        now = {selection.pod: selection.container for selection in session.selections}
        after = self.view.get_last_times().items()
        # Of another container nothing was seen yet.
        return session._replace(after={pod: at for pod, at in after if before.get(pod, now.get(pod)) == now.get(pod)})

    def _run_session(self, session: LogSession) -> None:
        self._session = session
        self._failure = ""

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
            self._failure = event.batch.failures[0].error.message if event.batch.failures else ""
            if self._held is None:
                self.lines.show_changes()
            self._show_status()
        with contextlib.suppress(InvalidStateError):  # the session was cancelled meanwhile
            event.taken.set_result(None)

    def _clear(self) -> None:
        self.workers.cancel_group(self, "logs")
        self._session, self._failure = None, ""
        self._held = None
        self.view.clear()
        self.lines.is_following = True
        self.lines.show_changes()
        self._show_status()

    # --- what is shown -------------------------------------------------------------------------------

    @on(LogLines.CursorMoved)
    def _show_status(self) -> None:
        if not self.is_mounted:
            return
        status = LogStatus(
            self.application.name if self.selected is None else str(self.selected.key),
            self.choice,
            self.reading,
            self._failure,
            self._pattern_error,
        )
        self.status_line.update(describe_status(status, self.view, self.lines, self._held))
        self.lines.empty_text = explain_empty(status, self.view)
        if not self.view.shown:
            self.lines.redraw()

    def _refuse(self, title: str, reason: str) -> None:
        self.notify(sanitize_text(reason), title=f"{title}: not now", severity="warning", markup=False)

    def action_log_follow(self) -> None:
        """Follow the newest line, or stay where the cursor is."""
        if self.lines.is_following:
            self.lines.move_to(self.lines.position)
        else:
            self.lines.action_move_to_last()

    def action_log_pause(self) -> None:
        """Hold the new lines back, or show those that were held back."""
        if self._held is None:
            self._held = LogView()
        else:
            held, self._held = self._held, None
            self.view.dropped += held.dropped + held.removed
            self.view.add(kept.line for kept in held.shown)
            self.lines.show_changes()
        self._show_status()

    def action_log_error(self) -> None:
        """Move to the last error, or from an error to the one before."""
        here = self.lines.cursor_line
        before = self.lines.position if here is not None and is_error_line(here.text) else None
        found = self.view.find_last(is_error_line, before)
        if found is None:
            where = "above this one" if before is not None else f"among the {len(self.view.shown):,} lines"
            self._refuse("Last error", f"there is no error {where}")
        else:
            self.lines.move_to(found)

    def action_log_pod(self) -> None:
        """Show one pod after the other, then all."""
        names = [pod.node.key.name for pod in self.pods.pods] if self.pods else []
        if len(names) < 2:
            self._refuse("Pod", "there is only one pod" if names else "there are no pods")
        else:
            self.choice = self.choice._replace(pod=_find_next(("", *names), self.choice.pod))

    def action_log_container(self) -> None:
        """Show one container after the other, then the one that matters."""
        names = self.pods.container_names if self.pods else ()
        if len(names) < 2:
            self._refuse("Container", "there is only one container" if names else "the containers are unknown")
        else:
            self.choice = self.choice._replace(container=_find_next(("", *names), self.choice.container))

    def action_log_previous(self) -> None:
        """Show the process before the last restart, or the present one."""
        self.choice = self.choice._replace(is_previous=not self.choice.is_previous)

    def action_log_since(self) -> None:
        """Limit the age of the lines."""
        self.choice = self.choice._replace(since_s=_find_next(SINCE_CHOICES, self.choice.since_s))

    def action_log_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.lines.appearance.wraps = not self.lines.appearance.wraps
        self.lines.redraw()
        self._show_status()

    def action_log_times(self) -> None:
        """Show or hide the times."""
        self.lines.appearance.shows_times = not self.lines.appearance.shows_times
        self.lines.redraw()

    def action_log_highlight(self) -> None:
        """Show all lines with the matches highlighted, or only those that match."""
        self.view.set_pattern(self.view.pattern, hides_others=not self.view.hides_others)
        self.lines.show_changes()
        self._show_status()

    async def action_log_line(self) -> None:
        """Show the whole line under the cursor."""
        line = self.lines.cursor_line
        if line is None:
            return
        from textual.content import Content

        from anchor_tui.tui.screens.detail import DetailScreen
        from anchor_tui.tui.widgets.row_list import ListRow

        head = f"{line.pod}  {line.at:%Y-%m-%d %H:%M:%S.%f}Z" if line.at else line.pod or "a note of the server"
        text = sanitize_lines(shorten_text(format_whole_line(line.text), MAX_WHOLE_LINE))
        content = Content(f"{sanitize_text(head)}\n\n{text}")
        row = ListRow("line", lambda _now: (content,), lambda _now: content, clipboard_text=line.text)
        screen = DetailScreen(row, lambda: row)
        await self.app.push_screen(screen)
        screen.now = self.now or _EPOCH

    def action_copy(self) -> None:
        """Copy the line under the cursor."""
        if (line := self.lines.cursor_line) is not None:
            self.app.copy_to_clipboard(sanitize_text(line.text))
            self.notify("the line", title="Copied", timeout=3, markup=False)

    # --- fields --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for the pattern of the filter."""
        pattern = self.view.pattern.pattern if self.view.pattern else ""
        self._open_field("log-filter", pattern, "regular expression; enter keeps it, esc removes it")

    def action_log_save(self) -> None:
        """Ask for the file to save to."""
        if not self.view.shown:
            self._refuse("Save", "there are no lines to save")
            return
        self._open_field("log-path", self._suggest_file(), "file; it must not exist; esc cancels")

    def _open_field(self, id_: str, value: str, placeholder: str) -> None:
        for field in self.query(LogField):
            field.focus()
            return
        field = LogField(value, id=id_, placeholder=placeholder)
        self.mount(field)
        field.focus()

    @on(Input.Changed, "#log-filter")
    def apply_pattern(self, event: Input.Changed) -> None:
        """Filter while the operator types. An invalid pattern is explained, and the last valid one stays."""
        event.stop()
        pattern = compile_pattern(event.value) if event.value else None
        self._pattern_error = pattern if isinstance(pattern, str) else ""
        if not isinstance(pattern, str):
            self.view.set_pattern(pattern, hides_others=self.view.hides_others)
            self.lines.show_changes()
        self._show_status()

    @on(Input.Submitted, "#log-filter")
    async def keep_pattern(self, event: Input.Submitted) -> None:
        """Close the field; the filter stays."""
        event.stop()
        if not self._pattern_error:
            await self._close_field(event.input)

    @on(Input.Submitted, "#log-path")
    async def save(self, event: Input.Submitted) -> None:
        """Save the shown lines to the named file."""
        event.stop()
        path, lines = event.value.strip(), [kept.line for kept in self.view.shown]
        await self._close_field(event.input)
        start_worker(self, partial(self._save, path, lines), group="save")

    @on(LogField.Closed)
    async def close_field(self, event: LogField.Closed) -> None:
        """Close the field; an open filter is removed."""
        event.stop()
        if event.field.id == "log-filter":
            self._pattern_error = ""
            self.view.set_pattern(None, hides_others=self.view.hides_others)
            self.lines.show_changes()
        await self._close_field(event.field)
        self._show_status()

    async def _close_field(self, field: Input) -> None:
        self.lines.focus()
        await field.remove()

    def _suggest_file(self) -> str:
        from anchor_tui.services.saved_logs import suggest_file_name

        subject = self.application.name if self.selected is None else self.selected.key.name
        return suggest_file_name(subject, self.now or datetime.now(UTC))

    async def _save(self, path: str, lines: Sequence[LogLine]) -> None:
        from anchor_tui.services.saved_logs import explain_save_error, save_lines

        try:
            written = await asyncio.to_thread(save_lines, path, self._suggest_file(), lines)
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: an unknown home folder
            self._refuse("Save", explain_save_error(path, error))
            return
        text = f"{len(lines):,} lines in {sanitize_text(written)}"
        self.notify(text, title="Saved", markup=False)


def _find_next(choices: Sequence[T], current: T) -> T:
    """Return the choice after the current one; the first one if it is the last or not among them."""
    place = list(choices).index(current) if current in choices else -1
    return choices[(place + 1) % len(choices)]

"""The fields of the Logs pane: the pattern that filters or highlights lines, and the file to save to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from textual import on
from textual.widgets import Input

from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.inspection.log_view import compile_pattern
from anchor_tui.domain.inspection.logs import AnyLogLine, read_line
from anchor_tui.tui.inspection.log_field import LogField
from anchor_tui.tui.inspection.log_reader import LogReader
from anchor_tui.tui.workers import start_worker


class LogSearch(LogReader):
    """Logs that can be filtered and saved."""

    def action_filter(self) -> None:
        """Ask for the pattern of the filter."""
        pattern = self.view.pattern.pattern if self.view.pattern else ""
        self._open_field("log-filter", pattern, "regular expression; enter keeps it, esc removes it")

    def action_log_save(self) -> None:
        """Ask for the file to save to."""
        if not self.view.shown:
            self.refuse("Save", "there are no lines to save")
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
        self.pattern_error = pattern if isinstance(pattern, str) else ""
        if not isinstance(pattern, str):
            self.view.set_pattern(pattern, hides_others=self.view.hides_others)
            self.lines.show_changes()
        self.show_status()

    @on(Input.Submitted, "#log-filter")
    async def keep_pattern(self, event: Input.Submitted) -> None:
        """Close the field; the filter stays."""
        event.stop()
        if not self.pattern_error:
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
            self.pattern_error = ""
            self.view.set_pattern(None, hides_others=self.view.hides_others)
            self.lines.show_changes()
        await self._close_field(event.field)
        self.show_status()

    async def _close_field(self, field: Input) -> None:
        self.lines.focus()
        await field.remove()

    def _suggest_file(self) -> str:
        from anchor_tui.services.saved_logs import suggest_file_name

        subject = self.application.name if self.selected is None else self.selected.key.name
        return suggest_file_name(subject, self.now or datetime.now(UTC))

    async def _save(self, path: str, lines: Sequence[AnyLogLine]) -> None:
        from anchor_tui.services.saved_logs import explain_save_error, save_lines

        try:
            written = await asyncio.to_thread(save_lines, path, self._suggest_file(), map(read_line, lines))
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: an unknown home folder
            self.refuse("Save", explain_save_error(path, error))
            return
        text = f"{len(lines):,} lines in {sanitize_text(written)}"
        self.notify(text, title="Saved")

    def refuse(self, title: str, reason: str) -> None:
        """Show why a key cannot act."""
        self.notify(sanitize_text(reason), title=f"{title}: not now", severity="warning")

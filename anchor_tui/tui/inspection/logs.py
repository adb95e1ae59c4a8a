"""The Logs pane: the logs of the selected workload or pod, followed, filtered, and made readable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType

from anchor_tui.domain.diagnosis.log_errors import is_error_line
from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text, shorten_text
from anchor_tui.domain.inspection.log_format import format_whole_line
from anchor_tui.domain.inspection.logs import format_origin
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.log_search import LogSearch
from anchor_tui.tui.inspection.log_session import ALL_CONTAINERS

T = TypeVar("T")
SINCE_CHOICES = (None, 300, 1_800, 7_200, 86_400)
MAX_WHOLE_LINE = 256 * 1024


class LogPanel(LogSearch):
    """The logs of `selected`, or of the whole application, with their keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *make_bindings("logs"),
        Binding("slash", "filter", "Filter", id="filter", show=False),
        Binding("y", "copy", "Copy", id="copy", show=False),
    ]

    def action_log_follow(self) -> None:
        """Follow the newest line, or stay where the cursor is."""
        if self.lines.is_following:
            self.lines.move_to(self.lines.position)
        else:
            self.lines.action_move_to_last()

    def action_log_pause(self) -> None:
        """Hold the new lines back, or show those that were held back."""
        self.toggle_pause()

    def action_log_error(self) -> None:
        """Move to the last error, or from an error to the one before."""
        here = self.lines.cursor_line
        before = self.lines.position if here is not None and is_error_line(here.text) else None
        found = self.view.find_last(is_error_line, before)
        if found is None:
            where = "above this one" if before is not None else f"among the {len(self.view.shown):,} lines"
            self.refuse("Last error", f"there is no error {where}")
        else:
            self.lines.move_to(found)

    def action_log_pod(self) -> None:
        """Show one pod after the other, then all."""
        names = [pod.node.key.name for pod in self.pods.pods] if self.pods else []
        if len(names) < 2:
            self.refuse("Pod", "there is only one pod" if names else "there are no pods")
        else:
            self.choice = self.choice._replace(pod=_find_next(("", *names), self.choice.pod))

    def action_log_container(self) -> None:
        """Show one container after the other, then all at once, then the one that matters."""
        names = self.pods.container_names if self.pods else ()
        if len(names) < 2:
            self.refuse("Container", "there is only one container" if names else "the containers are unknown")
        else:
            choices = ("", *names, ALL_CONTAINERS)
            self.choice = self.choice._replace(container=_find_next(choices, self.choice.container))

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
        self.show_status()

    def action_log_times(self) -> None:
        """Show or hide the times."""
        self.lines.appearance.shows_times = not self.lines.appearance.shows_times
        self.lines.redraw()

    def action_log_highlight(self) -> None:
        """Show all lines with the matches highlighted, or only those that match."""
        self.view.set_pattern(self.view.pattern, hides_others=not self.view.hides_others)
        self.lines.show_changes()
        self.show_status()

    def action_log_line(self) -> None:
        """Show the whole line under the cursor."""
        line = self.lines.cursor_line
        if line is None:
            return
        from textual.content import Content

        from anchor_tui.tui.widgets.list_rows import ListRow

        origin = format_origin(line.pod, line.container)
        head = f"{origin}  {line.at:%Y-%m-%d %H:%M:%S.%f}Z" if line.at else origin or "a note of the server"
        text = sanitize_lines(shorten_text(format_whole_line(line.text), MAX_WHOLE_LINE))
        content = Content(f"{sanitize_text(head)}\n\n{text}")
        row = ListRow("line", lambda _now: (content,), lambda _now: content, clipboard_text=line.text)
        self.post_message(self.RowOpened(row))

    def action_copy(self) -> None:
        """Copy the line under the cursor."""
        if (line := self.lines.cursor_line) is not None:
            copy_text(self.app, sanitize_text(line.text), "the line")


def _find_next(choices: Sequence[T], current: T) -> T:
    """Return the choice after the current one; the first one if it is the last or not among them."""
    place = list(choices).index(current) if current in choices else -1
    return choices[(place + 1) % len(choices)]

"""Failures of one part of the screen: the part shows its internal error, and the rest of the screen works.

Textual ends the application after any exception. A guarded class catches those of its own drawing, of its reactions to
new data and of its message handlers. New data is a new attempt, so that a part recovers with the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.safe_app import SafeApp
from anchor_tui.tui.style import marked_text

if TYPE_CHECKING:
    _GuardBase = Widget
else:
    # Not a widget: Textual takes bindings and styles from the first base class that is one.
    _GuardBase = object


def format_failure(error: Exception, part: str = "panel") -> str:
    """Return the text in place of a part that failed."""
    return f"this {part} failed: {format_internal_error(error)}; the rest works"


class FailureGuard(_GuardBase):
    """Base class of panels and screens that fail alone. It comes before the widget in the order of base classes."""

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - options of Textual's classes
        """Guard the methods of a subclass."""
        super().__init_subclass__(**options)
        for name, method in list(vars(cls).items()):
            if name.startswith("watch_") and not iscoroutinefunction(method):
                setattr(cls, name, _guard_watcher(method))
            elif name in _GUARDS:
                setattr(cls, name, _GUARDS[name](method))

    @property
    def failed_updates(self) -> dict[str, Exception]:
        """The errors of the watchers that failed last, by name."""
        found: dict[str, Exception] = self.__dict__.setdefault("_failed_updates", {})
        return found

    def record_failure(self, error: Exception, *, notify: bool) -> None:
        """Record an internal error, and notify the operator if the part itself cannot show it."""
        if isinstance(self.app, SafeApp):
            self.app.record_failure(format_failure(error), error, notify=notify)

    async def _dispatch_message(self, message: Message) -> None:
        """Keep the part alive if one of its message handlers fails."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(error, notify=True)


def _guard_watcher(watch: Callable[..., None]) -> Callable[..., None]:
    @wraps(watch)
    def guarded(self: FailureGuard, *values: object) -> None:
        try:
            watch(self, *values)
            failed = self.failed_updates.pop(watch.__name__, None)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            failed = self.failed_updates[watch.__name__] = error
            self.record_failure(error, notify=isinstance(self, Screen))
        if failed is not None:
            self.refresh(layout=True)

    return guarded


def _guard_render(render: Callable[[FailureGuard], Content]) -> Callable[[FailureGuard], Content]:
    @wraps(render)
    def guarded(self: FailureGuard) -> Content:
        for error in self.failed_updates.values():
            return marked_text(StatusMark.FAILING, format_failure(error))
        try:
            return render(self)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(error, notify=False)
            return marked_text(StatusMark.FAILING, format_failure(error))

    return guarded


def _guard_line(render_line: Callable[[FailureGuard, int], Strip]) -> Callable[[FailureGuard, int], Strip]:
    @wraps(render_line)
    def guarded(self: FailureGuard, y: int) -> Strip:
        try:
            return render_line(self, y)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(error, notify=False)
            return Strip([Segment(format_failure(error, "line"))]).adjust_cell_length(self.size.width)

    return guarded


def _guard_height(measure: Callable[..., int]) -> Callable[..., int]:
    @wraps(measure)
    def guarded(self: FailureGuard, *arguments: object) -> int:
        try:
            return measure(self, *arguments)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(error, notify=False)
            return 1

    return guarded


def _guard_compose(compose: Callable[[FailureGuard], ComposeResult]) -> Callable[[FailureGuard], ComposeResult]:
    @wraps(compose)
    def guarded(self: FailureGuard) -> Iterator[Widget]:
        try:
            yield from compose(self)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(error, notify=False)
            yield Static(marked_text(StatusMark.FAILING, format_failure(error)))

    return guarded


_GUARDS: dict[str, Callable[[Any], Any]] = {
    "compose": _guard_compose,
    "render": _guard_render,
    "render_line": _guard_line,
    "get_content_height": _guard_height,
}

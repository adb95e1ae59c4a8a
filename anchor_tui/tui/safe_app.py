"""Base class of the application: what it shows, copies and writes is printable; internal errors print no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.filter import LineFilter
from textual.worker import WorkerFailed

from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text, shorten_text
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.tui.errors import describe_crash
from anchor_tui.tui.style import ControlCharacterFilter
from anchor_tui.tui.terminal_filter import add_terminal_filter

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.notifications import SeverityLevel

MAX_NOTIFICATION_LENGTH = 1_000
"""Characters of a notification. The full text is in a pane."""
MAX_FAILURES = 100
"""Number of different internal errors that are recorded."""


class SafeApp(App[None]):
    """An application whose callers may pass foreign text anywhere, and which keeps internal errors to one part."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[str] = []
        """The internal errors of this session that did not end the screen, each once."""

    # --- foreign text --------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        """Return the driver of the platform. It only writes what Textual itself draws."""
        return add_terminal_filter(super().get_driver_class())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Remove control characters from everything that is drawn."""
        return [*super().get_line_filters(), ControlCharacterFilter()]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - Textual's parameter; foreign text is never markup
    ) -> None:
        """Show a notification, without markup and escape sequences."""
        text = sanitize_lines(shorten_text(message, MAX_NOTIFICATION_LENGTH))
        head = sanitize_text(shorten_text(title, MAX_NOTIFICATION_LENGTH))
        super().notify(text, title=head, severity=severity, timeout=timeout, markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text in full, without escape sequences and tokens; line ends and tabs stay."""
        super().copy_to_clipboard(sanitize_lines(text))

    def write_sequence(self, sequence: str) -> None:
        """Write an escape sequence that the filter of the terminal knows."""
        if self._driver is not None:
            self._driver.write(sequence)

    # --- internal errors -----------------------------------------------------------------------------

    def record_failure(self, text: str, error: BaseException, *, notify: bool = True) -> None:
        """Record an internal error once, and notify the operator unless the same notification is on the screen."""
        report = describe_crash(error)
        if report not in self.failures and len(self.failures) < MAX_FAILURES:
            self.failures.append(report)
        if notify and all(shown.message != text for shown in self._notifications):
            self.notify(text, title="Internal error", severity="error", timeout=20)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run the action of a key. An internal error of it is shown and does not end the screen."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            self.record_failure(f"this key failed: {format_internal_error(error)}; the rest works", error)
            return True

    @property
    def crash(self) -> BaseException | None:
        """The internal error that ended the screen, if one did."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def panic(self, *_renderables: object) -> None:
        """Close the screen after an internal error, and print nothing: `run_tui` raises a description of the error.

        Textual would print the local variables, and they may contain a token.
        """
        self._exception = self._exception or RuntimeError("the screen was closed")
        self._return_code = 1
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self.panic()

"""Base class of the application: the live data that screens bind to.

Screens and action flows depend on this class, not on the application that creates them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import App
from textual.reactive import reactive

from anchor_tui.domain.foreign_text import sanitize_lines, sanitize_text, shorten_text
from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.errors import describe_crash

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.tui.targets import ActionTarget


MAX_NOTIFICATION_LENGTH = 1_000
"""Characters of a notification. The full text is in a pane."""


MAX_FAILURES = 100
"""Number of different internal errors that are recorded."""


class LiveApp(App[None]):
    """An application with the latest snapshot, the current time and the running actions.

    Notifications and the clipboard may receive foreign text: the methods here make it safe for every caller.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[str] = []
        """The internal errors of this session that did not end the screen, each once."""

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    jobs: reactive[tuple[Job, ...]] = reactive(())

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

    def record_failure(self, text: str, error: BaseException, *, notify: bool = True) -> None:
        """Record an internal error, and notify the operator if it has not occurred before."""
        report = describe_crash(error)
        if report in self.failures:
            return
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(report)
        if notify:
            self.notify(text, title="Internal error", severity="error", timeout=20)

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns."""
        raise NotImplementedError

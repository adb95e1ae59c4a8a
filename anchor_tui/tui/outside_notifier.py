"""Notifications outside the screen, of the desktop or by a command, while the screen is open."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.config.model import NotifyConfig
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import Snapshot
from anchor_tui.services.notifications import NotificationSender
from anchor_tui.tui.safe_app import SafeApp


class OutsideNotifier:
    """Follows the snapshots on the background thread: the comparison never delays a frame."""

    def __init__(self, app: SafeApp, config: NotifyConfig, environ: Mapping[str, str]) -> None:
        self._app = app
        self._sender = NotificationSender(config, environ, self._write, self._warn)

    def update(self, snapshot: Snapshot) -> None:
        """Send what a snapshot makes due."""
        try:
            self._sender.update(snapshot)
        except Exception as error:  # noqa: BLE001 - an internal error must not end the reader
            text = f"no notification was sent: {format_internal_error(error)}"
            self._app.call_later(self._app.record_failure, text, error)

    def _write(self, sequence: str) -> None:
        self._app.call_later(self._app.write_sequence, sequence)

    def _warn(self, text: str) -> None:
        self._app.call_later(lambda: self._app.notify(text, severity="warning", timeout=20))

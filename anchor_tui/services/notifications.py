"""Sends the notifications of one process: an escape sequence to the terminal, a command, or both."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from anchor_tui.config.model import NotifyConfig
from anchor_tui.domain.change_tracker import ChangeTracker
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.notifications import NotificationDecider, OutsideNotification, encode_desktop_notification
from anchor_tui.services.observe.settling import is_settled

COMMAND_TIMEOUT_S = 10.0
"""The longest time that a command may run, in seconds."""
MAX_RUNNING = 4
"""Commands that may run at the same time."""
_KEPT_VARIABLES = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "TZ",
        "TMPDIR",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "SYSTEMROOT",
    }
)
"""The variables that a command gets; none contains a token. Those that begin with LC_ are kept too."""


class NotificationSender:
    """Follows the snapshots of one process. All methods are called on its event loop.

    `write` writes an escape sequence to the terminal. `report` is called once, with the first failure of a command.
    `clock_s` only grows.
    """

    def __init__(
        self,
        config: NotifyConfig,
        environ: Mapping[str, str],
        write: Callable[[str], None],
        report: Callable[[str], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._environ = environ
        self._write = write
        self._report = report
        self._clock_s = clock_s
        self._begun_s = clock_s()
        self._tracker = ChangeTracker()
        self._decider = NotificationDecider(config.rules_in_use)
        self._is_settled = False
        self._has_failed = False
        self._running: set[asyncio.Task[None]] = set()

    def update(self, snapshot: Snapshot) -> None:
        """Send what is due. The first state that is settled is not a change and sends nothing."""
        changes, now_s = self._tracker.update(snapshot), self._clock_s()
        if not self._is_settled:
            self._decider.begin(changes)
            self._is_settled = is_settled(snapshot, now_s - self._begun_s)
            return
        for notification in self._decider.decide(changes, now_s):
            self._send(notification)

    async def finish(self) -> None:
        """Wait for the commands that are running."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _send(self, notification: OutsideNotification) -> None:
        if self._config.desktop:
            self._write(encode_desktop_notification(self._config.desktop, notification))
        if not self._config.run:
            return
        if len(self._running) >= MAX_RUNNING:
            self._fail(f"{MAX_RUNNING} earlier ones are still running")
            return
        task = asyncio.get_running_loop().create_task(self._run_command(notification))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run_command(self, notification: OutsideNotification) -> None:
        """Run the command without a shell. It gets no terminal, and is killed with its children after a time."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._config.run,
                notification.title,
                notification.text,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._make_environment(notification),
                cwd=Path.home(),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._fail(f"{getattr(error, 'strerror', None) or type(error).__name__}")
            return
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                code = await process.wait()
        except TimeoutError:
            self._fail(f"it did not end within {COMMAND_TIMEOUT_S:g} s")
        else:
            if code:
                self._fail(f"it ended with exit code {code}")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _make_environment(self, notification: OutsideNotification) -> dict[str, str]:
        kept = {
            name: value for name, value in self._environ.items() if name in _KEPT_VARIABLES or name.startswith("LC_")
        }
        return kept | {
            "ANCHOR_TUI_TITLE": notification.title,
            "ANCHOR_TUI_TEXT": notification.text,
            "ANCHOR_TUI_LEVEL": notification.level,
            "ANCHOR_TUI_ENVIRONMENT": notification.environment,
        }

    def _fail(self, reason: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._report(
                f"the command of [notify] run failed: {self._config.run[0]}: {reason}; "
                "run it in a terminal, and correct [notify] run. Further failures are not reported"
            )

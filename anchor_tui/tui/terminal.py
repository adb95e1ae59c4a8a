"""The terminal: whether there is one, and its state after the screen, however the process ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from types import FrameType, TracebackType
from typing import Any

ENDING_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT")
"""Signals that end the process. Windows does not have all of them."""

RESET_SEQUENCES = (
    b"\x1b[?2026l"  # end of a synchronized update
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # no mouse reports
    b"\x1b[?2004l"  # no bracketed paste
    b"\x1b[?1004l"  # no focus reports
    b"\x1b[?2048l"  # no reports of a new size
    b"\x1b[<u"  # the keyboard protocol from before; it belongs to the alternate screen
    b"\x1b[0m\x1b[?7h"  # default colours, lines wrap
    b"\x1b[?1049l"  # the main screen
    b"\x1b[?25h"  # a visible cursor
)
"""Undo everything that Textual's driver switches on."""

WRITE_TIMEOUT_S = 1.0
"""Seconds to wait for a terminal that accepts no output, as after ctrl+s."""
_STREAMS = ("stdin", "stdout", "stderr")


def list_streams_without_terminal() -> list[str]:
    """Return the names of the standard streams that are not a terminal. Textual draws on stderr."""
    return [name for number, name in enumerate(_STREAMS) if not os.isatty(number)]


class TerminalGuard:
    """Restore the terminal if a signal or an exception ends the screen. A normal end restores it without help.

    A signal ends the process with the exit code 128+n. A signal that is ignored, as SIGHUP under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self._output = -1
        self._attributes: list[Any] | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> TerminalGuard:
        with contextlib.suppress(OSError):
            self._output = os.dup(2)
        self._attributes = _read_attributes()
        for name in ENDING_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._end_process)
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._handlers.clear()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1

    def _end_process(self, number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):  # the thread that draws must not draw after the reset
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
        self._restore()
        os._exit(128 + number)

    def _restore(self) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            _, writable, _ = select.select([], [self._output], [], WRITE_TIMEOUT_S)
            if writable:
                os.write(self._output, RESET_SEQUENCES)
        _write_attributes(self._attributes)


def _read_attributes() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(0)
    except (termios.error, OSError):
        return None


def _write_attributes(attributes: list[Any] | None) -> None:
    """Restore echo, line editing and signals of the keyboard; discard keys that were not read."""
    if sys.platform == "win32" or attributes is None:
        return
    import termios

    with contextlib.suppress(termios.error, OSError, ValueError):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # it would stop a process in the background
        termios.tcflush(0, termios.TCIFLUSH)
        termios.tcsetattr(0, termios.TCSANOW, attributes)

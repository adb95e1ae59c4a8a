"""Reports of internal errors: one line on stderr, and a private file with the places in the code.

Neither contains messages, local variables or the values of arguments: they may be secret.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error

if TYPE_CHECKING:
    import logging
    import threading

MAX_REPORTS = 20
"""Reports that are kept; the oldest ones are deleted."""
MAX_FRAMES = 40
"""Frames at each end of a stack; a RecursionError has a thousand."""
MAX_CAUSES = 10
_FOLDER = "crashes"


def report_crash(error: BaseException, argv: list[str], *, kind: str = "", description: str = "") -> int:
    """Write a report, print one line that names it, and return the exit code of an internal error.

    `kind` and `description` replace the type and the places of the error itself.
    """
    path = _write_report(f"{_describe_run(argv)}\n{description or describe_error(error)}\n")
    place = f"report: {path}" if path else "no report could be written"
    print_error(f"internal error ({kind or type(error).__name__}); {place}")
    return ExitCode.INTERNAL_ERROR


def report_background_errors(argv: list[str]) -> None:
    """Report errors in threads and in abandoned tasks as one line each, instead of a traceback."""
    import logging  # asyncio imports it for every command that reads
    import threading

    def report_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            report_crash(arguments.exc_value, argv)

    threading.excepthook = report_thread
    sys.unraisablehook = lambda _: None  # a failed clean-up of an object changes no result
    logging.lastResort = _make_log_handler(argv)


def _make_log_handler(argv: list[str]) -> logging.Handler:
    """Return the handler of log records. Libraries log tracebacks, for example of a task that nothing awaits."""
    import logging

    class CrashLogHandler(logging.Handler):
        """Reports the exception of a record; a record without one is not shown."""

        def emit(self, record: logging.LogRecord) -> None:
            """Report the exception."""
            error = record.exc_info[1] if record.exc_info else None
            if error is not None:
                report_crash(error, argv)

    return CrashLogHandler(logging.ERROR)


def describe_error(error: BaseException) -> str:
    """Return the type of an error and its places in the code, and those of its causes."""
    return "\n".join(_describe_chain(error))


def _describe_chain(error: BaseException) -> Iterator[str]:
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen and len(seen) < MAX_CAUSES:
        yield ("caused by " if seen else "") + f"{type(current).__module__}.{type(current).__qualname__}"
        seen.add(id(current))
        yield from _describe_frames(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _describe_frames(error: BaseException) -> Iterator[str]:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    left_out = len(frames) - 2 * MAX_FRAMES
    for position, (code, line) in enumerate(frames):
        if left_out > 0 and MAX_FRAMES <= position < MAX_FRAMES + left_out:
            if position == MAX_FRAMES:
                yield f"  … {left_out} more"
            continue
        yield f"  {_shorten_path(code.co_filename)}:{line} in {code.co_name}"


def _shorten_path(file: str) -> str:
    """Return a path from the package on: the folders before it may contain the user's name."""
    parts = Path(file).parts
    for name in ("anchor_tui", "site-packages", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        if name in parts:
            return "/".join(parts[parts.index(name) :])
    return parts[-1] if parts else file


def _describe_run(argv: list[str]) -> str:
    import platform

    from anchor_tui import __version__

    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    versions = f"anchor-tui {__version__}, Python {platform.python_version()}, {system}"
    return f"{versions}\ncommand: anchor-tui {mask_values(argv)}"


def mask_values(argv: list[str]) -> str:
    """Return the names of command and options, with every value replaced: a reason or an address may be secret."""
    from anchor_tui.cli.command_help import HELP_BY_COMMAND

    words = {word for name in HELP_BY_COMMAND for word in name.split()}
    shown = []
    for argument in argv:
        name, equals, _ = argument.partition("=")
        if name.startswith("--") and name[2:].replace("-", "").isalpha() and name.isascii():
            shown.append(name + ("=…" if equals else ""))
        else:
            shown.append(argument if argument in words else "…")
    return " ".join(shown)


def _write_report(text: str) -> Path | None:
    """Write a report into the state folder, or else into the folder of temporary files. Return None if both fail."""
    content = text.encode("utf-8", "backslashreplace")
    for write in (_write_to_state_folder, _write_temporary_file):
        with contextlib.suppress(Exception):
            return write(content)
    return None


def _write_to_state_folder(content: bytes) -> Path:
    from datetime import UTC, datetime

    from anchor_tui.config.location import find_state_folder

    folder = find_state_folder(os.environ).absolute() / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}.txt"
    _write_new_file(lambda: os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), content)
    for old in sorted(folder.glob("*.txt"))[:-MAX_REPORTS]:
        old.unlink(missing_ok=True)
    return path


def _write_temporary_file(content: bytes) -> Path:
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix="anchor-tui-crash-", suffix=".txt")
    _write_new_file(lambda: descriptor, content)
    return Path(name)


def _write_new_file(open_file: Callable[[], int], content: bytes) -> None:
    with os.fdopen(open_file(), "wb") as file:
        file.write(content)

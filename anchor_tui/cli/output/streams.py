"""Write results to stdout or a file, completely or not at all, and errors to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from anchor_tui.cli.output.escaping import format_line
from anchor_tui.domain.foreign_text import replace_surrogates


def open_missing_streams() -> None:
    """Open the null device in place of a stdin, stdout or stderr that is closed, as after `>&-`.

    Otherwise Python has no stream to write to, and the next file or socket gets the number of a standard stream.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays open


def flush_streams() -> bool:
    """Write what is still buffered. Return False if stdout did not accept it, unless its reader closed the pipe."""
    written = True
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        print_error(f"cannot write to stdout: {error.strerror or error}")
        written = False
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    return written


def print_error(message: str) -> None:
    """Print one line for the operator on stderr. Control characters of foreign text are removed."""
    with contextlib.suppress(OSError):
        print(format_line(f"anchor-tui: {message}"), file=sys.stderr)  # noqa: T201 - the output of the command line


def write_result(content: str, target: Path | None = None, *, is_text: bool = False) -> bool:
    """Write a result to stdout, or to a file. If that fails, print an error and return False.

    A text for the operator is converted to ASCII if the terminal is not UTF-8.
    """
    try:
        if target is None:
            _write_to_stdout(_encode_for_stdout(content, is_text=is_text))
        else:
            replace_file(target, replace_surrogates(content).encode())
    except OSError as error:
        print_error(f"cannot write {target or 'to stdout'}: {error.strerror or error}")
        return False
    return True


def write_part(content: str, *, is_text: bool = False) -> bool:
    """Write a part of a result that has no end to stdout. If that fails, print an error and return False.

    Raises BrokenPipeError if the reader has closed the pipe, so that the command ends.
    """
    try:
        sys.stdout.buffer.write(_encode_for_stdout(content, is_text=is_text))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        print_error(f"cannot write to stdout: {error.strerror or error}")
        return False
    return True


def _encode_for_stdout(content: str, *, is_text: bool) -> bytes:
    if is_text:
        from anchor_tui.domain.status_marks import convert_to_ascii, supports_unicode

        content = content if supports_unicode(sys.stdout.encoding) else convert_to_ascii(content)
    return replace_surrogates(content).encode()


def _write_to_stdout(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has closed the pipe, as in `… | head`. Without the redirection, Python reports it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def replace_file(target: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file in one step: a reader sees the old content or the new, and a crash leaves the old.

    `mode` applies only to a new file; an existing file keeps its mode. Raises OSError.
    """
    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_file():  # a device or a pipe cannot be replaced
        target.write_bytes(content)
        return
    with _temporary_file_beside(target, content) as temporary:
        temporary.chmod(target.stat().st_mode if target.exists() else mode or 0o666 & ~_current_umask())
        temporary.replace(target)


def create_file(target: Path, content: bytes) -> None:
    """Create a file, completely or not at all. Raises FileExistsError, even if another process has just created it."""
    with _temporary_file_beside(target, content) as temporary:
        temporary.chmod(0o644)
        target.hardlink_to(temporary)  # unlike a rename, it never replaces a file


@contextlib.contextmanager
def _temporary_file_beside(target: Path, content: bytes) -> Iterator[Path]:
    """Write a temporary file in the folder of `target`; delete it at the end if it is still there."""
    import tempfile  # imports random, which is not needed otherwise

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _current_umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

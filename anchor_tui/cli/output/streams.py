"""Write results to stdout or a file, completely or not at all, and errors to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from anchor_tui.domain.formatting import sanitize_text


def print_error(message: str) -> None:
    """Print one line for the operator on stderr. Control characters of foreign text are removed."""
    with contextlib.suppress(BrokenPipeError):
        print(f"anchor-tui: {sanitize_text(message)}", file=sys.stderr)  # noqa: T201 - the output of the command line


def write_result(content: bytes, target: Path | None) -> bool:
    """Write a result to stdout, or to a file. If that fails, print an error and return False."""
    try:
        if target is None:
            _write_to_stdout(content)
        else:
            replace_file(target, content)
    except OSError as error:
        print_error(f"cannot write {target or 'to stdout'}: {error.strerror or error}")
        return False
    return True


def write_text_result(text: str, target: Path | None) -> bool:
    """Write a text for the operator, as `write_result` does. It is converted to ASCII if the terminal is not UTF-8."""
    from anchor_tui.domain.status_marks import convert_to_ascii, supports_unicode

    if target is None and not supports_unicode(sys.stdout.encoding):
        text = convert_to_ascii(text)
    return write_result(text.encode(), target)


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
    import tempfile  # imports random, which is not needed otherwise

    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_file():  # a device or a pipe cannot be replaced
        target.write_bytes(content)
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(target.stat().st_mode if target.exists() else mode or 0o666 & ~_current_umask())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _current_umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

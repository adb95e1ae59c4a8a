"""Where results go: stdout or a file, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from anchor_tui.domain.formatting import sanitize_text


def print_error(message: str) -> None:
    """A line for the person, on stderr; foreign text in it is no escape sequence there."""
    with contextlib.suppress(BrokenPipeError):
        print(f"anchor-tui: {sanitize_text(message)}", file=sys.stderr)  # noqa: T201 - this is the command line's voice


def write_result(content: bytes, target: Path | None) -> bool:
    """Writes the result to stdout, or to a file. False, with a word on stderr, where it cannot be written."""
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
    """The same for a text that a person reads: plain ASCII where the terminal is not UTF-8."""
    from anchor_tui.domain.status_marks import convert_to_ascii, supports_unicode

    return write_result(
        (text if target or supports_unicode(sys.stdout.encoding) else convert_to_ascii(text)).encode(), target
    )


def _write_to_stdout(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever read has had enough, as in `… | head`. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def replace_file(target: Path, content: bytes, mode: int | None = None) -> None:
    """Replaces a file in one step: a reader sees the old content or the new, and a crash leaves the old.

    `mode` is for a new file; one that exists keeps its own. Raises OSError.
    """
    import tempfile  # pulls random in, which no other start needs

    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_file():  # a device or a pipe cannot be replaced, only written
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

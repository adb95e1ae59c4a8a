"""Reading of regular files that another person may have written: bounded, and without waiting for a pipe."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FileReadError(Exception):
    """A file cannot be read. The message contains the reason without the path; `missing` is True if it is absent."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of at most `max_bytes`. Raises FileReadError.

    A link is followed. The opened file is the one that is checked, so it cannot be replaced in between.
    """
    try:
        # O_NONBLOCK: opening a pipe would otherwise wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileReadError("the file does not exist", missing=True) from error
    except OSError as error:
        raise FileReadError(f"cannot open the file: {error.strerror or 'it is not readable'}") from error
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise FileReadError("the path contains a character that no file name can have") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            kind = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
            raise FileReadError(f"not a regular file but {kind}")
        content = b"" if state.st_size > max_bytes else _read_at_most(descriptor, max_bytes + 1)
    except OSError as error:
        raise FileReadError(f"cannot read the file: {error.strerror or error}") from error
    finally:
        os.close(descriptor)
    if state.st_size > max_bytes or len(content) > max_bytes:
        raise FileReadError(f"the file is larger than {max_bytes // 1024} KiB")
    return content


def _read_at_most(descriptor: int, limit: int) -> bytes:
    content = bytearray()
    while len(content) < limit and (block := os.read(descriptor, limit - len(content))):
        content += block
    return bytes(content)

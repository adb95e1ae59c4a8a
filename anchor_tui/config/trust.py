"""The configuration files that the operator trusts, each by its real path and the SHA-256 of its content.

Each entry is a file in the folder `trust` of the state folder. The folder and the entries must belong to the user, and
other users must not have access to them: otherwise another user could trust a file in the operator's name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from anchor_tui.config.file_reader import FileReadError, read_regular_file

_FOLDER = "trust"
_MAX_ENTRY_BYTES = 16 * 1024


class TrustError(Exception):
    """An entry cannot be written or removed. The message contains the reason and what to do."""


class TrustStore:
    """The trusted files in one state folder."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / _FOLDER

    def is_trusted(self, file: Path, content: bytes) -> bool:
        """Return True if this content of this file is trusted. A changed file is not trusted any more."""
        entry = self._entry_of(file)
        if not (_is_private(self._folder, stat.S_ISDIR) and _is_private(entry, stat.S_ISREG)):
            return False
        try:
            stored = read_regular_file(entry, _MAX_ENTRY_BYTES)
        except FileReadError:
            return False
        return stored == _format_entry(file, content)

    def trust(self, file: Path, content: bytes) -> None:
        """Trust this content of a file. Raises TrustError."""
        entry = self._entry_of(file)
        temporary = entry.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(self._folder, stat.S_ISDIR):
                raise TrustError(f"{self._folder} is not a private folder of yours: delete it, and try again")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as written:
                written.write(_format_entry(file, content))
            temporary.replace(entry)
        except OSError as error:
            raise TrustError(f"cannot write {entry}: {error.strerror or error}") from error

    def untrust(self, file: Path) -> bool:
        """Trust a file no longer. Return False if it was not trusted. Raises TrustError."""
        entry = self._entry_of(file)
        try:
            entry.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise TrustError(f"cannot remove {entry}: {error.strerror or error}") from error
        return True

    def _entry_of(self, file: Path) -> Path:
        return self._folder / hashlib.sha256(_real_path(file)).hexdigest()


def _real_path(file: Path) -> bytes:
    return os.fsencode(os.path.realpath(file))


def _format_entry(file: Path, content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"  " + _real_path(file) + b"\n"


def _is_private(path: Path, is_kind: Callable[[int], bool]) -> bool:
    """Return True if a file or folder, not a link to one, belongs to the user and to no other user."""
    try:
        state = path.lstat()
    except OSError:
        return False
    if os.name != "posix":
        return is_kind(state.st_mode)
    return is_kind(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o077

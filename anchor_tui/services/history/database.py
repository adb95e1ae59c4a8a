"""Opens the history file: private, in WAL mode, at the newest version. A file that is of no use is set aside."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from anchor_tui.services.history.migrations import ForeignFileError, NewerFileError, migrate
from anchor_tui.services.private_file import UnsafeFileError, open_private_file, prepare_private_file

BUSY_TIMEOUT_S = 0.25
"""The wait for the transaction of another process. Longer waits would delay the next snapshot; it is tried again."""
MAX_WAL_BYTES = 4 * 1024 * 1024
_COMPANIONS = ("", "-wal", "-shm")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only",
    sqlite3.SQLITE_BUSY: "another process has locked it",
    sqlite3.SQLITE_CANTOPEN: "the file or its folder cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reports an error or is full",
}


class HistoryError(Exception):
    """The history cannot be read or written. The message names the file, the reason and what to do.

    `failure` is the message without what to do, for a caller that has another advice.
    """

    def __init__(self, failure: str, advice: str = "") -> None:
        super().__init__(f"{failure}. {advice}" if advice else failure)
        self.failure = failure


class DamagedHistoryError(HistoryError):
    """The file is damaged or of another kind: it has to be replaced."""


class OpenedDatabase(NamedTuple):
    """A connection, and a sentence about the file that was set aside for it, if one was."""

    connection: sqlite3.Connection
    message: str = ""


@contextmanager
def explain_errors(path: Path, what: str) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into a HistoryError. `what` is "read" or "write"."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = get_error_code(error)
        if code in _DAMAGED:
            raise DamagedHistoryError(f"cannot {what} the history {path}: it is damaged ({error})") from error
        reason = _REASONS.get(code, str(error))
        raise HistoryError(f"cannot {what} the history {path}: {reason}", _ADVICE) from error
    except (OSError, UnsafeFileError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise HistoryError(f"cannot {what} the history {path}: {reason}", _ADVICE) from error


_ADVICE = "Changes are kept in memory and written later; `[history] keep_days = 0` turns the history off"


@contextmanager
def open_transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run statements in one transaction that no other writer interrupts. Raises HistoryError."""
    with explain_errors(path, "write"):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite may have rolled back after a full disk
                connection.execute("ROLLBACK")
            raise


def get_error_code(error: sqlite3.Error) -> int:
    """Return the primary result code of an error of SQLite."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def open_for_writing(path: Path, now: datetime) -> OpenedDatabase:
    """Open a history, create or migrate it. Raises HistoryError.

    A file that is damaged, of a newer version or of another program gets another name, and a new one takes its place.
    """
    with explain_errors(path, "write"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock_opening(path):
            try:
                return OpenedDatabase(_connect(path))
            except (NewerFileError, ForeignFileError) as error:
                message = set_aside(path, now, str(error))
            except sqlite3.DatabaseError as error:
                if get_error_code(error) not in _DAMAGED:
                    raise
                message = set_aside(path, now, f"it is damaged ({error})")
            return OpenedDatabase(_connect(path), message)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing history without changing it. Raises HistoryError."""
    with explain_errors(path, "read"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("SELECT 1 FROM sessions LIMIT 1")
        except BaseException:
            connection.close()
            raise
        return connection


def set_aside(path: Path, now: datetime, reason: str) -> str:
    """Give a file another name, so that a new one can be made. Return a sentence about it. Raises OSError."""
    target = path.with_name(f"{path.stem}.aside-{now:%Y%m%dT%H%M%S%f}{path.suffix}")
    for companion in _COMPANIONS:
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(target.with_name(target.name + companion))
    return f"the history {path} was not usable: {reason}. It is kept as {target.name}, and a new one was started"


def _connect(path: Path) -> sqlite3.Connection:
    prepare_private_file(path)  # SQLite would create it for everyone to read; its companions get the same mode
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {MAX_WAL_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _lock_opening(path: Path) -> Iterator[None]:
    """Let one process at a time open, migrate or set aside a file. SQLite's own locks do not protect a new name."""
    with open_private_file(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

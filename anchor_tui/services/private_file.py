"""Opens a file that only this account can write, and refuses every other kind of file.

A file that another account can write, or a link to another file, could make the next start act on foreign content.
A named pipe or a device would block the program or have side effects.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ALWAYS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnsafeFileError(Exception):
    """A file or folder is not a private one of this account. The message contains the reason and what to do."""


@contextmanager
def open_private_file(path: Path, flags: int) -> Iterator[int]:
    """Open a regular file in a folder of this account; yield its descriptor. The file gets the mode 0600.

    The folder itself may be a symbolic link of this account, the file may not. Raises UnsafeFileError and OSError.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check_folder(os.fstat(folder), path.parent)
        handle = _open_regular_file(path, flags, folder)
        try:
            _check_file(os.fstat(handle), path)
            if stat.S_IMODE(os.fstat(handle).st_mode) & _FOR_OTHERS:
                os.fchmod(handle, 0o600)  # only readable by others: its content is still ours
            yield handle
        finally:
            os.close(handle)
    finally:
        os.close(folder)


def prepare_private_file(path: Path) -> None:
    """Create a file with the mode 0600, or check one that exists as `open_private_file` does, without opening it.

    A process that closes a file loses all its POSIX locks on it, those of other connections of SQLite too.
    Raises UnsafeFileError and OSError.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check_folder(os.fstat(folder), path.parent)
        try:
            found = os.lstat(path.name, dir_fd=folder)
        except FileNotFoundError:
            os.close(os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _ALWAYS, 0o600, dir_fd=folder))
            return
        _check_file(found, path)
        if stat.S_IMODE(found.st_mode) & _FOR_OTHERS:
            os.chmod(path.name, 0o600, dir_fd=folder)
    finally:
        os.close(folder)


def _open_regular_file(path: Path, flags: int, folder: int) -> int:
    # The kind is checked before the file is opened too: to open a device can have side effects.
    try:
        found = os.lstat(path.name, dir_fd=folder)
    except FileNotFoundError:
        pass
    else:
        _check_kind(found, path)
    return os.open(path.name, flags | _ALWAYS, 0o600, dir_fd=folder)


def _check_kind(found: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeFileError(f"it is a symbolic link: replace {shlex.quote(str(path))} by the file itself")
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeFileError(f"it is {_kind_name(found.st_mode)}, not a regular file: move it away")


def _check_file(found: os.stat_result, path: Path) -> None:
    _check_kind(found, path)
    _check_owner(found, path)
    if found.st_nlink > 1:
        raise UnsafeFileError(f"it has {found.st_nlink} names (hard links): copy it, and replace it by the copy")
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise UnsafeFileError(
            "other accounts can write it. Check its content, and then run "
            f"`chmod 600 {shlex.quote(str(path))}`, or move it away"
        )


def _check_folder(found: os.stat_result, path: Path) -> None:
    _check_owner(found, path)
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise UnsafeFileError(f"other accounts can write its folder: run `chmod 700 {shlex.quote(str(path))}`")


def _check_owner(found: os.stat_result, path: Path) -> None:
    if found.st_uid != os.geteuid():
        raise UnsafeFileError(
            f"{path} belongs to another account (uid {found.st_uid}): use another folder, see $ANCHOR_TUI_STATE"
        )


def _kind_name(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return names.get(stat.S_IFMT(mode), "a device")

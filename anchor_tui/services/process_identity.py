"""The identity of the operator and of this process, as the audit log and the history record them."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from pathlib import Path

from anchor_tui.domain.foreign_text import replace_surrogates

_PROCESS_MARK = secrets.token_hex(4)


def acting_user() -> str:
    """Return the account and the machine, as `account@machine`."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such account, as in some containers
        name = str(os.getuid())
    return replace_surrogates(f"{name}@{socket.gethostname()}")


def machine_name() -> str:
    """Return the name of this machine."""
    return replace_surrogates(socket.gethostname())


def this_process_id() -> str:
    """Return the id of this process. Process numbers are reused; its random mark is not."""
    return f"{socket.gethostname()}:{os.getpid()}:{_PROCESS_MARK}"


def is_process_alive(process: str) -> bool:
    """Return whether a process may still be running. A process of another machine counts as running."""
    if process == this_process_id():
        return True
    host, _, pid = process.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return bool(host)
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return int(pid) != os.getpid()


def is_local_process_alive(process: str) -> bool:
    """Return whether a process of this machine may still be running."""
    return process.partition(":")[0] == socket.gethostname() and is_process_alive(process)


def read_process_start(process: str) -> str:
    """Return what distinguishes a process of this machine from a later one with its number; empty if it is unknown.

    Linux reports it, other systems do not.
    """
    host, _, pid = process.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, ValueError, IndexError):
        return ""
    return f"{boot}:{started}"


def is_same_process_alive(process: str, start: str) -> bool:
    """Return whether a process may still be running. `start` is the `read_process_start` of it while it ran."""
    return is_process_alive(process) and (not start or start == read_process_start(process))

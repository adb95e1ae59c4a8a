"""The audit: what was asked for from here and what became of it, one JSON line each, only ever appended.

A line is on the disk before the request that it is about leaves. The file is the owner's alone (0600). Whatever a
crash leaves half written is one unreadable line, and no later one is lost to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from anchor_tui.domain.actions.plan import GroupResult, Plan
from anchor_tui.domain.model import AwareDatetime, ValueObject
from anchor_tui.sources.api_request import ApiRequest

FILE_NAME = "audit.jsonl"
EntryKind: TypeAlias = Literal["intended", "done", "drifted", "failed", "unknown", "refused"]


_PROCESS_MARK = secrets.token_hex(4)


class AuditEntry(ValueObject, frozen=True, omit_defaults=True):
    """One line. `step` is the number of the step that it is about, from 0; None for the whole.

    `plan` is the id of the Plan, `whole` the Plan itself, on the line that says that it is intended. `event` is
    what is sent to the status API.
    """

    at: AwareDatetime
    entry: EntryKind
    plan: str
    action: str
    environments: tuple[str, ...] = ()
    subject: str = ""
    step: int | None = None
    message: str = ""
    who: str = ""
    process: str = ""
    """Which process of which machine: what it has begun is under way as long as it lives."""
    reason: str = ""
    request: dict[str, str] | None = None
    number: int | None = None
    url: str = ""
    event: dict[str, Any] | None = None
    whole: Plan | None = None


class AuditError(Exception):
    """The audit cannot be written, and so nothing is done; the message says which file, and why."""


def acting_user() -> str:
    """Who acts: the account and the machine."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such account, as in some containers
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def this_process_id() -> str:
    """This process, as the audit names it: numbers of processes are used again, its mark is not."""
    return f"{socket.gethostname()}:{os.getpid()}:{_PROCESS_MARK}"


def is_process_alive(process: str) -> bool:
    """Whether a process may still be at it; one of another machine is taken to be, since nobody here can tell."""
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


def request_summary(request: ApiRequest) -> dict[str, str]:
    """A request as the audit has it: where it goes, not what is in it."""
    found = {"service": request.service, "method": request.method, "path": request.path}
    mutation = request.body.get("mutation") if request.body else None
    return found | ({"mutation": str(mutation)} if mutation else {})


class AuditLog:
    """The file in one folder. Several processes may append to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def append_entry(self, entry: AuditEntry) -> None:
        """Writes one line and waits until the disk has it. Raises AuditError."""
        line = msgspec.json.encode(entry) + b"\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                _write_all(handle, _line_end_if_torn(handle) + line)
                os.fsync(handle)
            finally:
                os.close(handle)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AuditError(
                f"the audit {self.path} cannot be written ({reason}), and nothing is done without it"
            ) from error

    def read_entries(self) -> tuple[AuditEntry, ...]:
        """Every line that can be read, oldest first. Raises AuditError where the file is there and cannot be."""
        return tuple(entry for entry in self._read_lines() if entry is not None)

    @property
    def unreadable_count(self) -> int:
        """How many lines cannot be read, as one that a crash cut short."""
        return sum(entry is None for entry in self._read_lines())

    def _read_lines(self) -> Iterable[AuditEntry | None]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise AuditError(f"the audit {self.path} cannot be read: {error.strerror or error}") from error
        return tuple(_decode_entry(line) for line in content.split(b"\n") if line.strip())


def _decode_entry(line: bytes) -> AuditEntry | None:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(line, type=AuditEntry)
    return None


def _line_end_if_torn(handle: int) -> bytes:
    """A line end, where the last line has none: it was cut short, and stays one line of its own."""
    size = os.fstat(handle).st_size
    return b"" if size == 0 or os.pread(handle, 1, size - 1) == b"\n" else b"\n"


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- what the lines tell ------------------------------------------------------------------------------


class UnfinishedGroup(ValueObject, frozen=True):
    """A change that was begun and of which no end is known. `last` is the last line about one of its steps."""

    plan: Plan
    subject: str
    entries: tuple[AuditEntry, ...]

    @property
    def process(self) -> str:
        """Which process began it."""
        return self.entries[0].process if self.entries else ""

    @property
    def last_step_entry(self) -> AuditEntry | None:
        """The last line about one of its steps."""
        return next((each for each in reversed(self.entries) if each.step is not None), None)

    @property
    def unanswered_entry(self) -> AuditEntry | None:
        """The step whose request had left, perhaps, and of which no answer is known."""
        return (
            self.last_step_entry
            if self.last_step_entry is not None and self.last_step_entry.entry == "intended"
            else None
        )


def find_unfinished(entries: Iterable[AuditEntry]) -> tuple[UnfinishedGroup, ...]:
    """What was begun and has no end, oldest first."""
    plans: dict[str, Plan] = {}
    of_plan: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        if entry.whole is not None:  # begun anew, as after a drift: what came before has its end
            plans[entry.plan], of_plan[entry.plan] = entry.whole, []
        of_plan.setdefault(entry.plan, []).append(entry)
    found = []
    for id_, plan in plans.items():
        for change in plan.step_groups:
            own = [each for each in of_plan[id_] if each.subject in {change.subject, ""}]
            if not any(each.step is None and each.entry != "intended" for each in own):
                found.append(UnfinishedGroup(plan, change.subject, tuple(own)))
    return tuple(found)


class PendingEvent(ValueObject, frozen=True):
    """An event that was to be sent, and that the status API has neither taken nor refused."""

    entry: AuditEntry
    event: dict[str, Any]


def pending_events(entries: Iterable[AuditEntry]) -> tuple[PendingEvent, ...]:
    """The events that are still to be delivered, oldest first."""
    waiting: dict[str, PendingEvent] = {}
    for entry in entries:
        if entry.event is None:
            continue
        if entry.entry == "intended":
            waiting[entry.plan] = PendingEvent(entry, entry.event)
        elif entry.entry in {"done", "refused"}:
            waiting.pop(entry.plan, None)
    return tuple(waiting.values())


def result_entry(plan: Plan, result: GroupResult, at: AwareDatetime, name: str) -> AuditEntry:
    """The line that says what became of one change."""
    return AuditEntry(
        at,
        result.kind,
        plan.id,
        plan.order.action,
        plan.order.environments,
        result.subject,
        message=result.message,
        who=name,
        reason=plan.order.reason,
        number=result.number,
        url=result.url,
    )

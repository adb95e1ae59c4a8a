"""The audit log: every action and its result as a JSON line, append-only.

A line is on disk before its request is sent. Only the owner can read the file (0600), and a file that another account
can write is not read (`private_file`): the next start acts on its content. A line that a crash cut short, or that is
not one of ours, is unreadable; other lines are unaffected.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from anchor_tui.domain.actions.plan import GroupResult, Plan
from anchor_tui.domain.foreign_text import mask_tokens, replace_surrogates
from anchor_tui.domain.model import AwareDatetime, ValueObject
from anchor_tui.services.private_file import UnsafeFileError, open_private_file
from anchor_tui.sources.api_request import ApiRequest

FILE_NAME = "audit.jsonl"
MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is neither written nor decoded."""
MAX_READ_BYTES = 64 * 1024 * 1024
MAX_READ_LINES = 100_000
"""Only the newest part of a larger file is read."""
LOCK_TIMEOUT_S = 5.0
"""The time that a line waits for another process to finish its own."""
_LOCK_PAUSE_S = 0.005
EntryKind: TypeAlias = Literal["intended", "done", "drifted", "failed", "unknown", "refused", "resolved"]
"""`resolved`: the operator acknowledged an unknown or missing result."""


class AuditEntry(ValueObject, frozen=True, omit_defaults=True):
    """One line. `step` is the index of a step, from 0; None for the whole plan.

    `plan` is the plan's id. `whole` is the plan itself, on the line that records the intent. `event` is the event for
    the status API.
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
    """The process and its machine. While it lives, its plans are running."""
    reason: str = ""
    request: dict[str, str] | None = None
    number: int | None = None
    url: str = ""
    event: dict[str, Any] | None = None
    whole: Plan | None = None


class AuditError(Exception):
    """The audit log cannot be read or written, so nothing is executed. The message names the file and the reason."""


def request_summary(request: ApiRequest) -> dict[str, str]:
    """Return a request without its body, as the audit log records it."""
    found = {"service": request.service, "method": request.method, "path": request.path}
    mutation = request.body.get("mutation") if request.body else None
    return found | ({"mutation": str(mutation)} if mutation else {})


class AuditLog:
    """The audit file of one folder. Several processes may append to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def append_entry(self, entry: AuditEntry) -> None:
        """Append a line and wait until it is on disk. Raises AuditError."""
        try:
            line = _encode_entry(entry)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self.path.exists()
            with open_private_file(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as handle:
                _lock_file(handle)
                _write_all(handle, _line_end_if_torn(handle) + line)
                os.fsync(handle)
            if is_new:
                _sync_folder(self.path.parent)
        except (OSError, ValueError, RecursionError, UnsafeFileError) as error:
            raise AuditError(
                f"cannot write the audit log {self.path} ({_reason_text(error)}). Nothing is executed without it"
            ) from error

    def read_entries(self) -> tuple[AuditEntry, ...]:
        """Return the readable lines, oldest first; none if the file does not exist. Raises AuditError."""
        return tuple(entry for entry in self._read_lines() if entry is not None)

    @property
    def unreadable_count(self) -> int:
        """The number of unreadable lines, such as one that a crash cut short. Raises AuditError."""
        return sum(entry is None for entry in self._read_lines())

    def _read_lines(self) -> Iterable[AuditEntry | None]:
        try:
            with open_private_file(self.path, os.O_RDONLY) as handle:
                lines = _read_newest_lines(handle)
        except FileNotFoundError:
            return ()
        except (OSError, UnsafeFileError) as error:
            raise AuditError(f"cannot read the audit log {self.path}: {_reason_text(error)}") from error
        return tuple(_decode_entry(line) for line in lines if line.strip())


def _encode_entry(entry: AuditEntry) -> bytes:
    """Return the line of an entry, its message without tokens. Raises ValueError if it is too long."""
    entry = msgspec.structs.replace(entry, message=mask_tokens(replace_surrogates(entry.message)))
    try:
        line = msgspec.json.encode(entry) + b"\n"
    except UnicodeEncodeError:  # an argument that is not UTF-8
        text = json.dumps(msgspec.to_builtins(entry), ensure_ascii=False, separators=(",", ":"))
        line = replace_surrogates(text).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the line would have {len(line):,} bytes, and at most {MAX_LINE_BYTES:,} are written")
    return line


def _decode_entry(line: bytes) -> AuditEntry | None:
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        return msgspec.json.decode(line, type=AuditEntry)
    except Exception:  # noqa: BLE001 - whatever one line contains costs no other line
        return None


def _read_newest_lines(handle: int) -> list[bytes]:
    size = os.fstat(handle).st_size
    offset = max(0, size - MAX_READ_BYTES)
    chunks, position = [], offset
    while position < size and (chunk := os.pread(handle, size - position, position)):
        chunks.append(chunk)
        position += len(chunk)
    lines = b"".join(chunks).rsplit(b"\n", MAX_READ_LINES)
    is_cut = offset > 0 or len(lines) > MAX_READ_LINES
    return lines[1:] if is_cut else lines


def _lock_file(handle: int) -> None:
    """Lock the file for one line. Raises OSError if another process keeps it locked."""
    until = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise OSError(f"another process has locked it for {LOCK_TIMEOUT_S:g} s") from None
            time.sleep(_LOCK_PAUSE_S)


def _reason_text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _line_end_if_torn(handle: int) -> bytes:
    """Return a line end if the last line was cut short, so it stays a line of its own."""
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


# --- evaluating the lines ------------------------------------------------------------------------------


class UnfinishedGroup(ValueObject, frozen=True):
    """A group of steps that was started and whose result is not recorded."""

    plan: Plan
    subject: str
    entries: tuple[AuditEntry, ...]

    @property
    def process(self) -> str:
        """The process that started it, or the last one that resumed it."""
        return next((entry.process for entry in reversed(self.entries) if entry.process), "")

    @property
    def last_step_entry(self) -> AuditEntry | None:
        """The last line about one of its steps."""
        return next((entry for entry in reversed(self.entries) if entry.step is not None and entry.step >= 0), None)

    @property
    def unanswered_entry(self) -> AuditEntry | None:
        """The line of the step whose request may have been sent and whose response is not recorded."""
        return (
            self.last_step_entry
            if self.last_step_entry is not None and self.last_step_entry.entry == "intended"
            else None
        )


def find_unfinished(entries: Iterable[AuditEntry]) -> tuple[UnfinishedGroup, ...]:
    """Return the groups that were started and have no recorded result, oldest first."""
    plans: dict[str, Plan] = {}
    of_plan: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        if entry.whole is not None:  # the plan was started again: earlier lines are closed
            plans[entry.plan], of_plan[entry.plan] = entry.whole, []
        of_plan.setdefault(entry.plan, []).append(entry)
    found = []
    for id_, plan in plans.items():
        for group in plan.step_groups:
            own = [entry for entry in of_plan[id_] if entry.subject in {group.subject, ""}]
            if not any(entry.step is None and entry.entry != "intended" for entry in own):
                found.append(UnfinishedGroup(plan, group.subject, tuple(own)))
    return tuple(found)


class PendingEvent(ValueObject, frozen=True):
    """An event that the status API has neither accepted nor refused."""

    entry: AuditEntry
    event: dict[str, Any]


def pending_events(entries: Iterable[AuditEntry]) -> tuple[PendingEvent, ...]:
    """Return the events to deliver, oldest first."""
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
    """Return the line that records the result of one group."""
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

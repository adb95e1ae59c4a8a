"""One command in a process of its own, forked from a server that has imported everything: a start takes 10 ms.

The audit file is recognised by its name at the calls of the operating system, so the campaign does not depend on how
the product writes a line.
"""

from __future__ import annotations

import dataclasses
import errno
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

import github  # noqa: F401 - loaded by the first write
import httpx  # noqa: F401

from anchor_tui.__main__ import run_command_line
from anchor_tui.cli import actions
from anchor_tui.services.execute import (  # noqa: F401 - imported once, before the forks
    audit,
    executor,
    plan_input_collector,
    recovery,
)
from anchor_tui.services.observe import observer, source_factory  # noqa: F401
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.github import writer
from tests.services.sandbox_operator import QUICK_TIMEOUTS

LineMoment = Literal["before", "torn", "after"]
DiskFault = Literal["full", "short", "read-only", "not-synced"]
AUDIT_NAME = "audit.jsonl"
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR
KILLED = -signal.SIGKILL
SHORT_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Sabotage:
    """A fault that strikes a process while it writes its audit lines, counted from 0.

    `kill` ends the process before, within or after a line. `disk` fails at a line, and at all later ones if it `lasts`.
    """

    line: int
    kill: LineMoment | None = None
    disk: DiskFault | None = None
    lasts: bool = True


@dataclass(frozen=True)
class Command:
    """A command line with its surroundings. `is_hasty` shortens the time a response may take."""

    argv: tuple[str, ...]
    folder: Path
    environ: dict[str, str]
    output: Path
    is_hasty: bool = False
    sabotage: Sabotage | None = None

    def start(self) -> BaseProcess:
        """Fork the process."""
        process = _fork_server().Process(target=_run, args=(self,), daemon=True)
        process.start()
        return process

    def run(self, within_s: float = 30.0) -> int:
        """Run the command to its end and return its exit code, or the negative signal number."""
        return wait_for_exit(self.start(), within_s)


def wait_for_exit(process: BaseProcess, within_s: float = 30.0) -> int:
    """Return the exit code. Raises AssertionError if the process runs too long."""
    process.join(within_s)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"the command ran longer than {within_s} s")
    return process.exitcode


def _fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


# --- in the child ---------------------------------------------------------------------------------------


def _run(command: Command) -> None:
    os.environ.clear()
    os.environ.update(command.environ)
    os.chdir(command.folder)
    output = os.open(command.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _shorten_timeouts(is_hasty=command.is_hasty)
    if command.sabotage is not None:
        _AuditCalls(command.sabotage, Path(command.environ["ANCHOR_TUI_STATE"], AUDIT_NAME)).install()
    try:
        code = run_command_line(list(command.argv))
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - the campaign reads the traceback from the output
        import traceback

        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread that hangs in a request must not keep the process


def _shorten_timeouts(*, is_hasty: bool) -> None:
    timeouts_of = actions._timeouts_of
    quick = {name: getattr(QUICK_TIMEOUTS, name) for name in ("argocd_poll_s", "github_poll_s", "degraded_s")}
    quick |= {"settle_s": 1.0, "checks_start_s": 1.0, "start_s": 5.0, "refresh_s": 5.0}
    actions._timeouts_of = lambda arguments: dataclasses.replace(timeouts_of(arguments), **quick)
    plan_input_collector.MERGEABILITY_PAUSE_S = 0.02
    if is_hasty:
        ArgoClient.send.__kwdefaults__["timeout_s"] = SHORT_TIMEOUT_S
        writer.RESPONSE_TIMEOUT_S = 1  # PyGithub takes whole seconds


class _AuditCalls:
    """Wraps the calls that open, write and sync the audit file."""

    def __init__(self, sabotage: Sabotage, path: Path) -> None:
        self._sabotage, self._path, self._line, self._is_short = sabotage, path, -1, False
        self._open, self._write, self._sync = os.open, os.write, os.fsync

    def install(self) -> None:
        os.open, os.write, os.fsync = self._open_file, self._write_file, self._sync_file

    @property
    def _is_struck(self) -> bool:
        at = self._sabotage.line
        return self._line == at or (self._sabotage.disk is not None and self._sabotage.lasts and self._line > at)

    def _is_audit(self, handle: int) -> bool:
        return self._path.exists() and os.fstat(handle).st_ino == self._inode

    @property
    def _inode(self) -> int:
        return self._path.stat().st_ino

    def _open_file(self, path, flags, *more, **options):
        if flags & WRITE_FLAGS and str(path).endswith(AUDIT_NAME):
            self._line += 1
            if self._is_struck and self._sabotage.disk == "read-only":
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return self._open(path, flags, *more, **options)

    def _write_file(self, handle, content):
        if not (self._is_audit(handle) and self._is_struck):
            return self._write(handle, content)
        if self._sabotage.kill == "before":
            _kill_this_process()
        if self._sabotage.kill == "torn":
            self._write(handle, content[: len(content) // 2])
            _kill_this_process()
        if self._sabotage.disk == "short" and not self._is_short:
            self._is_short = True  # the next call finds the disk full
            return self._write(handle, content[: len(content) // 2])
        if self._sabotage.disk in {"full", "short"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._write(handle, content)

    def _sync_file(self, handle):
        struck = self._is_audit(handle) and self._is_struck
        if struck and self._sabotage.disk == "not-synced":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._sync(handle)
        if struck and self._sabotage.kill == "after":
            _kill_this_process()


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()

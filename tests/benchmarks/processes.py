"""Processes that are measured from outside: their time, their memory, and what they write to a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.terminal_screen import TerminalScreen

ROOT = Path(__file__).parents[2]
PRODUCT = (sys.executable, "-m", "anchor_tui")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CHANGING_VARIABLES = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "DEBUG", "COLUMNS", "LINES")
"""Variables that change what is measured. Without byte code, each start compiles the package again."""


def build_environment(home: str, **more: str) -> dict[str, str]:
    """Return the environment of a measured process: an empty home, and byte code as in daily use."""
    kept = {name: value for name, value in os.environ.items() if name not in CHANGING_VARIABLES}
    own = {"HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    return kept | own | {"ANCHOR_TUI_STATE": f"{home}/state"} | more


@dataclass(frozen=True)
class ProcessResult:
    """The use of a process that has ended. Times are in milliseconds, memory in MB."""

    wall_ms: float
    cpu_ms: float
    max_rss_mb: float
    code: int
    error: str


def run_process(command: Sequence[str], environ: Mapping[str, str], folder: str) -> ProcessResult:
    """Run a process to its end, without a terminal. Its output is discarded.

    The largest memory is the kernel's. It contains this process at the moment of the start, so this process must be
    smaller than the measured ones: it imports little.
    """
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_ms = (time.perf_counter() - started) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        error = errors.read().decode(errors="replace").strip()
    return ProcessResult(
        wall_ms, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024, process.returncode, error
    )


class TerminalProcess:
    """A process on a pseudo-terminal of 180 × 50 characters. Its output is read at once and shown by an emulator."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], folder: str) -> None:
        self.screen = TerminalScreen()
        self.updates = 0
        """The number of screen updates so far: synchronised ones, else reads."""
        size = struct.pack("HHHH", self.screen.height, self.screen.width, 0, 0)
        self.started = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.chdir(folder)
            os.execve(command[0], list(command), dict(environ))
        os.set_blocking(self._terminal, False)

    def __enter__(self) -> TerminalProcess:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def write(self, keys: bytes) -> float:
        """Send keys, and return the time."""
        at = time.perf_counter()
        os.write(self._terminal, keys)
        return at

    def wait_until(self, condition: Callable[[TerminalScreen], bool], timeout_s: float = 60.0) -> float:
        """Return the time at which the output arrived that fulfils a condition. Raises TimeoutError."""
        if condition(self.screen):
            return time.perf_counter()
        ends = time.perf_counter() + timeout_s
        while (left := ends - time.perf_counter()) > 0:
            at = self._read_output(left)
            if at and condition(self.screen):
                return at
        raise TimeoutError(f"not seen within {timeout_s:.0f} s on the screen:\n{self.screen.text}")

    def drain(self, seconds: float) -> None:
        """Read the output for some time."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self._read_output(left)

    def _read_output(self, timeout_s: float) -> float:
        """Read what is there, and return the time of its arrival; 0 if nothing has come."""
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return 0.0
        at = time.perf_counter()
        parts = []
        try:
            while part := os.read(self._terminal, 65536):
                parts.append(part)
        except BlockingIOError:
            pass
        except OSError:
            raise RuntimeError(f"the process has ended; its last screen:\n{self.screen.text}") from None
        output = b"".join(parts)
        self.updates += output.count(b"\x1b[?2026h")
        self.screen.feed(output)
        for reply in self.screen.replies:
            os.write(self._terminal, reply)
        self.screen.replies.clear()
        return at

    def read_cpu_s(self) -> float:
        """Return the processor time of the process so far, in seconds."""
        return read_cpu_s(self.pid)

    def read_rss_mb(self) -> float:
        """Return the resident memory of the process, in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def read_cpu_s(pid: int) -> float:
    """Return the processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

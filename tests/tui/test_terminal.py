"""The terminal after the screen, however it ended, and the screen without a terminal."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import ROOT, anchor_tui, surroundings

fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

LEAVES = [b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[?2004l", b"\x1b[?1004l"]
"""Main screen, cursor, no mouse, no bracketed paste, no focus reports."""
ENTERS = [b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h", b"\x1b[?2004h", b"\x1b[?1004h"]

GUARDED = """
import signal, sys, termios
from anchor_tui.tui.terminal import TerminalGuard
with TerminalGuard():
    changed = termios.tcgetattr(0)
    changed[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(0, termios.TCSANOW, changed)
    sys.stderr.write("ready")
    sys.stderr.flush()
    {end}
"""

WAITING = "while True: signal.sigtimedwait([], 0.05)"
"""Waits for a signal in short steps: one that arrives just before `signal.pause` would leave it waiting for ever."""
END_TIMEOUT_S = 60.0


class PseudoTerminal:
    """A process in a terminal of its own."""

    def __init__(self, *arguments: str, home: str) -> None:
        self.ours, self._theirs = pty.openpty()
        self.attributes_before = termios.tcgetattr(self._theirs)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=surroundings(home, TERM="xterm-256color"),
            cwd=ROOT,
            start_new_session=True,
        )

    def set_size(self, *, rows: int, columns: int) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, expected: bytes) -> None:
        while expected not in self.output:
            self.output += os.read(self.ours, 65536)

    def read_to_end(self) -> int:
        """Read until the process has ended. Return its exit code."""
        os.set_blocking(self.ours, False)
        deadline = time.monotonic() + END_TIMEOUT_S
        while (code := self.process.poll()) is None:
            assert time.monotonic() < deadline, f"the process has not ended; it wrote {self.output!r}"
            select.select([self.ours], [], [], 0.05)
            self._drain()
        self._drain()
        return code

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while part := os.read(self.ours, 65536):
                self.output += part

    @property
    def attributes(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self._theirs)


@pytest.fixture(autouse=True)
def _default_hangup():
    """Let children end with a hangup, also if the tests run below `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def in_terminal(tmp_path):
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> PseudoTerminal:
            started = PseudoTerminal(*arguments, home=tmp_path)
            stack.callback(started.close)
            return started

        yield start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_restores_the_terminal_and_its_exit_code(in_terminal, number):
    guarded = in_terminal("-c", GUARDED.format(end=WAITING))
    guarded.read_until(b"ready")
    guarded.process.send_signal(number)
    assert guarded.read_to_end() == 128 + number
    assert all(sequence in guarded.output for sequence in LEAVES)
    assert guarded.attributes == guarded.attributes_before


def test_a_crash_restores_the_terminal_before_its_message(in_terminal):
    guarded = in_terminal("-c", GUARDED.format(end="raise RuntimeError('a bug')"))
    assert guarded.read_to_end() == 1
    restored, message = guarded.output.split(b"\x1b[?25h")
    assert all(sequence in restored + b"\x1b[?25h" for sequence in LEAVES)
    assert b"RuntimeError: a bug" in message
    assert guarded.attributes == guarded.attributes_before


def test_an_ignored_hangup_stays_ignored(in_terminal):
    end = "print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        guarded = in_terminal("-c", GUARDED.format(end=end))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert guarded.read_to_end() == 0
    assert b"True" in guarded.output


def test_sigterm_on_the_real_screen_restores_everything_it_switched_on(in_terminal):
    screen = in_terminal("-m", "anchor_tui", "demo")
    screen.read_until(b"staging")
    assert all(sequence in screen.output for sequence in ENTERS)
    screen.process.send_signal(signal.SIGTERM)
    assert screen.read_to_end() == 143
    for enter, leave in zip(ENTERS, LEAVES, strict=True):
        assert screen.output.rindex(leave) > screen.output.rindex(enter)
    assert screen.attributes == screen.attributes_before


CRASHING = """
from anchor_tui.tui.app import AnchorApp
def crash(self):
    local = "ghp_local"
    raise RuntimeError("token ghp_message")
AnchorApp._tick = crash
from anchor_tui.__main__ import main
main(["demo"])
"""


def test_a_crash_of_the_real_screen_prints_no_values(in_terminal):
    screen = in_terminal("-c", CRASHING)
    assert screen.read_to_end() == 70
    for enter, leave in zip(ENTERS, LEAVES, strict=True):
        assert screen.output.rindex(leave) > screen.output.rindex(enter)
    assert screen.attributes == screen.attributes_before
    assert b"anchor-tui: internal error (RuntimeError); report: " in screen.output
    report = Path(screen.output.decode().rpartition("report: ")[2].strip()).read_text()
    assert "in crash" in report
    assert "ghp_" not in report
    assert b"ghp_" not in screen.output


@pytest.mark.parametrize("piped", ["stdin", "stdout", "stderr"])
def test_the_screen_without_a_terminal_prints_one_line(tmp_path, piped):
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs} | {
        piped: subprocess.DEVNULL if piped == "stdin" else subprocess.PIPE
    }
    try:
        done = anchor_tui("demo", home=tmp_path, **streams)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                shown += part
    finally:
        os.close(ours)
    printed = shown + (done.stdout or b"") + (done.stderr or b"")
    assert done.returncode == 2
    assert b"\x1b" not in printed
    (line,) = printed.decode().splitlines()
    assert f"the screen needs a terminal, and {piped} is not one" in line
    assert "anchor-tui snapshot" in line

"""The terminal disappears while the screen is open."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("pty")


def test_the_screen_ends_with_its_terminal_without_sighup():
    import pty

    ours, theirs = pty.openpty()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited, as from nohup
    try:
        command = [sys.executable, "-m", "anchor_tui", "demo"]
        screen = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(theirs)
    try:
        seen = b""
        while b"staging" not in seen:
            seen += os.read(ours, 65536)
        os.close(ours)
        assert screen.wait(timeout=30) == 129
    finally:
        with contextlib.suppress(ProcessLookupError):
            screen.kill()
        screen.wait()

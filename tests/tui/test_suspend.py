"""Suspending the process and returning to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from textual.widgets import TextArea

from anchor_tui.domain.actions.plan import Order
from tests.tui.harness import open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HEALTHY

pytest.importorskip("pty")
LEAVE, ENTER = b"\x1b[?1049l", b"\x1b[?1049h"


def _read_until(terminal: int, expected: bytes) -> bytes:
    seen = b""
    while expected not in seen:
        seen += os.read(terminal, 65536)
    return seen


def test_ctrl_z_suspends_and_sigcont_restores_the_screen():
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "anchor_tui", "demo"]
    screen = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        _read_until(ours, b"staging")
        os.write(ours, b"\x1a")
        _read_until(ours, LEAVE)
        _, status = os.waitpid(screen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        os.kill(screen.pid, signal.SIGCONT)
        _read_until(ours, ENTER)
        _read_until(ours, b"staging")
    finally:
        with contextlib.suppress(ProcessLookupError):
            screen.kill()
        screen.wait()
        os.close(ours)


async def test_a_terminal_that_cannot_suspend_is_reported():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("ctrl+z")
        assert "this terminal cannot suspend a program" in ui.notifications


async def test_suspending_waits_for_requests_in_flight(monkeypatch):
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("os.killpg", lambda group, number: sent.append((group, number)))
    async with open_app(environment="staging") as ui:
        await ui.show(HEALTHY)
        await ui.publish_jobs(make_job(sync_plan(Order("sync", "id", ("staging",))), "running"))
        monkeypatch.setattr(type(ui.app._driver), "can_suspend", True)
        await ui.press("ctrl+z")
        await ui.wait_until(lambda: sent == [(0, signal.SIGTSTP)])
        assert ui.backend.writes_finished == 1


async def test_the_sources_are_read_after_a_suspension():
    async with open_app() as ui:
        ui.app.app_resume_signal.publish(ui.app)
        await ui.wait_until(lambda: ui.backend.read_again_count == 1)


async def test_ctrl_z_in_a_text_editor_undoes(monkeypatch):
    async with open_app() as ui:
        monkeypatch.setattr("os.killpg", lambda *_: pytest.fail("it must not suspend"))
        editor = TextArea("before")
        await ui.fleet.mount(editor)
        editor.focus()
        await ui.press("x", "ctrl+z")
        assert editor.text == "before"

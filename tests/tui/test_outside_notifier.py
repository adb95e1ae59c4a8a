"""Notifications outside the screen: the bytes that reach the terminal, and failures that are shown."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from anchor_tui.config.model import NotifyConfig
from anchor_tui.tui.outside_notifier import OutsideNotifier
from anchor_tui.tui.terminal_filter import REPLACEMENT, filter_output
from tests.cli.process import surroundings
from tests.services.test_notifications import FAILING, HEALTHY
from tests.tui.harness import open_app

pytest.importorskip("pty")


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b]9;owned\x07",
        "\x1b]9;4;1;50\x07",
        "\x1b]777;notify;owned;x\x07",
        "\x1b]777;precmd\x07",
        "\x1b]99;i=1:p=close;anchor-tui: x\x1b\\",
        "\x1b]9;anchor-tui: x\x1b]52;c;aGk=\x07",
        "text \x1b]9;anchor-tui: x\x07",
    ],
)
def test_no_other_notification_reaches_the_terminal(sequence: str):
    assert "\x1b" not in filter_output(sequence)
    assert REPLACEMENT in filter_output(sequence)


async def write_notifications(
    monkeypatch: Any, *snapshots: Any, config: NotifyConfig | None, may_fail: bool = False
) -> tuple[str, list[str]]:
    """Return everything that the driver writes, and the messages on the screen.

    With `config` None nothing is notified."""
    written: list[str] = []
    async with open_app(may_fail=may_fail) as ui:
        monkeypatch.setattr(ui.app._driver, "write", written.append)
        if config is not None:
            ui.app.outside_notifier = OutsideNotifier(ui.app, config, {})
        for snapshot in snapshots:
            await ui.publish(snapshot)
        return "".join(written), [notification.message for notification in ui.app._notifications]


async def test_a_failing_verdict_is_written_to_the_terminal(monkeypatch):
    written, _ = await write_notifications(monkeypatch, HEALTHY, FAILING, config=NotifyConfig(desktop="osc9"))
    assert written.count("\x1b]9;anchor-tui: prod is failing: prod: Degraded 3 d\x07") == 1
    assert written.count("\x1b]9;") == 1


async def test_without_a_notifier_nothing_is_written(monkeypatch):
    written, _ = await write_notifications(monkeypatch, HEALTHY, FAILING, config=None)
    assert "anchor-tui: prod" not in written


async def test_the_failure_of_a_command_is_shown(monkeypatch):
    async with open_app() as ui:
        ui.app.outside_notifier = OutsideNotifier(ui.app, NotifyConfig(run=("/does/not/exist",)), {})
        await ui.publish(HEALTHY)
        await ui.publish(FAILING)
        await ui.app.outside_notifier._sender.finish()
        await ui.pilot.pause()
        (shown,) = ui.app._notifications
        assert "/does/not/exist: No such file or directory" in shown.message


async def test_an_internal_error_does_not_end_the_reader(monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("anchor_tui.services.notifications.is_settled", fail)
    config = NotifyConfig(desktop="bell")
    written, messages = await write_notifications(monkeypatch, HEALTHY, config=config, may_fail=True)
    assert "\x07" not in written
    assert messages == ["no notification was sent: internal error in anchor-tui: RuntimeError"]


# --- a terminal --------------------------------------------------------------------------------------


def test_the_watch_writes_to_a_terminal_only(tmp_path):
    import pty

    code = """
from anchor_tui.services.observe import follow
from tests.services.test_notifications import FAILING, HEALTHY
async def follow_snapshots(*_, **__):
    for snapshot in (HEALTHY, FAILING):
        yield snapshot
follow.follow_snapshots = follow_snapshots
from anchor_tui.__main__ import main
main()
"""
    (tmp_path / "own.toml").write_text("[github]\nops_repo = 'a/b'\n[notify]\ndesktop = 'osc777'\n")
    ours, theirs = pty.openpty()
    watch = subprocess.Popen(
        [sys.executable, "-c", code, "--config", "own.toml", "watch", "--notify", "--kind", "verdict", "prod"],
        env=surroundings(tmp_path),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    out, _ = watch.communicate(timeout=60)
    seen = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while data := os.read(ours, 65536):
            seen += data
    os.close(ours)
    assert seen == b"\x1b]777;notify;anchor-tui: prod is failing;prod: Degraded 3 d\x07"
    assert watch.returncode == 0
    assert re.search(rb"~ prod: verdict ok .* failing", out)
    assert b"\x1b" not in out

"""Notifications of one process: when they are sent, and what a command gets."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from anchor_tui.config.model import NotificationRule, NotifyConfig
from anchor_tui.domain.readings import Loading
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.services import notifications
from anchor_tui.services.notifications import NotificationSender
from tests.values import NOW, application, argocd, config, fresh, readings

OTHERS = (application("anchor-msp-dev"), application("anchor-msp-staging"))
LOADING = build_snapshot(config(), readings(Loading()), NOW)
HEALTHY = build_snapshot(config(), readings(), NOW)
FAILING = build_snapshot(config(), readings(fresh(argocd(*OTHERS, application(health="Degraded")))), NOW)


class Sent:
    """A sender whose sequences, reports and time are recorded."""

    def __init__(self, **options: Any) -> None:
        self.sequences: list[str] = []
        self.reports: list[str] = []
        self.now_s = 0.0
        environ = {
            "PATH": "/usr/bin:/bin",
            "GITHUB_TOKEN": "secret",
            "LC_ALL": "C.UTF-8",
            "ARGOCD_AUTH_TOKEN": "secret",
        }
        self.sender = NotificationSender(
            NotifyConfig(**options), environ, self.sequences.append, self.reports.append, lambda: self.now_s
        )

    async def follow(self, *snapshots: Any) -> None:
        for snapshot in snapshots:
            self.sender.update(snapshot)
        await self.sender.finish()


async def test_a_sequence_is_written_for_a_change():
    sent = Sent(desktop="osc9")
    await sent.follow(LOADING, HEALTHY, FAILING)
    assert sent.sequences == ["\x1b]9;anchor-tui: prod is failing: prod: Degraded 3 d\x07"]


@pytest.mark.parametrize("snapshots", [(LOADING, FAILING), (FAILING,), (FAILING, FAILING)])
async def test_the_first_state_is_not_notified(snapshots):
    sent = Sent(desktop="bell")
    await sent.follow(*snapshots)
    assert sent.sequences == []


async def test_a_flapping_verdict_is_limited():
    sent = Sent(desktop="bell", rules=(NotificationRule(recovery=True),))
    await sent.follow(HEALTHY, *[FAILING, HEALTHY] * 10)
    assert len(sent.sequences) == 1
    sent.now_s = 60.0
    await sent.follow(HEALTHY)
    assert len(sent.sequences) == 2


async def test_a_command_gets_text_and_no_token(tmp_path):
    target = tmp_path / "seen"
    program = (
        "import json, os, sys; "
        "open(sys.argv[1], 'w').write(json.dumps([sys.argv[2:], dict(os.environ), sys.stdin.read()]))"
    )
    sent = Sent(run=(sys.executable, "-c", program, str(target)))
    await sent.follow(HEALTHY, FAILING)
    import json

    arguments, environ, stdin = json.loads(target.read_text())
    assert arguments == ["anchor-tui: prod is failing", "prod: Degraded 3 d"]
    assert {name: value for name, value in environ.items() if name.startswith("ANCHOR_TUI")} == {
        "ANCHOR_TUI_TITLE": "anchor-tui: prod is failing",
        "ANCHOR_TUI_TEXT": "prod: Degraded 3 d",
        "ANCHOR_TUI_LEVEL": "failing",
        "ANCHOR_TUI_ENVIRONMENT": "prod",
    }
    assert "secret" not in environ.values()
    assert environ["LC_ALL"] == "C.UTF-8"
    assert (stdin, sent.reports) == ("", [])


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/does/not/exist",), "No such file or directory"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "it ended with exit code 3"),
    ],
)
async def test_the_failure_of_a_command_is_reported_once(command, reason):
    sent = Sent(run=command)
    await sent.follow(HEALTHY, FAILING, HEALTHY)
    sent.now_s = 60.0
    await sent.follow(FAILING)
    (report,) = sent.reports
    assert reason in report
    assert command[0] in report


async def test_a_command_that_hangs_is_killed(monkeypatch):
    monkeypatch.setattr(notifications, "COMMAND_TIMEOUT_S", 0.3)
    sent = Sent(run=(sys.executable, "-c", "import time; time.sleep(60)"))
    await asyncio.wait_for(sent.follow(HEALTHY, FAILING), 20)
    assert "it did not end within 0.3 s" in sent.reports[0]

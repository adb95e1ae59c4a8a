"""Long foreign texts: shortened once, and not processed again each second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.content import Content

from anchor_tui.domain.model import ApplicationCondition, Problem, UnhealthyResource
from anchor_tui.tui import style
from anchor_tui.tui.safe_app import MAX_NOTIFICATION_LENGTH
from tests.tui.harness import open_app
from tests.values import application, argocd, fresh, opened, ops_repo, readings, replace

LONG = "word " * 200_000
"""A megabyte, if no boundary has shortened it."""
SICK = application(
    "anchor-msp-prod",
    health="Degraded",
    unhealthy=(UnhealthyResource("apps", "Deployment", "n", "gateway", "Degraded", LONG),),
    conditions=(ApplicationCondition("ComparisonError", LONG), ApplicationCondition(LONG, LONG)),
)
OPENED = opened(232, staging="1.44.0")
PULL = replace(OPENED, pull_request=replace(OPENED.pull_request, title=LONG))
READINGS = readings(
    fresh(argocd(SICK)),
    fresh(
        ops_repo(pull_requests=(PULL,)),
        problems=(Problem(LONG, "malformed", LONG),),
    ),
)


@pytest.fixture
def counted(monkeypatch):
    """Characters that were sanitized, measured or wrapped."""
    counts = {"sanitized": 0, "wrapped": 0}

    def sanitize(text, original=style.sanitize_text):
        counts["sanitized"] += len(text)
        return original(text)

    def wrap(self, width, original=Content.wrap, **options):
        counts["wrapped"] += len(self)
        return original(self, width, **options)

    style._build_content.cache_clear()
    style.wrap_muted.cache_clear()
    monkeypatch.setattr("anchor_tui.tui.style.sanitize_text", sanitize)
    monkeypatch.setattr(Content, "wrap", wrap)
    return counts


@pytest.mark.parametrize("size", [(80, 24), (180, 50)])
async def test_a_second_processes_no_long_text_again(counted, size):
    async with open_app(size, environment="prod") as ui:
        await ui.show(READINGS)
        await ui.wait_until(lambda: ui.app.incident is not None)  # it is read once, after the first frame
        await ui.pilot.pause()
        first = dict(counted)
        assert first["sanitized"] < 2_000_000
        for _ in range(3):
            ui.time += timedelta(seconds=1)
            ui.app._tick()
            await ui.pilot.pause()
        assert counted["sanitized"] - first["sanitized"] < 3 * 2_000
        assert counted["wrapped"] == first["wrapped"]


@pytest.mark.parametrize("pane", range(4))
async def test_keys_work_beside_long_texts(counted, pane):
    async with open_app(environment="prod") as ui:
        await ui.show(READINGS)
        await ui.press(*["tab"] * pane, "j", "enter", "escape")
        before = counted["sanitized"]
        await ui.press("q")
        assert not ui.app.is_running or ui.app._exit
        assert counted["sanitized"] - before < 2_000


async def test_a_long_notification_is_shortened():
    async with open_app() as ui:
        ui.app.notify(LONG, title=LONG)
        await ui.pilot.pause()
        assert len(ui.notifications) < 2 * MAX_NOTIFICATION_LENGTH + 100
        assert "999 KB more" in ui.notifications

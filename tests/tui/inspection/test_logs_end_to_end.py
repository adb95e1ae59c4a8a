"""The Logs pane with the real background thread on the embedded servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from anchor_tui.domain.model import Application
from anchor_tui.services.clock import utc_now
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.tui.inspection.logs import LogPanel
from tests.services.sandbox_operator import Operator, operator_at
from tests.tui.inspection.panel_app import FakeInspector, LogHarness, PanelApp


async def find_application(op: Operator, name: str) -> Application:
    snapshot = await op.observe()
    every = [app for environment in snapshot.environments for app in environment.applications]
    return next(app for app in every if app.name == name)


@asynccontextmanager
async def open_live_logs(
    op: Operator, folder: Path, pod: str, now: datetime | None = None
) -> AsyncIterator[LogHarness]:
    """Run the panel for the pod of production whose name begins so."""
    application = await find_application(op, "anchor-msp-prod")
    reader = BackgroundThread(op.config, op.environ, folder, state_folder=folder / "state")
    reader.start()
    panel = LogPanel(application, reader)
    panel.set_reactive(LogPanel.now, utc_now())
    try:
        async with PanelApp(panel).run_test(size=(140, 40)) as pilot:
            ui = LogHarness(pilot.app, pilot, FakeInspector())  # type: ignore[arg-type]
            panel.lines.focus()
            panel.activate()
            await ui.wait_until(lambda: panel.pods is not None)
            pods = panel.pods.pods if panel.pods else ()
            chosen = next((found.node for found in pods if found.node.key.name.startswith(pod)), None)
            assert chosen is not None
            panel.now = now or panel.now
            panel.selected = chosen
            yield ui
    finally:
        reader.stop()


async def test_one_key_jumps_to_the_error_of_a_crashed_process(tmp_path):
    with operator_at("incident-crash", tmp_path) as op:
        async with open_live_logs(op, tmp_path, "anchor-gateway", utc_now() - timedelta(minutes=8)) as ui:
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text)
            assert "note above: the previous process of anchor-gateway (exit 1" in ui.text
            await ui.press("e")
            line = ui.panel.lines.cursor_line
            assert line is not None
            assert line.text == "KeyError: 'AUTH_JWKS_URL'"


async def test_new_lines_are_followed_and_hiding_ends_the_request(tmp_path, monkeypatch):
    from anchor_tui.sandbox.argocd.workloads import api

    monkeypatch.setattr(api, "FOLLOW_INTERVAL_S", 0.05)
    with operator_at("steady", tmp_path) as op:
        async with open_live_logs(op, tmp_path, "anchor-web") as ui:
            await ui.wait_until(lambda: bool(ui.panel.view.shown))
            before = len(ui.panel.view)
            await ui.wait_until(lambda: len(ui.panel.view) > before + 2)
            assert "GET /healthz 200" in ui.text
            ui.panel.deactivate()
            await ui.pilot.pause(0.2)
            count = len(ui.panel.view)
            await ui.pilot.pause(0.3)
            assert len(ui.panel.view) == count

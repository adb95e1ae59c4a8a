"""The details of a row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.containers import VerticalScroll

from anchor_tui.domain.model import ApplicationCondition
from anchor_tui.domain.text_limits import limit_texts
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.screens.detail import DetailScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import NOW, application, argocd, fresh, readings


async def open_details(ui: AppHarness) -> None:
    """Open the details of the highlighted row. The key opens the screen of an application instead."""
    row_list, row = ui.fleet.active_list, ui.fleet.highlighted_row
    assert row is not None
    screen = DetailScreen(row, lambda: row_list.find_row(row.key))
    ui.app.call_next(lambda: ui.app.push_screen(screen.data_bind(LiveApp.now)))
    await ui.wait_until(lambda: screen.is_current and bool(screen.query("#detail")))
    await ui.pilot.pause()


async def test_ages_in_the_details_count_up():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY)
        await open_details(ui)
        assert "reconciled 1 min ago" in ui.text
        ui.time = NOW + timedelta(minutes=4)
        ui.app._tick()
        await ui.pilot.pause()
        assert "reconciled 5 min ago" in ui.text


async def test_the_details_show_new_data_and_a_missing_row():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY)
        await open_details(ui)
        await ui.show(INCIDENT)
        ui.app._tick()
        await ui.pilot.pause()
        assert "Deployment/gateway Degraded" in ui.text.split("esc closes")[1]
        await ui.show(readings(fresh(argocd(application("anchor-msp-dev")))))
        ui.time += timedelta(seconds=1)
        ui.app._tick()
        await ui.pilot.pause()
        assert "no longer listed" in ui.text


@pytest.mark.parametrize("key", ["details", "question_mark"])
async def test_end_home_and_page_keys_scroll_the_dialogs(key):
    images = tuple(f"ghcr.io/anchor/image-{number}:1" for number in range(40))
    async with open_app((80, 24), environment="prod") as ui:
        await ui.show(readings(fresh(argocd(application("anchor-msp-prod", images=images)))))
        await (open_details(ui) if key == "details" else ui.press(key))
        dialog = ui.app.screen.query_one(VerticalScroll)
        await ui.press("end")
        await ui.wait_until(lambda: dialog.is_vertical_scroll_end)
        await ui.press("home")
        await ui.wait_until(lambda: dialog.scroll_offset.y == 0)
        await ui.press("pagedown")
        await ui.wait_until(lambda: dialog.scroll_offset.y > 5)


async def test_o_in_the_details_reports_a_missing_address():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY)
        await open_details(ui)
        await ui.press("o")
        assert "it has no web address" in ui.notifications


async def test_y_copies_the_details_with_long_messages_in_full():
    message = "beginning " + "x" * 10_000 + "\x1b[31m end"
    condition = limit_texts(ApplicationCondition("SyncError", message))
    app = application("anchor-msp-prod", conditions=(condition,))
    async with open_app(environment="prod") as ui:
        await ui.show(readings(fresh(argocd(app))))
        await open_details(ui)
        await ui.press("y")
        assert ui.app.clipboard.startswith("SyncError  beginning xxx")
        assert ui.app.clipboard.endswith("xxx end")
        assert "x" * 10_000 in ui.app.clipboard
        assert "the details, 14," in ui.notifications

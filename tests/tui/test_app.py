"""The application: data from the background thread, themes, exit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.tui.app import EXIT_READER_DIED, AnchorApp
from anchor_tui.tui.errors import UnknownThemeError
from tests.tui.harness import FakeBackend, open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import (
    NOW,
    config,
    replace,
)


async def test_data_that_arrives_while_closing_is_dropped(monkeypatch):
    async with open_app(environment="staging") as ui:
        snapshot = await ui.show(INCIDENT)
        close = ui.app._close_all

        async def closing() -> None:
            await close()
            ui.app._apply_snapshot(replace(snapshot, engine_id="another"))
            ui.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "running"),))

        monkeypatch.setattr(ui.app, "_close_all", closing)
    assert ui.app.snapshot is snapshot
    assert ui.app.jobs == ()


async def test_ages_count_up_between_snapshots():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        assert "live 2 s" in ui.text
        ui.time += timedelta(seconds=8)
        ui.app._tick()
        await ui.pilot.pause()
        assert "live 10 s" in ui.text
        assert "14:02:39 UTC" in ui.text


async def test_g_reads_the_sources_again():
    async with open_app() as ui:
        before = await ui.show(HEALTHY)
        await ui.press("g")
        assert ui.backend.read_again_count == 1
        assert ui.app.snapshot == before


async def test_a_dead_reader_ends_the_application():
    async with open_app() as ui:
        assert ui.backend.died is not None
        ui.backend.died()
        await ui.pilot.pause()
        assert ui.app.return_code == EXIT_READER_DIED


async def test_snapshots_are_applied_while_a_dialog_is_open():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("question_mark")
        snapshot = build_snapshot(ui.config, INCIDENT, NOW)
        assert ui.backend.listener is not None
        ui.backend.listener(snapshot)
        await ui.pilot.pause()
        await ui.press("escape")
        assert "FAILING" in ui.text


def test_an_unknown_theme_lists_the_known_ones():
    with pytest.raises(UnknownThemeError, match=r"there is no theme 'nosuch'; there are .*textual-dark"):
        AnchorApp(config(), FakeBackend(), lambda: NOW, theme="nosuch")


async def test_an_ignored_configuration_is_named_on_the_screen():
    ignored = replace(config(), ignored_path=Path("/srv/ops/anchor-tui.toml"))
    async with open_app(config=ignored) as ui:
        messages = [notification.message for notification in ui.app._notifications]
        assert any("./anchor-tui.toml is not trusted and was ignored" in message for message in messages)


async def test_a_warning_of_another_thread_is_shown():
    async with open_app() as ui:
        await asyncio.to_thread(ui.app.show_warning, "cannot record: no space left")
        await ui.wait_until(lambda: "cannot record: no space left" in ui.notifications)

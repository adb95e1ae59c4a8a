"""The application: data from the background thread, themes, exit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.tui.app import EXIT_READER_DIED, AnchorApp
from anchor_tui.tui.launch import UnknownThemeError
from tests.tui.harness import FakeBackend, open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import (
    NOW,
    config,
    replace,
)


async def test_data_that_arrives_while_closing_is_dropped(monkeypatch):
    async with open_app(environment="staging") as stage:
        snapshot = await stage.show(INCIDENT)
        close = stage.app._close_all

        async def closing() -> None:
            await close()
            stage.app._apply_snapshot(replace(snapshot, engine_id="another"))
            stage.app._apply_jobs((make_job(sync_plan(Order("sync", "id", ("staging",))), "running"),))

        monkeypatch.setattr(stage.app, "_close_all", closing)
    assert stage.app.snapshot is snapshot
    assert stage.app.jobs == ()


async def test_ages_count_up_between_snapshots():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        assert "live 2 s" in stage.text
        stage.moment += timedelta(seconds=8)
        stage.app._tick()
        await stage.pilot.pause()
        assert "live 10 s" in stage.text
        assert "14:02:39 UTC" in stage.text


async def test_g_reads_the_sources_again():
    async with open_app() as stage:
        before = await stage.show(HEALTHY)
        await stage.press("g")
        assert stage.reader.read_again_count == 1
        assert stage.app.snapshot == before


async def test_a_dead_reader_ends_the_application():
    async with open_app() as stage:
        assert stage.reader.died is not None
        stage.reader.died()
        await stage.pilot.pause()
        assert stage.app.return_code == EXIT_READER_DIED


async def test_snapshots_are_applied_while_a_dialog_is_open():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("question_mark")
        snapshot = build_snapshot(stage.config, INCIDENT, NOW)
        assert stage.reader.listener is not None
        stage.reader.listener(snapshot)
        await stage.pilot.pause()
        await stage.press("escape")
        assert "FAILING" in stage.text


def test_an_unknown_theme_lists_the_known_ones():
    with pytest.raises(UnknownThemeError, match=r"there is no theme 'nosuch'; there are .*textual-dark"):
        AnchorApp(config(), FakeBackend(), lambda: NOW, theme="nosuch")

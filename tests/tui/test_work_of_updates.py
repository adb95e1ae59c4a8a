"""The work of an update is proportional to the change: rows built, cells drawn, labels and summaries computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from textual.screen import Screen

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain import application_labels
from anchor_tui.domain.model import Snapshot
from anchor_tui.tui import environment_summary
from anchor_tui.tui.panes import applications
from anchor_tui.tui.screens.key_screen import KeyScreen
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.card import EnvironmentCard
from anchor_tui.tui.widgets.list_rows import ListRow
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import AppHarness, open_app
from tests.values import ago, application, argocd, config, environment_config, fresh, readings, replace

COUNTED = {
    "rows": (applications, "_build_application_row"),
    "cells": (ListRow, "cells_at"),
    "details": (ListRow, "detail_at"),
    "lines": (RowList, "render_line"),
    "labels": (application_labels, "_label"),
    "marks": (applications, "get_application_mark"),
    "healths": (environment_summary, "get_health_mark"),
    "cards": (EnvironmentCard, "refresh"),
    "footers": (KeyScreen, "show_footer"),
}
LABELS = {"tier": "all"}
SIZE = (80, 24)
TALL = (120, 40)


@contextmanager
def counting(monkeypatch) -> Iterator[dict[str, int]]:
    """Count the calls of each stage."""
    counts = dict.fromkeys(COUNTED, 0)

    def count(stage, function):
        def counted(*values, **options):
            counts[stage] += 1
            return function(*values, **options)

        return counted

    with monkeypatch.context() as patched:
        for stage, (owner, name) in COUNTED.items():
            patched.setattr(owner, name, count(stage, getattr(owner, name)))
        yield counts


async def show_applications(ui: AppHarness, number: int) -> Snapshot:
    apps = (
        application(f"app-{index:04}", health_since=ago(minutes=index % 24, seconds=55) if index % 2 else None)
        for index in range(number)
    )
    snapshot = await ui.show(readings(fresh(argocd(*apps, labels=LABELS))))
    await ui.pilot.pause()
    return snapshot


def make_estate():
    return config(environment_config("prod", applications=ApplicationSelector(tuple(LABELS.items()))))


def change_application(snapshot: Snapshot, place: int, **changes) -> Snapshot:
    (environment,) = snapshot.environments
    apps = list(environment.applications)
    apps[place] = replace(apps[place], **changes)
    return replace(snapshot, environments=(replace(environment, applications=tuple(apps)),))


async def count_first_snapshot(monkeypatch, number: int) -> dict[str, int]:
    async with open_app(SIZE, make_estate()) as ui:
        with counting(monkeypatch) as counts:
            await show_applications(ui, number)
    return counts


async def test_the_first_snapshot_costs_at_most_proportionally(monkeypatch):
    few, many = [await count_first_snapshot(monkeypatch, number) for number in (200, 400)]
    assert few["rows"] == 200
    assert all(many[stage] <= 2.2 * few[stage] for stage in COUNTED), (few, many)
    assert many["lines"] <= few["lines"] + SIZE[1]
    assert many["cells"] <= few["cells"] + SIZE[1]


@pytest.mark.parametrize("number", [200, 400])
async def test_a_changed_application_builds_one_row(monkeypatch, number):
    async with open_app(SIZE, make_estate()) as ui:
        snapshot = await show_applications(ui, number)
        with counting(monkeypatch) as counts:
            await ui.publish(change_application(snapshot, 3, sync="OutOfSync"))
        assert counts["rows"] == counts["healths"] == 1
        assert counts["marks"] == 2
        assert counts["labels"] == 0
        assert counts["lines"] <= 4 * SIZE[1]


async def test_a_change_out_of_sight_draws_no_row(monkeypatch):
    async with open_app(SIZE, make_estate()) as ui:
        snapshot = await show_applications(ui, 200)
        with counting(monkeypatch) as counts:
            await ui.publish(change_application(snapshot, 199, project="other"))
        assert counts["rows"] == 1
        assert counts["lines"] == 0
        assert counts["cells"] <= SIZE[1]


@pytest.mark.parametrize("size", [SIZE, TALL])
async def test_a_snapshot_without_a_change_builds_and_draws_nothing(monkeypatch, size):
    async with open_app(size, make_estate()) as ui:
        snapshot = await show_applications(ui, 200)
        with counting(monkeypatch) as counts:
            await ui.publish(replace(snapshot, taken_at=ago(seconds=-1)))
        assert counts["rows"] == counts["labels"] == counts["marks"] == counts["healths"] == 0
        assert counts["lines"] == counts["cards"] == 0
        assert counts["cells"] <= size[1]


@pytest.mark.parametrize("size", [SIZE, TALL])
async def test_a_tick_draws_only_other_ages(monkeypatch, size):
    async with open_app(size, make_estate()) as ui:
        await show_applications(ui, 200)
        with counting(monkeypatch) as counts:
            ui.time += timedelta(seconds=1)
            ui.app._tick()
            await ui.pilot.pause()
        assert counts["rows"] == counts["labels"] == counts["marks"] == counts["footers"] == counts["healths"] == 0
        assert counts["lines"] == 0
        assert counts["cells"] <= size[1]
        assert counts["details"] <= 1
        with counting(monkeypatch) as counts:
            ui.time += timedelta(seconds=10)
            ui.app._tick()
            await ui.pilot.pause()
        assert 0 < counts["lines"] <= size[1]
        assert counts["rows"] == 0


async def test_hidden_panes_are_counted_and_not_built(monkeypatch):
    async with open_app(SIZE, make_estate()) as ui:
        await ui.press("tab")
        with counting(monkeypatch) as counts:
            await show_applications(ui, 200)
        assert counts["rows"] == 0
        assert "Apps 200" in ui.text


async def test_a_key_does_not_build_rows_or_count_applications(monkeypatch):
    async with open_app(SIZE, make_estate()) as ui:
        await show_applications(ui, 400)
        await ui.press("end", "space", "home")
        with counting(monkeypatch) as counts:
            await ui.press("down", "pagedown", "end", "space", "up", "n", "N")
        assert counts["rows"] == counts["labels"] == counts["marks"] == counts["healths"] == 0
        assert counts["cells"] <= 9 * 2 * SIZE[1]


async def test_an_age_in_the_details_lays_nothing_out(monkeypatch):
    async with open_app(TALL, make_estate()) as ui:
        await show_applications(ui, 20)
        panel = ui.fleet.query_one(DetailPanel)
        before, laid_out = panel.content.plain, []
        real = Screen._refresh_layout
        monkeypatch.setattr(
            Screen, "_refresh_layout", lambda self, *rest, **options: laid_out.append(1) or real(self, *rest, **options)
        )
        ui.time += timedelta(minutes=5)
        ui.app._tick()
        await ui.pilot.pause()
        assert panel.content.plain != before
        assert laid_out == []

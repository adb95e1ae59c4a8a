"""The filter of the applications pane: words and fields, errors, and what is counted."""

from __future__ import annotations

import pytest

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import AppHarness, open_app
from tests.values import application, argocd, config, environment_config, fresh, readings, replace

LABELS = {"tier": "all"}
ESTATE = config(environment_config("prod", applications=ApplicationSelector(tuple(LABELS.items()))))
APPS = tuple(
    application(
        f"app-{number:04}",
        health="Degraded" if number % 100 == 0 else "Healthy",
        project=f"team-{number % 4}",
        labels=(("owner", f"o{number % 10}"),),
    )
    for number in range(1200)
)


async def show(ui: AppHarness) -> None:
    await ui.show(readings(fresh(argocd(*APPS, labels=LABELS))))


async def filter_by(ui: AppHarness, text: str) -> RowList:
    await ui.press("escape", "slash")
    ui.fleet.query_one("#filter").value = text  # type: ignore[attr-defined]
    await ui.pilot.pause()
    await ui.pilot.pause()
    return ui.fleet.active_list if ui.fleet.pane != "Fleet" else ui.fleet.query_one("#rows", RowList)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("app-001", 10),
        ("app-001 !app-0015", 9),
        ("health:degraded", 12),
        ("!health:degraded", 1188),
        ("health:degraded project:team-0", 12),
        ("label:owner=o3", 120),
        ("env:prod sync:synced", 1200),
        ("env:dev", 0),
    ],
)
async def test_a_filter_shows_the_matching_applications(text, number):
    async with open_app((110, 32), ESTATE) as ui:
        await show(ui)
        row_list = await filter_by(ui, text)
        assert len(row_list.rows) == number
        assert f"{number:,} of 1,200" in ui.text


async def test_an_unknown_field_is_explained_and_the_rows_stay():
    async with open_app((80, 24), ESTATE) as ui:
        await show(ui)
        row_list = await filter_by(ui, "app-00 helth:degraded")
        assert "unknown field helth: did you mean health?" in ui.text
        assert len(row_list.rows) == 100
        await filter_by(ui, "app-00 health:degraded")
        assert "unknown field" not in ui.text
        assert len(row_list.rows) == 1


async def test_a_kept_filter_with_an_error_is_explained_again():
    async with open_app((80, 24), ESTATE) as ui:
        await show(ui)
        await filter_by(ui, "helth:degraded")
        await ui.press("enter", "slash")
        await ui.pilot.pause()
        assert "did you mean health?" in ui.text


async def test_in_other_panes_a_field_is_a_word():
    async with open_app((80, 24), ESTATE) as ui:
        await show(ui)
        await ui.press("tab", "tab", "tab")
        row_list = await filter_by(ui, "https://cd")
        assert [row.key for row in row_list.rows] == ["source argocd"]
        await filter_by(ui, "helth:degraded")
        assert "unknown field" not in ui.text
        assert not row_list.rows


async def test_the_position_is_visible_in_a_narrow_terminal():
    async with open_app((80, 24), ESTATE) as ui:
        await show(ui)
        assert "1 of 1,200" in ui.text
        await ui.press("end")
        assert "1,200 of 1,200" in ui.text
        await filter_by(ui, "health:degraded")
        await ui.press("home", "down")
        assert "2 of 12 (1,200)" in ui.text


async def test_headings_count_the_matching_rows():
    async with open_app((110, 32), ESTATE) as ui:
        await show(ui)
        await ui.press("O", "O")
        row_list = await filter_by(ui, "team-1|app-0000 project:team-0")
        headings = [row.cells_at(ui.time)[0].plain for row in row_list.rows if row.is_heading]
        assert headings == ["team-0  1  ✗1"]


async def test_new_data_is_filtered():
    async with open_app((110, 32), ESTATE) as ui:
        await show(ui)
        row_list = await filter_by(ui, "health:degraded")
        changed = (replace(APPS[1], health="Degraded"), *APPS[2:])
        await ui.show(readings(fresh(argocd(*changed, labels=LABELS))))
        assert len(row_list.rows) == 12
        assert row_list.rows[0].clipboard_text == "argocd/app-0001"


async def test_a_new_filter_moves_a_lost_cursor_to_the_top():
    async with open_app((110, 32), ESTATE) as ui:
        await show(ui)
        row_list = await filter_by(ui, "health:healthy")
        row_list.action_move_to_last()
        assert row_list.highlighted_row is row_list.rows[-1]
        await filter_by(ui, "health:degraded")
        assert row_list.highlighted_row is row_list.rows[0]

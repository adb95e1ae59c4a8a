"""Internal errors of one part of the screen."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.tui.errors import ScreenCrashedError
from anchor_tui.tui.screens import plan as plan_screen
from anchor_tui.tui.widgets.bars import HeaderBar
from anchor_tui.tui.widgets.card import EnvironmentCard
from anchor_tui.tui.widgets.list_rows import ListRow, PaneContent
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import open_app
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_readings import HEALTHY, INCIDENT

FAILED = "this panel failed: internal error in anchor-tui: ValueError; the rest works"


def fail(*_: object, **__: object) -> None:
    raise ValueError("ghp_secret")


async def test_a_pane_that_cannot_be_built_shows_why(monkeypatch):
    async with open_app(may_fail=True) as ui:
        monkeypatch.setattr("anchor_tui.tui.panes.registry.ApplicationRows.build", fail)
        await ui.show(INCIDENT)
        assert FAILED in ui.text
        assert "FAILING" in ui.text
        await ui.press("tab", "tab")
        assert "#232" in ui.text
        monkeypatch.undo()
        await ui.press("shift+tab", "shift+tab")
        await ui.show(INCIDENT)
        assert FAILED not in ui.text
        assert len(ui.app.failures) == 1
        assert "ghp_" not in ui.app.failures[0] + ui.notifications


async def test_a_row_that_cannot_be_drawn_leaves_the_other_rows():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        row_list = ui.fleet.query_one("#rows", RowList)
        good = row_list.rows[0]
        rows = (ListRow("bad", fail, fail), good)
        row_list.show_rows(PaneContent(row_list.columns, rows, ""), ui.time)
        await ui.pilot.pause()
        assert "this row failed" in ui.text
        assert good.clipboard_text in ui.text
        row_list.cursor = "bad"
        await ui.press("enter")
        assert "this row failed: internal error in anchor-tui: ValueError" in ui.text
        await ui.press("escape")


@pytest.mark.parametrize("method", ["_render_lines", "_render_status"])
async def test_a_card_that_cannot_be_drawn_leaves_the_other_parts(monkeypatch, method):
    async with open_app(may_fail=True) as ui:
        monkeypatch.setattr(EnvironmentCard, method, fail)
        await ui.show(HEALTHY)
        assert "this panel failed" in ui.text
        assert "✓ OK" in ui.text.splitlines()[0]
        monkeypatch.undo()
        await ui.show(INCIDENT)
        assert "this panel failed" not in ui.text


async def test_a_failing_reaction_to_data_leaves_the_other_parts(monkeypatch):
    async with open_app(may_fail=True) as ui:
        await ui.show(HEALTHY)
        monkeypatch.setattr("anchor_tui.tui.widgets.card.title_text", fail)
        await ui.show(INCIDENT)
        assert "this panel failed" in ui.text
        assert "FAILING" in ui.text.splitlines()[0]
        assert "argocd/anchor-msp" in ui.text
        monkeypatch.undo()
        await ui.show(HEALTHY)
        assert "this panel failed" not in ui.text
        assert ui.text.count("newest") >= 1


async def test_a_failing_header_leaves_the_other_parts(monkeypatch):
    async with open_app(may_fail=True) as ui:
        monkeypatch.setattr(HeaderBar, "_render_lines", fail)
        await ui.show(INCIDENT)
        assert FAILED in ui.text.splitlines()[0]
        assert "Degraded 12 min" in ui.text


async def test_a_failing_key_is_reported_and_the_others_work(monkeypatch):
    async with open_app(may_fail=True) as ui:
        await ui.show(INCIDENT)
        monkeypatch.setattr(type(ui.fleet), "action_copy", fail)
        await ui.press("y", "y")
        assert ui.notifications.count("this key failed: internal error in anchor-tui: ValueError") == 1
        await ui.press("question_mark")
        assert "Help" in ui.text


async def test_a_failing_message_handler_leaves_the_screen(monkeypatch):
    async with open_app(may_fail=True) as ui:
        await ui.show(INCIDENT)
        monkeypatch.setattr(type(ui.fleet), "show_details", fail)
        await ui.press("1")
        assert "this panel failed" in ui.notifications
        monkeypatch.undo()
        await ui.show(HEALTHY)
        assert "✓ OK" in ui.text.splitlines()[0]


async def test_a_dialog_that_cannot_show_its_plan_leaves_the_screen(monkeypatch):
    async with open_app(environment="staging", may_fail=True) as ui:
        await ui.show(HEALTHY)
        monkeypatch.setattr(plan_screen.PlanScreen, "_show_plan", fail)
        ui.backend.plan = lambda _: sync_plan(Order("sync", "id", ("staging",)))
        await ui.press("s")
        await ui.wait_until(lambda: "internal error in anchor-tui: ValueError" in ui.notifications)
        await ui.press("escape")
        assert ui.fleet.environment == "staging"


async def test_a_dialog_that_cannot_be_composed_can_be_closed(monkeypatch):
    async with open_app(may_fail=True) as ui:
        await ui.show(HEALTHY)
        monkeypatch.setattr("anchor_tui.tui.screens.help.muted_text", fail)
        await ui.press("question_mark")
        assert "this panel failed" in ui.text
        await ui.press("escape")
        assert "✓ OK" in ui.fleet.app.screen.query_one(HeaderBar).render().plain


def test_a_crash_is_described_without_values():
    try:
        fail()
    except ValueError as error:
        crashed = ScreenCrashedError(error)
    assert crashed.report.splitlines()[0] == "internal error in anchor-tui: ValueError"
    assert "in fail" in crashed.report
    assert "ghp_" not in crashed.report + str(crashed)

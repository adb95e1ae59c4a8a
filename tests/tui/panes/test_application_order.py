"""The order of the applications, their groups and counts, and the way from one unhealthy application to the next."""

from __future__ import annotations

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.panes.application_order import ORDERS
from tests.tui.harness import AppHarness, open_app
from tests.values import application, argocd, config, environment_config, fresh, readings, replace

LABELS = {"tier": "all"}
ESTATE = config(environment_config("prod", applications=ApplicationSelector(tuple(LABELS.items()))))
APPS = (
    application("quiet", project="web"),
    application("broken", health="Degraded", project="web"),
    application("differing", sync="OutOfSync", project="data"),
    application("silent", health=None, project=None),
    application("starting", health="Progressing", project="data"),
    application("another", project="data"),
)


async def show(ui: AppHarness, *apps) -> Snapshot:
    return await ui.show(readings(fresh(argocd(*(apps or APPS), labels=LABELS))))


def names(ui: AppHarness) -> list[str]:
    """Return the names of the rows, and the headings in brackets."""
    rows = ui.fleet.active_list.rows
    return [f"[{row.cells_at(ui.time)[0].plain}]" if row.is_heading else row.key.rpartition("/")[2] for row in rows]


async def press_until_order(ui: AppHarness, order: str) -> None:
    for _ in ORDERS:
        if ui.fleet.order != order:
            await ui.press("O")
    assert ui.fleet.order == order


async def test_the_worst_applications_come_first():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        assert names(ui) == ["broken", "silent", "differing", "starting", "another", "quiet"]
        assert "prod · by severity" in ui.text
        assert "Apps 6 ✗1 ?1 !1" in ui.text


async def test_a_recovered_application_moves_to_its_place():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        await ui.press("home")
        await show(ui, *(replace(app, health="Healthy") if app.name == "broken" else app for app in APPS))
        assert names(ui) == ["silent", "differing", "starting", "another", "broken", "quiet"]
        assert ui.fleet.highlighted_row is not None
        assert ui.fleet.highlighted_row.clipboard_text == "argocd/broken"


async def test_groups_have_headings_with_counts():
    async with open_app((110, 40), ESTATE) as ui:
        await show(ui)
        await press_until_order(ui, "project")
        assert names(ui) == [
            "[data  3  !1]", "differing", "starting", "another",
            "[web  2  ✗1]", "broken", "quiet",
            "[none  1  ?1]", "silent",
        ]  # fmt: skip
        await press_until_order(ui, "health")
        headings = [name for name in names(ui) if name.startswith("[")]
        assert headings == [
            "[Degraded  1  ✗1]", "[not reported  1  ?1]", "[Progressing  1]", "[Healthy  3  !1]",
        ]  # fmt: skip
        assert "prod · by health" in ui.text


async def test_the_order_key_returns_to_the_first_order():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        for order in (*ORDERS[1:], ORDERS[0]):
            await ui.press("O")
            assert ui.fleet.order == order
        await ui.press("tab", "O")
        assert "applications are ordered in their pane" in ui.notifications


async def test_the_order_lasts_while_panes_and_data_change():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        await press_until_order(ui, "sync")
        await ui.press("tab", "shift+tab")
        await show(ui, *APPS[1:])
        assert names(ui)[0] == "[OutOfSync  1  !1]"


async def test_the_cursor_skips_headings():
    async with open_app((110, 40), ESTATE) as ui:
        await show(ui)
        await press_until_order(ui, "project")
        found = []
        for key in ("home", "down", "down", "down", "up", "end", "pageup", "up"):
            await ui.press(key)
            assert ui.fleet.highlighted_row is not None
            found.append(ui.fleet.highlighted_row.clipboard_text.removeprefix("argocd/"))
        assert found == ["differing", "starting", "another", "broken", "another", "silent", "differing", "differing"]
        assert "[data" not in str(ui.fleet.highlighted_row.clipboard_text)


async def test_a_key_goes_to_the_next_unhealthy_application():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        await press_until_order(ui, "project")
        await ui.press("home")
        found = []
        for key in ("n", "n", "n", "N"):
            await ui.press(key)
            assert ui.fleet.highlighted_row is not None
            found.append(ui.fleet.highlighted_row.clipboard_text)
        assert found == ["argocd/broken", "argocd/silent", "argocd/differing", "argocd/silent"]
        assert "continued at the first row" in ui.notifications
        assert "continued at the last row" in ui.notifications


async def test_without_an_unhealthy_application_the_cursor_stays():
    async with open_app(config=ESTATE) as ui:
        await show(ui, APPS[0], APPS[5])
        await ui.press("n")
        assert "no row needs attention" in ui.notifications
        assert "Apps 2 " in ui.text


async def test_an_action_never_applies_to_a_heading():
    async with open_app(config=ESTATE) as ui:
        await show(ui)
        await press_until_order(ui, "project")
        await ui.press("home", "up")
        assert [id_.name for id_ in ui.operator_fleet.target.applications] == ["differing"]


async def test_a_visible_cursor_stays_visible_on_its_row():
    apps = [application(f"app-{number:03}") for number in range(200)]
    async with open_app(config=ESTATE) as ui:
        await show(ui, *apps, application("zebra", health="Degraded"))
        await ui.press("home")
        await show(ui, *apps, application("zebra"))
        row_list = ui.fleet.active_list
        assert row_list.highlighted_row is not None
        assert row_list.highlighted_row.clipboard_text == "argocd/zebra"
        assert "201 of 201" in ui.text
        assert "▌argocd/zebra" in ui.text
        row_list.scroll_to(y=0, animate=False)
        await ui.pilot.pause()
        await show(ui, *apps[1:], application("zebra"))
        assert "▌argocd/zebra" not in ui.text

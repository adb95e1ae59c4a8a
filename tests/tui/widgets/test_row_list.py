"""The list of rows and its cursor."""

from __future__ import annotations

from anchor_tui.config.model import ApplicationSelector
from tests.tui.harness import open_app
from tests.values import (
    application,
    argocd,
    config,
    environment_config,
    fresh,
    readings,
)


async def test_the_cursor_stays_on_its_row():
    chosen = config(environment_config("all", applications=ApplicationSelector((("tier", "all"),))))
    apps = tuple(application(f"app-{number:04}") for number in range(1000))
    async with open_app(config=chosen) as ui:
        await ui.show(readings(fresh(argocd(*apps, labels={"tier": "all"}))))
        await ui.press("end")
        row_list = ui.fleet.active_list
        assert row_list.highlighted_row is not None
        assert row_list.highlighted_row.key.endswith("app-0999")
        assert "app-0999" in ui.text
        await ui.press("up")
        await ui.show(readings(fresh(argocd(*apps[500:], labels={"tier": "all"}))))
        assert row_list.highlighted_row is not None
        assert row_list.highlighted_row.key.endswith("app-0998")
        await ui.show(readings(fresh(argocd(*apps[:10], labels={"tier": "all"}))))
        assert row_list.highlighted_row is not None
        assert row_list.highlighted_row.key.endswith("app-0009")


async def test_a_cut_row_ends_before_the_scrollbar():
    commit = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
    apps = [application(f"{'long-name-' * 20}{number:02}", compared_revision=commit) for number in range(60)]
    selector = environment_config("prod", applications=ApplicationSelector((("tier", "any"),)))
    async with open_app((80, 24), config(selector), environment="prod") as ui:
        await ui.show(readings(fresh(argocd(*apps, labels={"tier": "any"}))))
        row_list = ui.fleet.active_list
        assert row_list.show_vertical_scrollbar
        visible = row_list.size.width - row_list.scrollbar_size_vertical
        shown = row_list.render_line(1).text
        assert len(shown) == visible
        assert "58c9961" in shown


async def test_longer_details_do_not_hide_the_highlighted_row():
    chosen = config(environment_config("all", applications=ApplicationSelector((("tier", "all"),))))
    apps = [
        application(f"app-{number:02}", images=tuple(f"ghcr.io/x/image-{image}:1" for image in range(number % 2 * 4)))
        for number in range(60)
    ]
    async with open_app((110, 40), config=chosen) as ui:
        await ui.show(readings(fresh(argocd(*apps, labels={"tier": "all"}))))
        row_list = ui.fleet.active_list
        for _ in range(40):
            await ui.press("down")
            await ui.pilot.pause()
            row = row_list.highlighted_row
            assert row is not None
            assert f"▌{row.clipboard_text}" in ui.text

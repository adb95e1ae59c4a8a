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

"""The differences of the estate: many applications, bounded concurrency, partial failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from anchor_tui.domain.inspection.differences import compare_resources
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Unavailable
from anchor_tui.services.observe.estate_differences import MAX_CONCURRENT_APPLICATIONS
from anchor_tui.tui.screens.estate_diff import EstateDiffScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.widgets.rows_and_text import RowsAndText
from tests.argocd_recordings import load_recording
from tests.tui.harness import AppHarness, open_app
from tests.tui.inspection.pane_app import fresh
from tests.tui.sample_readings import DEV, HEALTHY, PROD, STAGING
from tests.values import argocd, config, environment_config, ops_repo, readings, replace
from tests.values import fresh as fresh_source

RECORDINGS = {
    "anchor-msp-dev": "managed-resources-demo",
    "anchor-msp-staging": "managed-resources",
    "anchor-msp-prod": "managed-resources-prod",
}
REFUSED = Unavailable(SourceFailure("forbidden", "permission denied: applications, get"))


class EstateInspector:
    """Answers for every application; counts how many requests are open."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.open, self.most_open = answers, 0, 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.order: list[str] = []

    async def read(self, name: str) -> Any:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            await self.gate.wait()
        finally:
            self.open -= 1
        self.order.append(name)
        found = self.answers.get(name)
        return found or fresh(compare_resources(load_recording(RECORDINGS[name]).body["items"]))


def out_of_sync(application: Any, **changes: Any) -> Any:
    return replace(application, sync="OutOfSync", **changes)


DRIFTED = readings(fresh_source(argocd(out_of_sync(DEV), out_of_sync(STAGING), PROD)), fresh_source(ops_repo()))


@asynccontextmanager
async def open_estate(
    inspector: EstateInspector, data: Any = DRIFTED, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[AppHarness]:
    async with open_app(size, **options) as ui:

        def inspect(application: Any, read: Any) -> Any:
            class Bound:
                async def read_differences(self) -> Any:
                    return await inspector.read(application.name)

            return asyncio.run_coroutine_threadsafe(read(Bound()), asyncio.get_running_loop())

        ui.backend.inspect = inspect
        await ui.show(data)
        await ui.press("D")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EstateDiffScreen))
        yield ui


def estate(ui: AppHarness) -> EstateDiffScreen:
    assert isinstance(ui.app.screen, EstateDiffScreen)
    return ui.app.screen


def shown_lines(ui: AppHarness) -> str:
    view = estate(ui).query_one(RowsAndText).text
    return "\n".join(view._draw(index).plain for index in range(view.line_count))


async def test_the_applications_out_of_sync_are_compared():
    async with open_estate(EstateInspector()) as ui:
        await ui.wait_until(lambda: "2 of 2 applications differ" in ui.text)
        assert ui.text.count("~ 1 field") == 4
        assert ui.text.count("− not in git") == 2
        assert "anchor-msp-prod" not in ui.text
        await ui.wait_until(lambda: "image: ghcr.io/anchor/anchor-gateway:1.44.0" in shown_lines(ui))


async def test_synced_applications_are_compared_on_request():
    source = EstateInspector()
    async with open_estate(source) as ui:
        await ui.wait_until(lambda: "2 of 2 applications differ" in ui.text)
        await ui.press("w")
        await ui.wait_until(lambda: "2 of 3 applications differ" in ui.text)
        assert source.order.count("anchor-msp-dev") == 1
        assert "= equal" in ui.text


async def test_an_application_that_cannot_be_read_is_named():
    async with open_estate(EstateInspector(**{"anchor-msp-dev": REFUSED})) as ui:
        await ui.wait_until(lambda: "1 not readable" in ui.text)
        assert "? not compared: permission denied: applications, get" in ui.text
        assert "− not in git" in ui.text
        assert estate(ui).title_text.startswith("Differences · 1 of 2 applications differ · 1 not readable")


async def test_only_a_few_applications_are_read_at_once():
    names = [f"env{number}" for number in range(9)]
    environments = tuple(environment_config(name) for name in names)
    observed = [out_of_sync(DEV, name=f"anchor-msp-{name}") for name in names]
    source = EstateInspector(**{f"anchor-msp-{name}": REFUSED for name in names})
    source.gate.clear()
    data = readings(fresh_source(argocd(*observed)), fresh_source(ops_repo()))
    async with open_estate(source, data, config=config(*environments)) as ui:
        await ui.wait_until(lambda: source.open == MAX_CONCURRENT_APPLICATIONS)
        assert "9 being read" in ui.text
        source.gate.set()
        await ui.wait_until(lambda: "9 not readable" in ui.text)
        assert source.most_open == MAX_CONCURRENT_APPLICATIONS


async def test_leaving_cancels_the_requests():
    source = EstateInspector()
    source.gate.clear()
    async with open_estate(source) as ui:
        await ui.wait_until(lambda: source.open == 2)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)
        await ui.wait_until(lambda: source.open == 0)
        assert source.order == []


async def test_everything_is_read_again_on_request():
    source = EstateInspector(**{"anchor-msp-dev": REFUSED})
    async with open_estate(source) as ui:
        await ui.wait_until(lambda: "1 not readable" in ui.text)
        source.answers.clear()
        await ui.press("g")
        await ui.wait_until(lambda: "2 of 2 applications differ" in ui.text)


async def test_an_estate_in_sync_has_nothing_to_show():
    async with open_estate(EstateInspector(), HEALTHY) as ui:
        await ui.wait_until(lambda: "every application is in sync" in ui.text)


async def test_nothing_is_compared_before_an_application_is_known():
    async with open_app() as ui:
        await ui.press("D")
        assert "no application is known yet" in ui.notifications
        assert isinstance(ui.app.screen, FleetScreen)


async def test_it_is_available_in_read_only_mode():
    async with open_estate(EstateInspector(), config=config(read_only=True)) as ui:
        await ui.wait_until(lambda: "2 of 2 applications differ" in ui.text)
        await ui.press("slash", *"status-mock", "enter")
        assert "~ 1 field" not in ui.text
        await ui.press("y")
        assert "status-mock" in ui.app.clipboard
        await ui.press("escape", "escape")
        assert isinstance(ui.app.screen, FleetScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pictures(size, picture):
    async with open_estate(EstateInspector(**{"anchor-msp-staging": REFUSED}), size=size) as ui:
        await ui.wait_until(lambda: "1 not readable" in ui.text)
        await ui.wait_until(lambda: "anchor-gateway:1.44.0" in shown_lines(ui))
        await ui.pilot.pause()
        assert ui.picture() == picture

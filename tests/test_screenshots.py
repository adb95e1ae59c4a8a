"""The README's pictures are up to date."""

from __future__ import annotations

import pytest

from tests.screenshots import FOLDER, PANES, PLANS, SCENARIOS, draw_application, draw_fleet, draw_plan


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_pictures_of_scenarios_are_current(scenario):
    for name, picture in (await draw_fleet(scenario)).items():
        assert (FOLDER / name).read_text() == picture, f"{name} is outdated: run `make screenshots`"


@pytest.mark.parametrize("plan", PLANS)
async def test_pictures_of_plans_are_current(plan):
    for name, picture in (await draw_plan(plan)).items():
        assert (FOLDER / name).read_text() == picture, f"{name} is outdated: run `make screenshots`"


@pytest.mark.parametrize("pane", PANES)
async def test_pictures_of_panes_are_current(pane):
    for name, picture in (await draw_application(pane)).items():
        assert (FOLDER / name).read_text() == picture, f"{name} is outdated: run `make screenshots`"

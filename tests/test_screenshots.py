"""The README's pictures are what the screen shows."""

from __future__ import annotations

import pytest

from tests.screenshots import FOLDER, PLANS, SCENARIOS, draw_fleet, draw_plan


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_pictures_are_current_else_run_make_screenshots(scenario):
    for name, picture in (await draw_fleet(scenario)).items():
        assert (FOLDER / name).read_text() == picture, f"{name} differs: make screenshots"


@pytest.mark.parametrize("plan", PLANS)
async def test_the_pictures_of_plans_are_current_else_run_make_screenshots(plan):
    for name, picture in (await draw_plan(plan)).items():
        assert (FOLDER / name).read_text() == picture, f"{name} differs: make screenshots"

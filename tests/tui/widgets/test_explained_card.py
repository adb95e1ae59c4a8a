"""The card of an environment whose failure has a diagnosed cause."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Diagnosis
from anchor_tui.tui.widgets.card import EnvironmentCard
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_readings import CRASH, DEGRADED, EXPLAINED, INCIDENT
from tests.tui.screens.test_environment import PROD_WITH_TWO
from tests.values import config, replace

NARROW = (102, 28)


def card_lines(ui: AppHarness) -> list[str]:
    card = ui.app.screen.query_one("#card-3", EnvironmentCard)
    return card.render().plain.splitlines()


@pytest.mark.parametrize("size", [NARROW, (180, 50)], ids=["narrow", "wide"])
async def test_explained_card_picture(size, picture):
    async with open_app(size, environment="prod") as ui:
        await ui.show(EXPLAINED)
        assert ui.picture() == picture


async def test_a_narrow_card_shows_the_cause_and_the_release():
    async with open_app(NARROW, config(), environment="prod") as ui:
        await ui.show(EXPLAINED)
        shown = card_lines(ui)
        assert shown[0] == "✗ FAILING  Degraded 12 min"
        assert shown[1] == "gateway exits with code 1:"
        assert " ".join(shown[4:6]) == "since 1.43.2 (#1432 by a.lee), 3 min after its sync"
        assert shown[6].startswith("1.43.2  16 min ago")
        assert len(shown) <= 10


async def test_a_cause_is_shown_once():
    async with open_app((180, 50), PROD_WITH_TWO, environment="prod") as ui:
        await ui.show(EXPLAINED)
        text = " ".join(card_lines(ui))
        assert text.startswith("✗ FAILING  anchor-msp-prod Degraded 12 min gateway exits with code 1")
        assert text.count("gateway exits") == text.count("since 1.43.2") == 1


@pytest.mark.parametrize("diagnosis", [Diagnosis("cause not found"), None], ids=["no rule", "no diagnosis"])
async def test_without_a_cause_the_card_shows_the_reason_below(diagnosis):
    diagnoses = {DEGRADED.id: diagnosis} if diagnosis else {}
    async with open_app((180, 50), environment="prod") as ui:
        await ui.show(replace(INCIDENT, diagnoses=diagnoses))
        shown = card_lines(ui)
        assert shown[1].startswith("1.43.1")
        assert any(line.startswith("· Deployment/gateway: 0 of 1") for line in shown)


async def test_a_long_cause_leaves_room_for_the_status():
    long = replace(CRASH, cause="connection refused " * 60)
    async with open_app(NARROW, environment="prod") as ui:
        await ui.show(replace(EXPLAINED, diagnoses={DEGRADED.id: long}))
        shown = card_lines(ui)
        assert shown[3].endswith("…")
        assert shown[4].startswith("since 1.43.2")
        assert any("Degraded" in line for line in shown[6:])

"""The header bar."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY, INCIDENT
from tests.values import (
    config,
)


async def test_the_header_shows_the_verdict_and_the_worst_environment():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        assert ui.text.splitlines()[0].split() == ["anchor-msp", "✓", "OK"]
        await ui.show(INCIDENT)
        assert "✗ FAILING  prod: Degraded for 12 min, Deployment/gateway" in ui.text.splitlines()[0]


async def test_the_read_only_badge_stays_beside_a_long_reason():
    async with open_app((80, 24), config=config(read_only=True)) as ui:
        await ui.show(INCIDENT)
        assert ui.text.splitlines()[0].endswith("READ-ONLY")

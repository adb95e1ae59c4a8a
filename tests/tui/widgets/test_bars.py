"""The header bar."""

from __future__ import annotations

from tests.tui.harness import open_app
from tests.tui.sample_readings import DEGRADED, HEALTHY, INCIDENT
from tests.values import argocd, config, fresh, readings, replace


async def test_the_header_shows_the_verdict_and_the_worst_environment():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        assert ui.text.splitlines()[0].split() == ["anchor-msp", "✓", "OK"]
        await ui.show(INCIDENT)
        assert "✗ FAILING  prod Degraded 12 min: Deployment/gateway" in ui.text.splitlines()[0]


async def test_the_read_only_badge_stays_beside_a_long_reason():
    async with open_app((80, 24), config=config(read_only=True)) as ui:
        await ui.show(INCIDENT)
        assert ui.text.splitlines()[0].endswith("READ-ONLY")


async def test_the_headline_wraps_to_two_lines_before_it_is_cut():
    async with open_app((80, 24)) as ui:
        await ui.show(HEALTHY)
        assert "Argo CD" in ui.text.splitlines()[1]
        await ui.show(INCIDENT)
        first, second, third = ui.text.splitlines()[:3]
        assert first.endswith("Deployment/gateway: 0 of 1")
        assert second == " updated replicas are available"
        assert "Argo CD" in third
        await ui.show(HEALTHY)
        assert "Argo CD" in ui.text.splitlines()[1]


async def test_a_headline_longer_than_two_lines_is_cut():
    long = replace(DEGRADED, unhealthy=(replace(DEGRADED.unhealthy[0], message="word " * 60),))
    async with open_app((80, 24), config=config(read_only=True)) as ui:
        await ui.show(readings(fresh(argocd(long))))
        first, second, third = ui.text.splitlines()[:3]
        assert first.endswith(" READ-ONLY")
        assert second.endswith("…")
        assert "Argo CD" in third

"""Draws the README's pictures: the embedded servers with a clock that stands still, the real client, the real screen.

`make screenshots`. The same code gives the same pictures, so that a change shows in the diff.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from anchor_tui.config.load import parse_config
from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Order, Plan
from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import AuditLog
from anchor_tui.services.execute.executor import PlanExecutor
from anchor_tui.services.observe.observer import Observer
from anchor_tui.services.observe.source_factory import make_sources
from tests.tui.harness import open_app

FOLDER = Path(__file__).parents[1] / "screenshots"
NOON = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)
SIZES = ((110, 32), (80, 24))
SCENARIOS = {"steady": (), "incident": (), "cutover": ("3", "tab")}
"""Each scenario with the keys that lead to what is worth a picture."""
PLANS = {
    "prune-incident": ("P", Order("hard-refresh-prune", "a-plan", ("staging",)), ((110, 32), (80, 24))),
    "promote-release-day": ("p", Order("promote", "a-plan", ("staging",)), ((120, 40),)),
    "rollback-incident": ("b", Order("rollback", "a-plan", ("prod",), version="1.43.1"), ((120, 40),)),
}
"""Each Plan's picture with the key that shows it; the name ends in its scenario."""


def make_config(box: Sandbox) -> tuple[Config, dict[str, str]]:
    """A configuration that knows nothing but the embedded servers."""
    text = f"""
        [argocd]
        server = "{box.argocd_url}"
        token_env = "ARGOCD_AUTH_TOKEN"
        [github]
        ops_repo = "{box.ops_repo}"
        api_url = "{box.github_url}"
        token_env = "GITHUB_TOKEN"
    """
    environ = {"ARGOCD_AUTH_TOKEN": box.argocd_token, "GITHUB_TOKEN": box.github_token}
    return parse_config(text, Path("anchor-tui.toml"), environ), environ


async def draw_fleet(scenario: str) -> dict[str, str]:
    """The pictures of one scenario, by file name."""
    pictures = {}
    async with Sandbox.start(scenario, clock=ManualClock(NOON)) as box:
        config, environ = make_config(box)
        sources = make_sources(config, environ, Path("/nonexistent"), box.clock.now)
        snapshot = await Observer(config, sources, box.clock.now).read_once(20)
        for width, height in SIZES:
            async with open_app((width, height), config) as ui:
                ui.time = NOON
                ui.app.now = NOON
                assert ui.backend.listener is not None
                ui.backend.listener(snapshot)
                await ui.pilot.pause()
                await ui.press(*SCENARIOS[scenario])
                await ui.pilot.pause()
                picture = re.sub(r"127\.0\.0\.1:\d+", "cd.example.com", ui.picture())
                pictures[f"fleet-{scenario}-{width}x{height}.svg"] = picture
    return pictures


async def draw_plan(name: str) -> dict[str, str]:
    """The pictures of one Plan, made from the embedded servers and confirmed by nobody."""
    key, order, sizes = PLANS[name]
    pictures = {}
    async with Sandbox.start(name.partition("-")[2], clock=ManualClock(NOON)) as box:
        config, environ = make_config(box)
        sources = make_sources(config, environ, Path("/nonexistent"), box.clock.now)
        snapshot = await Observer(config, sources, box.clock.now).read_once(20)
        connections = Connections(config, environ, Path("/nonexistent"))
        executor = PlanExecutor(connections, AuditLog(Path("/nonexistent")), now=box.clock.now)
        found = await executor.prepare(order, snapshot, only_look=True)
        assert isinstance(found, Plan), found
        past = await executor.earlier_releases(order.environments[0])
        for width, height in sizes:
            async with open_app((width, height), config, environment=order.environments[0]) as ui:
                ui.time = NOON
                ui.app.now = NOON
                ui.backend.plan = lambda _: found
                ui.backend.releases = past
                assert ui.backend.listener is not None
                ui.backend.listener(snapshot)
                await ui.pilot.pause()
                await ui.press(key, *(("down", "enter") if key == "b" else ()))
                ui.app.screen.set_focus(None)
                await ui.pilot.pause()
                await ui.pilot.pause()
                picture = re.sub(r"127\.0\.0\.1:\d+", "cd.example.com", ui.picture())
                pictures[f"{name}-{width}x{height}.svg"] = picture
    return pictures


async def draw_all() -> None:
    """Draws them all."""
    FOLDER.mkdir(exist_ok=True)
    every = [*(draw_fleet(scenario) for scenario in SCENARIOS), *(draw_plan(name) for name in PLANS)]
    for drawn in every:
        for name, picture in (await drawn).items():
            (FOLDER / name).write_text(picture)


if __name__ == "__main__":
    asyncio.run(draw_all())

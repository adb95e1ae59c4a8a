"""Draw the README's pictures from the embedded servers, with a fixed clock and the real client and screen.

Run with `make screenshots`. The same code produces the same pictures, so that a change is visible in the diff.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from anchor_tui.config.load import parse_config
from anchor_tui.config.model import Config
from anchor_tui.domain.actions.plan import Order, Plan
from anchor_tui.domain.model import Snapshot
from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import AuditLog
from anchor_tui.services.execute.executor import PlanExecutor
from anchor_tui.services.observe.inspect import ApplicationInspector
from anchor_tui.services.observe.observer import Observer
from anchor_tui.services.observe.source_factory import make_sources
from tests.tui.harness import AppHarness, open_app

FOLDER = Path(__file__).parents[1] / "screenshots"
NOON = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)
NO_FOLDER = Path("/nonexistent")
SIZES = ((110, 32), (80, 24))
SCENARIOS = {"steady": (), "incident": (), "cutover": ("3", "tab")}
"""Each scenario with the keys that are pressed before its picture."""
PLANS = {
    "prune-incident": (("P",), Order("hard-refresh-prune", "a-plan", ("staging",)), ((110, 32), (80, 24))),
    "promote-release-day": (("p",), Order("promote", "a-plan", ("staging",)), ((120, 40),)),
    "rollback-incident": (
        ("b", "down", "enter"),
        Order("rollback", "a-plan", ("prod",), version="1.43.1"),
        ((120, 40),),
    ),
}
"""Each plan's picture with the keys that show it, its order and its sizes. The name ends in its scenario."""
PANES = {
    "resources": ((), "next:", ((120, 40),)),
    "events": (("3",), "BackOff", ((120, 40),)),
    "logs": (("4", "l"), "KeyError", ((120, 40),)),
}
"""Each pane of the application screen with the keys that show it, a text that it shows, and its sizes."""


def make_config(box: Sandbox) -> tuple[Config, dict[str, str]]:
    """Return a configuration of the embedded servers, and its environment variables."""
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


async def read_snapshot(box: Sandbox, config: Config, environ: dict[str, str]) -> Snapshot:
    """Read the embedded servers once."""
    sources = make_sources(config, environ, NO_FOLDER, box.clock.now)
    return await Observer(config, sources, box.clock.now).read_once(20)


async def draw_screen(ui: AppHarness, snapshot: Snapshot, keys: tuple[str, ...]) -> str:
    """Show a snapshot, press keys and return the picture."""
    ui.time = ui.app.now = NOON
    await ui.publish(snapshot)
    await ui.press(*keys)
    if ui.app.screen.is_modal:
        ui.app.screen.set_focus(None)  # no blinking cursor
    await ui.pilot.pause()
    await ui.pilot.pause()
    return re.sub(r"127\.0\.0\.1:\d+", "cd.example.com", ui.picture())


async def draw_fleet(scenario: str) -> dict[str, str]:
    """Return the pictures of a scenario by file name."""
    pictures = {}
    async with Sandbox.start(scenario, clock=ManualClock(NOON)) as box:
        config, environ = make_config(box)
        snapshot = await read_snapshot(box, config, environ)
        for width, height in SIZES:
            async with open_app((width, height), config) as ui:
                picture = await draw_screen(ui, snapshot, SCENARIOS[scenario])
                pictures[f"fleet-{scenario}-{width}x{height}.svg"] = picture
    return pictures


async def draw_plan(name: str) -> dict[str, str]:
    """Return the pictures of a plan by file name. The plan is not executed."""
    keys, order, sizes = PLANS[name]
    pictures = {}
    async with Sandbox.start(name.partition("-")[2], clock=ManualClock(NOON)) as box:
        config, environ = make_config(box)
        snapshot = await read_snapshot(box, config, environ)
        executor = PlanExecutor(Connections(config, environ, NO_FOLDER), AuditLog(NO_FOLDER), now=box.clock.now)
        plan = await executor.prepare(order, snapshot, only_look=True)
        assert isinstance(plan, Plan), plan
        releases = await executor.earlier_releases(order.environments[0])
        for width, height in sizes:
            async with open_app((width, height), config, environment=order.environments[0]) as ui:
                ui.backend.plan = lambda _: plan
                ui.backend.releases = releases
                pictures[f"{name}-{width}x{height}.svg"] = await draw_screen(ui, snapshot, keys)
    return pictures


async def draw_application(name: str) -> dict[str, str]:
    """Return the pictures of a pane of the application screen, by file name."""
    keys, shown, sizes = PANES[name]
    pictures = {}
    async with Sandbox.start("incident", clock=ManualClock(NOON)) as box:
        config, environ = make_config(box)
        snapshot = await read_snapshot(box, config, environ)
        prod = snapshot.find_environment("prod")
        assert prod is not None
        connections = Connections(config, environ, NO_FOLDER)
        for width, height in sizes:
            inspector = ApplicationInspector(connections, prod.applications[0], box.clock.now)
            async with open_app((width, height), config, environment="prod") as ui:
                ui.backend.inspector = inspector
                ui.time = ui.app.now = NOON
                await ui.publish(snapshot)
                await ui.press("enter")
                await ui.wait_until(lambda ui=ui: "Resources" in ui.text and "ReplicaSet/" in ui.text)
                await ui.press(*keys)
                await ui.wait_until(lambda ui=ui: shown in ui.text)
                await ui.pilot.pause()
                picture = re.sub(r"127\.0\.0\.1:\d+", "cd.example.com", ui.picture())
                pictures[f"{name}-incident-{width}x{height}.svg"] = picture
            await inspector.aclose()
    return pictures


async def draw_all() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for drawing in [*map(draw_fleet, SCENARIOS), *map(draw_plan, PLANS), *map(draw_application, PANES)]:
        for name, picture in (await drawing).items():
            (FOLDER / name).write_text(picture)


if __name__ == "__main__":
    asyncio.run(draw_all())

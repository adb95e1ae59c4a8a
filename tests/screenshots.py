"""Draws the README's pictures: the embedded servers with a clock that stands still, the real client, the real screen.

`make screenshots`. The same code gives the same pictures, so that a change shows in the diff.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from anchor_tui.config import Config
from anchor_tui.config.load import read
from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.observe import Observer, make_sources
from tests.tui.screen import on_stage

FOLDER = Path(__file__).parents[1] / "screenshots"
NOON = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)
SIZES = ((110, 32), (80, 24))
SCENARIOS = {"steady": (), "incident": (), "cutover": ("3", "tab")}
"""Each scenario with the keys that lead to what is worth a picture."""


def configuration(box: Sandbox) -> tuple[Config, dict[str, str]]:
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
    return read(text, Path("anchor-tui.toml"), environ), environ


async def draw(scenario: str) -> dict[str, str]:
    """The pictures of one scenario, by file name."""
    pictures = {}
    async with Sandbox.start(scenario, clock=ManualClock(NOON)) as box:
        config, environ = configuration(box)
        sources = make_sources(config, environ, Path("/nonexistent"), box.clock.now)
        snapshot = await Observer(config, sources, box.clock.now).read_once(20)
        for width, height in SIZES:
            async with on_stage((width, height), config) as stage:
                stage.moment = NOON
                stage.app.now = NOON
                assert stage.reader.listener is not None
                stage.reader.listener(snapshot)
                await stage.pilot.pause()
                await stage.press(*SCENARIOS[scenario])
                await stage.pilot.pause()
                picture = re.sub(r"127\.0\.0\.1:\d+", "cd.example.com", stage.picture())
                pictures[f"fleet-{scenario}-{width}x{height}.svg"] = picture
    return pictures


async def main() -> None:
    """Draws them all."""
    FOLDER.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        for name, picture in (await draw(scenario)).items():
            (FOLDER / name).write_text(picture)


if __name__ == "__main__":
    asyncio.run(main())

"""Time of the keys, of a tick and of a snapshot in the fleet screen with 5,000 and 20,000 applications; no network.

`python -m tests.benchmarks.lists` prints the processor time of each, without that of a key that does nothing. A frame
takes 16 ms.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.model import Application, Snapshot
from tests.tui.harness import AppHarness, open_app
from tests.values import NOW, ago, application, argocd, config, environment_config, fresh, readings, replace

FRAME_MS = 16
LABELS = {"tier": "all"}
KEYS = (("down",), ("pagedown",), ("end", "home"), ("n",), ("N",), ("space",))
"""Keys that are pressed one after the other."""


def make_applications(number: int) -> tuple[Application, ...]:
    """Return applications; one in a hundred is degraded, one in fifty is out of sync."""
    return tuple(
        application(
            f"service-{index:05}",
            health="Degraded" if index % 100 == 0 else "Healthy",
            sync="OutOfSync" if index % 50 == 1 else "Synced",
            project=f"team-{index % 20:02}",
            health_since=ago(minutes=index % 600),
        )
        for index in range(number)
    )


async def measure_ms(action: Callable[[], Awaitable[object]], repeats: int = 9) -> float:
    """Return the median processor time of an action."""
    took = []
    for _ in range(repeats):
        started = time.process_time()
        await action()
        took.append((time.process_time() - started) * 1000)
    return statistics.median(took)


def change_one(snapshot: Snapshot, number: int) -> Snapshot:
    """Return the snapshot with one other application; everything else is the same object."""
    (environment,) = snapshot.environments
    apps = list(environment.applications)
    health = "Degraded" if apps[number].health == "Healthy" else "Healthy"
    apps[number] = replace(apps[number], health=health)
    return replace(snapshot, environments=(replace(environment, applications=tuple(apps)),))


async def measure(number: int, size: tuple[int, int]) -> None:
    """Print the times for a number of applications."""
    chosen = config(environment_config("prod", applications=ApplicationSelector(tuple(LABELS.items()))))
    async with open_app(size, chosen) as ui:
        started = time.process_time()
        snapshot = await ui.show(readings(fresh(argocd(*make_applications(number), labels=LABELS))))
        report(number, size, "first snapshot (with its evaluation)", (time.process_time() - started) * 1000)
        idle = await measure_ms(lambda: ui.press("f9"))
        for keys in KEYS:
            took = await measure_ms(lambda keys=keys: ui.press(*keys)) / len(keys)
            report(number, size, " and ".join(keys), took - idle)
        await ui.press("escape")
        await measure_filter(ui, number, size, idle)
        for order in ("environment", "project", "health", "sync", "severity"):
            started = time.process_time()
            await ui.press("O")
            report(number, size, f"order by {order}", (time.process_time() - started) * 1000 - idle)
        await measure_updates(ui, snapshot, number, size)


async def measure_filter(ui: AppHarness, number: int, size: tuple[int, int], idle: float) -> None:
    """Print the times of the letters of a filter."""
    await ui.press("slash")
    for letter in ("s", "e", "r", "9", "space", "!", "7", "backspace"):
        started = time.process_time()
        await ui.press(letter)
        report(number, size, f"filter letter {letter}", (time.process_time() - started) * 1000 - idle)
    await ui.press("escape")


async def measure_updates(ui: AppHarness, snapshot: Snapshot, number: int, size: tuple[int, int]) -> None:
    """Print the times of a tick, of a snapshot without a change and of one with a changed application."""

    async def tick() -> None:
        ui.time += timedelta(seconds=1)
        ui.app._tick()
        await ui.pilot.pause()

    async def publish(changed: Snapshot) -> None:
        await ui.publish(changed)

    pause = await measure_ms(ui.pilot.pause)
    report(number, size, "tick", await measure_ms(tick) - pause)
    report(number, size, "snapshot without a change", await measure_ms(lambda: publish(replace(snapshot))) - 2 * pause)
    changed = iter([change_one(snapshot, index) for index in range(9)])
    report(number, size, "snapshot with one change", await measure_ms(lambda: publish(next(changed))) - 2 * pause)


def report(number: int, size: tuple[int, int], name: str, ms: float) -> None:
    """Print a line."""
    mark = "" if ms <= FRAME_MS else "  more than a frame"
    print(f"{ms:8.1f} ms  {number:6,} applications {size[0]}x{size[1]}  {name}{mark}")


def main() -> None:
    """Print the figures and the load of the machine."""
    for number, size in ((5_000, (80, 24)), (20_000, (80, 24)), (20_000, (180, 50))):
        asyncio.run(measure(number, size))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; clock of the screen {NOW:%H:%M}")


if __name__ == "__main__":
    main()

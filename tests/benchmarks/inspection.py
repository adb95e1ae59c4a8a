"""Measure how long a key takes in the panes of a large application.

python -m tests.benchmarks.inspection [--nodes 10000] [--manifest-mb 10] [--seconds 12]

A server in a process of its own has a tree of that many resources and live objects of that size; the real client,
background thread and panes take them. A key is pressed about every 50 ms while the panes read again. The time from a
key to the end of the frame that it changes is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

from textual._compositor import CompositorUpdate
from textual.events import Key
from textual.screen import Screen

from anchor_tui.config.load import parse_config
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.model import Application
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.tui.inspection.diff import DiffPanel
from anchor_tui.tui.inspection.live_yaml import YamlPanel
from anchor_tui.tui.inspection.panel import InspectionPanel
from anchor_tui.tui.inspection.resources import ResourcesPanel
from tests.benchmarks.argo_server import run_argo_server
from tests.benchmarks.key_times import describe_times
from tests.tui.inspection.pane_app import FakeInspector, PaneApp
from tests.values import application

BUNDLE = ResourceNode(ResourceKey("", "Bundle", "n", "large"), uid="b")


class PaneCase(NamedTuple):
    """A pane, the keys that are pressed in it again and again, and the resource that is selected."""

    title: str
    panel: type[InspectionPanel[Any]]
    keys: Sequence[str]
    selected: ResourceNode | None = None
    first_keys: Sequence[str] = ()


CASES = (
    PaneCase("tree: move", ResourcesPanel, ("down", "down", "pagedown", "up", "end", "home")),
    PaneCase("tree: fold", ResourcesPanel, ("home", "enter", "enter", "down")),
    PaneCase("tree: filter", ResourcesPanel, (*"service", *["backspace"] * 7), first_keys=("slash",)),
    PaneCase("YAML: move", YamlPanel, ("down", "pagedown", "end", "home"), BUNDLE),
    PaneCase("YAML: fold", YamlPanel, ("home", "down", "enter", "enter", "f", "f"), BUNDLE),
    PaneCase("YAML: search", YamlPanel, ("n", "n", "N", "n"), BUNDLE, ("slash", "9", "9", "enter")),
    PaneCase("YAML: type", YamlPanel, (*"item", *["backspace"] * 4), BUNDLE, ("slash",)),
    PaneCase("Diff: move", DiffPanel, ("down", "down", "up", "up"), BUNDLE, ("enter",)),
    PaneCase("Diff whole: move", DiffPanel, ("down", "pagedown", "end", "home"), BUNDLE, ("w", "enter")),
)


class MeasuredApp(PaneApp):
    """A pane whose readings come from a server. It reports each frame after its text for the terminal was made."""

    def __init__(self, panel: type[InspectionPanel[Any]], app: Application, reader: BackgroundThread) -> None:
        super().__init__(panel, FakeInspector(), None)
        self.panel = panel(app, self)
        self._reader = reader
        self.frames = 0

    def inspect(self, application: Application, read: Callable[[Any], Coroutine[Any, Any, Any]]) -> Future[Any]:
        return self._reader.inspect(application, read)

    @property
    def is_writing(self) -> bool:
        """True while the text of a difference is written."""
        return any(worker.group == "text" and worker.is_running for worker in self.workers)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate):
            cast(CompositorUpdate, renderable).render_segments(self.console)  # without a terminal, it would be left out
        self.frames += 1


class Measurement(NamedTuple):
    """The milliseconds from each key to its frame, those in which the screen's thread ran, and until the first reading.

    The second ones do not depend on the load of the machine.
    """

    times: list[float]
    cpu_times: list[float]
    first_s: float


async def measure(case: PaneCase, port_config: str, seconds: float) -> Measurement:
    """Press the keys of a case again and again."""
    with TemporaryDirectory() as folder:
        config = parse_config(port_config, Path(folder) / "anchor-tui.toml", {"T": "x"})
        reader = BackgroundThread(config, {"T": "x", "HOME": folder}, Path(folder))
        reader.start()
        app = MeasuredApp(case.panel, application("prod", source=config.servers_in_use[0].name), reader)
        app.panel.set_reactive(InspectionPanel.selected, case.selected)
        async with app.run_test(size=(160, 45)) as pilot:
            began = time.perf_counter()
            while app.panel.reading is None or app.is_writing:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.05)
            await pilot.pause(0.5)
            first_s = time.perf_counter() - began
            for key in case.first_keys:
                await pilot.press(key)
            await pilot.pause(0.5)
            gc.freeze()  # as the application does after its start
            times, cpu_times = await _press_repeatedly(app, case.keys, seconds)
        reader.stop()
        return Measurement(times, cpu_times, first_s)


async def _press_repeatedly(app: MeasuredApp, keys: Sequence[str], seconds: float) -> tuple[list[float], list[float]]:
    times: list[float] = []
    cpu_times: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name in keys:
            await asyncio.sleep(0.05)
            before = app.frames
            began, cpu_began = time.perf_counter(), time.thread_time()
            app.post_message(Key(name, name if len(name) == 1 else None))
            while app.frames == before and time.perf_counter() - began < 2:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.0005)
            elapsed, cpu_elapsed = time.perf_counter() - began, time.thread_time() - cpu_began
            if elapsed < 2:  # else the key changed nothing
                times.append(elapsed * 1000)
                cpu_times.append(cpu_elapsed * 1000)
    return times, cpu_times


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--manifest-mb", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with run_argo_server(nodes=options.nodes, manifest_mb=options.manifest_mb) as server:
        for number, case in enumerate(CASES):
            if options.only in case.title:
                with get_context("spawn").Pool(1) as pool:  # the memory of one case is not that of the next
                    print(pool.apply(describe_case, (number, server.config_text, options.seconds)), flush=True)


def time_case(number: int, config_text: str, seconds: float) -> list[float]:
    """Measure a case and return the times from the keys to their frames, in milliseconds."""
    return list(asyncio.run(measure(CASES[number], config_text, seconds)).times)


def describe_case(number: int, config_text: str, seconds: float) -> str:
    """Measure a case and return the result as text."""
    case = CASES[number]
    found = asyncio.run(measure(case, config_text, seconds))
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{case.title:<18} {describe_times(found.times)}; {describe_times(found.cpu_times, 'CPU')}; "
        f"read after {found.first_s:.1f} s, {memory_mib:.0f} MiB; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()

"""The palette's entries: actions, environments, applications, pull requests, themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.tui.inspection.registry import PANELS
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.style import safe_text, title_text
from anchor_tui.tui.targets import list_known_pull_requests

if TYPE_CHECKING:
    from anchor_tui.tui.screens.application import ApplicationScreen


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """An entry: its name, what it runs, a line of help."""

    name: str
    run: Callable[[], object]
    help: str
    is_listed: bool = True
    """True if the entry is shown before anything is typed."""


class FleetCommands(Provider):
    """Actions, environments, applications and pull requests of the fleet screen, and the themes, by name."""

    async def discover(self) -> Hits:
        """Return the entries that are shown before anything is typed."""
        for entry in self._list_entries():
            if entry.is_listed:
                name = safe_text(entry.name)
                yield DiscoveryHit(name, entry.run, text=name.plain, help=title_text(entry.help))

    async def search(self, query: str) -> Hits:
        """Return the entries that match a query."""
        matcher = self.matcher(query)
        for entry in self._list_entries():
            name = safe_text(entry.name).plain
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), entry.run, text=name, help=title_text(entry.help))

    def _list_entries(self) -> Iterator[PaletteEntry]:
        if isinstance(self.screen, FleetScreen):
            yield from self._list_fleet_entries(self.screen)
        else:
            from anchor_tui.tui.screens.application import ApplicationScreen  # not needed before one is opened

            if isinstance(self.screen, ApplicationScreen):
                yield from _list_inspection_entries(self.screen)

    def _list_fleet_entries(self, fleet: FleetScreen) -> Iterator[PaletteEntry]:
        yield from _list_actions(fleet)
        for name in sorted(self.app.available_themes):
            note = (
                "the current theme"
                if name == self.app.theme
                else "changes the colours; `--theme` sets them at the start"
            )
            yield PaletteEntry(f"Theme {name}", partial(setattr, self.app, "theme", name), note, is_listed=False)
        if fleet.snapshot is None:
            return
        open_application = fleet.live_app.open_application
        for environment in fleet.snapshot.environments:
            name = environment.name
            highlight = partial(fleet.choose_environment, name)
            yield PaletteEntry(f"Environment {name}", highlight, f"verdict: {environment.verdict.word}")
            title = f"Open environment {name}: releases, applications, policy and pull requests"
            enter = partial(fleet.live_app.open_environment, name)
            yield PaletteEntry(title, enter, "opens the environment", is_listed=False)
            for application in environment.applications:
                state = f"{application.sync or 'sync unknown'}, {application.health or 'health unknown'}"
                title = f"Application {application.id}"
                yield PaletteEntry(title, highlight, f"in {name}: {state}", is_listed=False)
                for target in list_inspection_targets(environment, application):
                    show_pane = partial(open_application, name, application, target.pane, target.resource)
                    yield PaletteEntry(target.title, show_pane, f"opens {title}", is_listed=False)
        yield from _list_pull_requests(fleet.live_app, fleet.snapshot)


def _list_pull_requests(app: LiveApp, snapshot: Snapshot) -> Iterator[PaletteEntry]:
    """Yield the open pull requests, and those that brought the releases that run."""
    for number, title in list_known_pull_requests(snapshot).items():
        show = partial(app.open_pull_request, number)
        yield PaletteEntry(f"Pull request #{number} {title}", show, "checks, files, reviews and merge state")


class InspectionTarget(NamedTuple):
    """A pane of an application and a resource by its name; without a resource, the culprit."""

    title: str
    pane: str
    resource: str = ""


def list_inspection_targets(environment: Environment, application: Application) -> Iterator[InspectionTarget]:
    """Yield the panes of an application, and of each workload whose name the snapshot contains: "Logs prod gateway"."""
    release = environment.release
    names = {resource.name for resource in application.unhealthy}
    names |= {image.name for image in release.images} if release else set()
    for pane in PANELS:
        yield InspectionTarget(sanitize_text(f"{pane} {environment.name} {application.name}"), pane)
        for name in sorted(names):
            yield InspectionTarget(sanitize_text(f"{pane} {environment.name} {name}"), pane, name)


def _list_inspection_entries(screen: ApplicationScreen) -> Iterator[PaletteEntry]:
    """Yield the actions of the application screen, its panes, and each pane of each workload and pod."""
    yield from _list_actions(screen)
    environment = sanitize_text(screen.environment_name)
    for pane in PANELS:
        yield PaletteEntry(f"{pane} {environment}", partial(screen.show_pane, pane), "shows the pane")
        for name in screen.workload_names:
            run = partial(screen.show_resource, pane, name)
            title = f"{pane} {environment} {sanitize_text(name)}"
            yield PaletteEntry(title, run, "selects the resource and shows the pane", is_listed=False)


def _list_actions(screen: FleetScreen | ApplicationScreen) -> Iterator[PaletteEntry]:
    for action in screen.key_actions:
        if action.id not in {"environment", "pane", "palette"}:
            run = partial(screen.run_key_action, action)
            yield PaletteEntry(f"{action.title} ({action.id})", run, f"{action.readable_keys} · {action.tooltip}")

"""The palette's entries: actions, environments, applications, pull requests, themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.style import safe_text, title_text
from anchor_tui.tui.web_browser import open_web_address


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
        fleet = self.screen
        if not isinstance(fleet, FleetScreen):
            return
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
        for environment in fleet.snapshot.environments:
            name = environment.name
            highlight = partial(fleet.choose_environment, environment.name)
            yield PaletteEntry(f"Environment {name}", highlight, f"verdict: {environment.verdict.word}")
            if isinstance(self.app, LiveApp):
                title = f"Open environment {name}: releases, applications, policy and pull requests"
                enter = partial(self.app.open_environment, environment.name)
                yield PaletteEntry(title, enter, "opens the environment", is_listed=False)
            for application in environment.applications:
                state = f"{application.sync or 'sync unknown'}, {application.health or 'health unknown'}"
                title = f"Application {application.id}"
                yield PaletteEntry(title, highlight, f"in {name}: {state}", is_listed=False)
        for pull in fleet.snapshot.all_pull_requests:
            show = partial(open_web_address, self.app, pull.url)
            yield PaletteEntry(f"Pull request #{pull.number} {pull.title}", show, "opens in the browser")


def _list_actions(fleet: FleetScreen) -> Iterator[PaletteEntry]:
    for action in fleet.key_actions:
        if action.id not in {"environment", "palette"}:
            run = partial(fleet.run_key_action, action)
            yield PaletteEntry(f"{action.title} ({action.id})", run, f"{action.readable_keys} · {action.tooltip}")

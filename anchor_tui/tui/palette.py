"""The palette's entries: actions, environments, applications, pull requests, themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.screens.fleet import FleetScreen


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
                yield DiscoveryHit(Content(entry.name), entry.run, text=entry.name, help=entry.help)

    async def search(self, query: str) -> Hits:
        """Return the entries that match a query."""
        matcher = self.matcher(query)
        for entry in self._list_entries():
            if (score := matcher.match(entry.name)) > 0:
                yield Hit(score, matcher.highlight(entry.name), entry.run, text=entry.name, help=entry.help)

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
            name = sanitize_text(environment.name)
            highlight = partial(fleet.choose_environment, environment.name)
            yield PaletteEntry(f"Environment {name}", highlight, f"verdict: {environment.verdict.word}")
            for application in environment.applications:
                state = f"{application.sync or 'sync unknown'}, {application.health or 'health unknown'}"
                title = f"Application {sanitize_text(str(application.id))}"
                yield PaletteEntry(title, highlight, f"in {name}: {state}", is_listed=False)
        for pull in fleet.snapshot.all_pull_requests:
            if isinstance(self.app, LiveApp):
                show = partial(self.app.open_pull_request, pull.number)
                title = f"Pull request #{pull.number} {sanitize_text(pull.title)}"
                yield PaletteEntry(title, show, "checks, files, reviews and merge state")


def _list_actions(fleet: FleetScreen) -> Iterator[PaletteEntry]:
    for action in fleet.key_actions:
        if action.id not in {"environment", "palette"}:
            run = partial(fleet.run_key_action, action)
            yield PaletteEntry(f"{action.title} ({action.id})", run, f"{action.readable_keys} · {action.tooltip}")

"""The palette's entries: actions, environments, applications, pull requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from anchor_tui.domain.formatting import sanitize_text

if TYPE_CHECKING:
    from anchor_tui.tui.app import AnchorApp


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """A name to find, what it does, a line of help."""

    name: str
    run: Callable[[], object]
    help: str


class FleetCommands(Provider):
    """Everything that can be gone to or done, by name."""

    @property
    def _anchor_app(self) -> AnchorApp:
        from anchor_tui.tui.app import AnchorApp

        assert isinstance(self.app, AnchorApp)
        return self.app

    def _list_entries(self) -> Iterator[PaletteEntry]:
        app = self._anchor_app
        for action in app.actions:
            if action.id not in {"environment", "palette"}:
                run = partial(app.run_action, action.textual_action)
                yield PaletteEntry(f"{action.title} ({action.id})", run, f"{action.readable_keys} · {action.tooltip}")
        snapshot = app.snapshot
        if snapshot is None:
            return
        for environment in snapshot.environments:
            go = partial(app.choose_environment, environment.name)
            yield PaletteEntry(
                f"Environment {sanitize_text(environment.name)}", go, f"verdict: {environment.verdict.level}"
            )
            for application in environment.applications:
                words = f"{application.sync or 'not told'}, {application.health or 'not told'}"
                yield PaletteEntry(
                    f"Application {sanitize_text(str(application.id))}",
                    go,
                    f"in {sanitize_text(environment.name)}: {words}",
                )
        for pull in snapshot.all_pull_requests:
            show = partial(app.open_url, pull.url)
            yield PaletteEntry(f"Pull request #{pull.number} {sanitize_text(pull.title)}", show, "opens in the browser")

    async def discover(self) -> Hits:
        """The actions, before anything is typed."""
        for entry in self._list_entries():
            if not entry.name.startswith("Application "):
                yield DiscoveryHit(Content(entry.name), entry.run, text=entry.name, help=entry.help)

    async def search(self, query: str) -> Hits:
        """Whatever matches."""
        matcher = self.matcher(query)
        for entry in self._list_entries():
            if (score := matcher.match(entry.name)) > 0:
                yield Hit(score, matcher.highlight(entry.name), entry.run, text=entry.name, help=entry.help)

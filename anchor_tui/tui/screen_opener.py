"""Opens the screens of one thing: an application, an environment, a pull request, the differences, the commands."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from textual.reactive import Reactive
from textual.screen import Screen

from anchor_tui.config.model import Config
from anchor_tui.tui.key_actions import APPLICATION_OWNERS, ESTATE_OWNERS, KeyOwner
from anchor_tui.tui.key_config import SessionKeys, apply_key_config, list_session_keys
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.protocols import Backend

if TYPE_CHECKING:
    from anchor_tui.domain.model import Application
    from anchor_tui.tui.screens.application import ApplicationScreen


class ScreenOpener:
    """Creates a screen with the keys of the session, and binds it to the live data.

    A screen's module is imported when the screen is opened: the first frame needs none of them.
    """

    def __init__(self, app: LiveApp, backend: Backend, config: Config) -> None:
        self._app, self._backend, self._config = app, backend, config
        self._keys = apply_key_config(config.keys, read_only=config.read_only, is_replay=app.is_replay)

    def open_application(self, environment: str, application: Application, pane: str, resource: str) -> None:
        """Open the screen of an application, with a pane and a resource (by name) other than the usual ones."""
        screen = self._make_application_screen(environment, application)
        screen.open_at(pane, resource)
        self._push_live(screen, LiveApp.snapshot, LiveApp.now)

    def _make_application_screen(self, environment: str, application: Application) -> ApplicationScreen:
        keys = self._list_session_keys(APPLICATION_OWNERS)
        if self._config.read_only:
            from anchor_tui.tui.screens.application import ApplicationScreen

            return ApplicationScreen(environment, application, keys.available, keys.missing)
        from anchor_tui.tui.screens.operator_application import OperatorApplicationScreen

        return OperatorApplicationScreen(environment, application, keys.available)

    def open_environment(self, name: str) -> None:
        """Open the screen of one environment."""
        from anchor_tui.tui.screens.environment import EnvironmentScreen

        screen = EnvironmentScreen(name, self._keys, self._backend.earlier_releases)
        self._push_live(screen, LiveApp.snapshot, LiveApp.now, LiveApp.jobs)

    def open_pull_request(self, number: int) -> None:
        """Show everything about a pull request."""
        from anchor_tui.tui.screens.pull_request import PullRequestScreen

        screen = PullRequestScreen(number, self._backend, self._keys, read_only=self._config.read_only)
        self._push_live(screen, LiveApp.snapshot, LiveApp.now)

    def open_estate_diff(self) -> None:
        """Show every difference between git and the clusters."""
        from anchor_tui.tui.screens.estate_diff import EstateDiffScreen

        screen = EstateDiffScreen(self._app, self._list_session_keys(ESTATE_OWNERS).available)
        self._push_live(screen, LiveApp.snapshot, LiveApp.now)

    def open_commands(self, subject: object, environment: str) -> None:
        """List the shell commands about a value of a row; without a value, those about the environment."""
        from anchor_tui.tui.command_list import list_commands
        from anchor_tui.tui.screens.commands import CommandsScreen

        snapshot = self._app.snapshot
        for known in snapshot.environments if snapshot else ():
            if any(application is subject for application in known.applications):
                environment = known.name  # the rows of every environment may be shown
        configured = next((known for known in self._config.environments if known.name == environment), None)
        files = (configured.release, configured.values) if configured else ()
        shown = snapshot.find_environment(environment) if snapshot else None
        github = snapshot.find_source("github") if snapshot else None
        commands = list_commands(subject, shown, repository_url=github.url if github else "", files=files)
        self._app.push_screen(CommandsScreen(commands))

    def _list_session_keys(self, owners: Collection[KeyOwner]) -> SessionKeys:
        return list_session_keys(
            self._config.keys, owners, read_only=self._config.read_only, is_replay=self._app.is_replay
        )

    def _push_live(self, screen: Screen[None], *data: Reactive[Any]) -> None:
        """Open a screen that shows live data."""
        # On the application's own queue: data is bound to the node that handles the message.
        self._app.call_next(lambda: self._app.push_screen(screen.data_bind(*data)))

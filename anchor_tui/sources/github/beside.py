"""What is asked beside the poll: the names of settings, and comparisons with the head.

It has a door of its own, so that a request which hangs there holds up no poll; nor does a failure here harm one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from anchor_tui.domain.source_data import OpsRepoData, RepoSettingNames
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.comparing import Comparing
from anchor_tui.sources.github.settings import read_settings, unread
from anchor_tui.sources.pace import Backoff, pause

if TYPE_CHECKING:
    from anchor_tui.config.model import GitHubConfig
    from anchor_tui.sources.github.door import Door

SETTINGS_S = 600.0
RETRY_S = 60.0
ROUND_S = 5.0
"""Between two rounds of comparisons, where there are more than one round asks for."""
PATIENCE_S = 30.0
"""For all the settings of a repository, or the comparisons of one round."""


class Beside:
    """The latest of what is asked beside the poll, and what is to be asked next."""

    def __init__(self, config: GitHubConfig, connect: Callable[[], Awaitable[Door]]) -> None:
        self._repositories = tuple(dict.fromkeys(filter(None, (config.ops_repo, config.app_repo))))
        self._config = config
        self._connect = connect
        self._door: Door | None = None
        self._settings: dict[str, RepoSettingNames] = {}
        self._comparing = Comparing(config.ops_repo)
        self._wake = asyncio.Event()
        self._again = True

    def onto(self, repo: OpsRepoData) -> OpsRepoData:
        """The reading of a poll with what was learned beside it."""
        head = repo.head.oid if repo.head else ""
        return replace(
            repo,
            ops_settings=self._settings.get(self._config.ops_repo),
            app_settings=self._settings.get(self._config.app_repo),
            changed=self._comparing.changed(head),
            incomparable=self._comparing.incomparable(head),
        )

    def read_again(self) -> None:
        """Asks for the settings now."""
        self._again = True
        self._wake.set()

    def take_head(self, head: str) -> None:
        """The head that a poll has found."""
        before = self._comparing.due
        self._comparing.take_head(head)
        self._wake_if_new(before)

    def take_revisions(self, revisions: Iterable[str]) -> None:
        """The commits that Argo CD synced."""
        before = self._comparing.due
        self._comparing.take_revisions(revisions)
        self._wake_if_new(before)

    @property
    def is_comparison_due(self) -> bool:
        """Whether a synced commit has not been compared with the head."""
        return bool(self._comparing.due)

    def _wake_if_new(self, before: tuple[str, ...]) -> None:
        if set(self._comparing.due) - set(before):  # what failed waits for its own time
            self._wake.set()

    async def read(self) -> None:
        """The settings, once."""
        try:
            await self._read_settings()
        finally:
            self.hang_up()

    def give_up(self, reason: str) -> None:
        """Settings that did not come say why."""
        for repository in self._repositories:
            self._settings.setdefault(repository, unread(repository, reason))

    async def compare(self) -> None:
        """What is due, once. What does not come stays unknown."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._comparing.ask(await self._open())
        except (SourceError, TimeoutError):
            pass
        finally:
            self.hang_up()

    async def run(self, publish: Callable[[], None]) -> None:
        """Asks for what is due until cancelled, and says after each round that something is known."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(first=5.0, longest=300.0)
        settings_at = loop.time()
        try:
            while True:
                compare_s = await self._compare_round(publish, backoff) if self._comparing.due else SETTINGS_S
                if self._again or loop.time() >= settings_at:
                    self._again = False
                    may_pass = await self._read_settings()
                    settings_at = loop.time() + (RETRY_S if may_pass else SETTINGS_S)
                    publish()
                await pause(self._wake, max(0.0, min(compare_s, settings_at - loop.time())))
        finally:
            self.hang_up()

    async def _compare_round(self, publish: Callable[[], None], backoff: Backoff) -> float:
        """Returns the pause until it is worth asking for the rest, in seconds."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                learned = await self._comparing.ask(await self._open())
        except (SourceError, TimeoutError):
            self.hang_up()
            return backoff.next()
        backoff.reset()
        if learned:
            publish()
        return ROUND_S if self._comparing.due else SETTINGS_S

    async def _read_settings(self) -> bool:
        """Whether asking again soon may tell more."""
        may_pass = False
        for repository in self._repositories:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self._settings[repository], soon = await read_settings(await self._open(), repository)
            except (TimeoutError, SourceError) as error:
                words = error.message if isinstance(error, SourceError) else f"no answer within {PATIENCE_S:g} s"
                self._settings[repository], soon = unread(repository, words), True
                self.hang_up()
            except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and costs the settings alone
                fault = f"a fault in anchor-tui: {type(error).__name__}"
                self._settings[repository], soon = unread(repository, fault), False
            may_pass = may_pass or soon
        return may_pass

    async def _open(self) -> Door:
        if self._door is None:
            self._door = await self._connect()
        return self._door

    def hang_up(self) -> None:
        """Lets go of the door; the next question opens another."""
        if self._door is not None:
            self._door.close()
            self._door = None

"""What is asked beside the poll: the names of settings, and comparisons with the head.

It has a door of its own, so that a request which hangs there holds up no poll; nor does a failure here harm one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.source_data import OpsRepoData, RepoSettingNames
from anchor_tui.sources.backoff import Backoff, sleep_until_woken
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.commit_comparison import CommitComparisons
from anchor_tui.sources.github.setting_names import read_setting_names, unread_settings

if TYPE_CHECKING:
    from anchor_tui.config.model import GitHubConfig
    from anchor_tui.sources.github.client import GitHubClient

SETTINGS_INTERVAL_S = 600.0
SETTINGS_RETRY_S = 60.0
COMPARISON_INTERVAL_S = 5.0
"""Between two rounds of comparisons, where there are more than one round asks for."""
ROUND_DEADLINE_S = 30.0
"""For all the settings of a repository, or the comparisons of one round."""


class SecondaryPoller:
    """The latest of what is asked beside the poll, and what is to be asked next."""

    def __init__(self, config: GitHubConfig, connect: Callable[[], Awaitable[GitHubClient]]) -> None:
        self._repositories = tuple(dict.fromkeys(filter(None, (config.ops_repo, config.app_repo))))
        self._config = config
        self._connect = connect
        self._client: GitHubClient | None = None
        self._settings: dict[str, RepoSettingNames] = {}
        self._comparisons = CommitComparisons(config.ops_repo)
        self._wake = asyncio.Event()
        self._settings_requested = True

    def add_to_repo(self, repo: OpsRepoData) -> OpsRepoData:
        """The reading of a poll with what was learned beside it."""
        head = repo.head.oid if repo.head else ""
        return replace(
            repo,
            ops_settings=self._settings.get(self._config.ops_repo),
            app_settings=self._settings.get(self._config.app_repo),
            changed=self._comparisons.changed_paths(head),
            incomparable=self._comparisons.failure_reasons(head),
        )

    def read_again(self) -> None:
        """Asks for the settings now."""
        self._settings_requested = True
        self._wake.set()

    def set_head(self, head: str) -> None:
        """The head that a poll has found."""
        before = self._comparisons.pending_revisions
        self._comparisons.set_head(head)
        self._wake_if_pending(before)

    def set_revisions(self, revisions: Iterable[str]) -> None:
        """The commits that Argo CD synced."""
        before = self._comparisons.pending_revisions
        self._comparisons.set_revisions(revisions)
        self._wake_if_pending(before)

    @property
    def is_comparison_due(self) -> bool:
        """Whether a synced commit has not been compared with the head."""
        return bool(self._comparisons.pending_revisions)

    def _wake_if_pending(self, before: tuple[str, ...]) -> None:
        if set(self._comparisons.pending_revisions) - set(before):  # what failed waits for its own time
            self._wake.set()

    async def read_settings_once(self) -> None:
        """The settings, once."""
        try:
            await self._read_settings()
        finally:
            self.close_client()

    def mark_settings_unread(self, reason: str) -> None:
        """Settings that did not come say why."""
        for repository in self._repositories:
            self._settings.setdefault(repository, unread_settings(repository, reason))

    async def compare_once(self) -> None:
        """What is due, once. What does not come stays unknown."""
        try:
            async with asyncio.timeout(ROUND_DEADLINE_S):
                await self._comparisons.compare_pending(await self._get_client())
        except (SourceError, TimeoutError):
            pass
        finally:
            self.close_client()

    async def run(self, publish: Callable[[], None]) -> None:
        """Asks for what is due until cancelled, and says after each round that something is known."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(first=5.0, longest=300.0)
        settings_at = loop.time()
        try:
            while True:
                compare_s = (
                    await self._run_comparison_round(publish, backoff)
                    if self._comparisons.pending_revisions
                    else SETTINGS_INTERVAL_S
                )
                if self._settings_requested or loop.time() >= settings_at:
                    self._settings_requested = False
                    may_pass = await self._read_settings()
                    settings_at = loop.time() + (SETTINGS_RETRY_S if may_pass else SETTINGS_INTERVAL_S)
                    publish()
                await sleep_until_woken(self._wake, max(0.0, min(compare_s, settings_at - loop.time())))
        finally:
            self.close_client()

    async def _run_comparison_round(self, publish: Callable[[], None], backoff: Backoff) -> float:
        """Returns the pause until it is worth asking for the rest, in seconds."""
        try:
            async with asyncio.timeout(ROUND_DEADLINE_S):
                learned = await self._comparisons.compare_pending(await self._get_client())
        except (SourceError, TimeoutError):
            self.close_client()
            return backoff.next_pause_s()
        backoff.reset()
        if learned:
            publish()
        return COMPARISON_INTERVAL_S if self._comparisons.pending_revisions else SETTINGS_INTERVAL_S

    async def _read_settings(self) -> bool:
        """Whether asking again soon may tell more."""
        may_pass = False
        for repository in self._repositories:
            try:
                async with asyncio.timeout(ROUND_DEADLINE_S):
                    self._settings[repository], soon = await read_setting_names(await self._get_client(), repository)
            except (TimeoutError, SourceError) as error:
                words = error.message if isinstance(error, SourceError) else f"no answer within {ROUND_DEADLINE_S:g} s"
                self._settings[repository], soon = unread_settings(repository, words), True
                self.close_client()
            except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and costs the settings alone
                fault = format_internal_error(error)
                self._settings[repository], soon = unread_settings(repository, fault), False
            may_pass = may_pass or soon
        return may_pass

    async def _get_client(self) -> GitHubClient:
        if self._client is None:
            self._client = await self._connect()
        return self._client

    def close_client(self) -> None:
        """Lets go of the door; the next question opens another."""
        if self._client is not None:
            self._client.close()
            self._client = None

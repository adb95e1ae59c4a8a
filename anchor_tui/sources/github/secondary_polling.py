"""Reads between the polls: the names of settings, comparisons with the head, and the times of the releases' commits.

They have a client of their own: the polls close theirs after some failures, which must not end these requests.
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
from anchor_tui.sources.github.commit_times import CommitTimes
from anchor_tui.sources.github.setting_names import read_setting_names, unread_settings

if TYPE_CHECKING:
    from anchor_tui.config.model import GitHubConfig
    from anchor_tui.sources.github.client import GitHubClient

SETTINGS_INTERVAL_S = 600.0
SETTINGS_RETRY_S = 60.0
COMPARISON_INTERVAL_S = 5.0
"""The pause between two rounds of comparisons, if one round is not enough."""
ROUND_DEADLINE_S = 30.0
"""For all the settings of a repository, or for one round of comparisons."""


class SecondaryPoller:
    """The latest names of settings and comparisons, and when to read them again."""

    def __init__(self, config: GitHubConfig, connect: Callable[[], Awaitable[GitHubClient]]) -> None:
        self._repositories = tuple(dict.fromkeys(filter(None, (config.ops_repo, config.app_repo))))
        self._config = config
        self._connect = connect
        self._client: GitHubClient | None = None
        self._settings: dict[str, RepoSettingNames] = {}
        self._comparisons = CommitComparisons(config.ops_repo)
        self._commit_times = CommitTimes(config.app_repo)
        self._wake = asyncio.Event()
        self._settings_requested = True

    def add_to_repo(self, repo: OpsRepoData) -> OpsRepoData:
        """Return a poll's data with the latest names of settings and comparisons."""
        head = repo.head.oid if repo.head else ""
        return replace(
            repo,
            ops_settings=self._settings.get(self._config.ops_repo),
            app_settings=self._settings.get(self._config.app_repo),
            changed=self._comparisons.changed_paths(head),
            incomparable=self._comparisons.failure_reasons(head),
            newer=self._comparisons.newer_revisions(head),
            commit_times=self._commit_times.times,
        )

    def read_again(self) -> None:
        """Read the names of settings now."""
        self._settings_requested = True
        self._wake.set()

    def set_head(self, head: str) -> None:
        """Set the head that a poll found."""
        before = self._comparisons.pending_revisions
        self._comparisons.set_head(head)
        self._wake_if_pending(before)

    def set_release_commits(self, commits: Iterable[str]) -> None:
        """Set the commits of the app repo that the releases name."""
        self._commit_times.set_commits(commits)
        if self._commit_times.pending_commits:
            self._wake.set()

    def set_revisions(self, revisions: Iterable[str]) -> None:
        """Set the commits that Argo CD synced."""
        before = self._comparisons.pending_revisions
        self._comparisons.set_revisions(revisions)
        self._wake_if_pending(before)

    @property
    def is_comparison_due(self) -> bool:
        """Return whether a synced commit has not been compared with the head."""
        return bool(self._comparisons.pending_revisions)

    def _wake_if_pending(self, before: tuple[str, ...]) -> None:
        if set(self._comparisons.pending_revisions) - set(before):  # a failed comparison waits for its own pause
            self._wake.set()

    async def read_settings_once(self) -> None:
        """Read the names of settings once."""
        try:
            await self._read_settings()
        finally:
            await self.close_client()

    def mark_settings_unread(self, reason: str) -> None:
        """Set the reason for settings that have not been read."""
        for repository in self._repositories:
            self._settings.setdefault(repository, unread_settings(repository, reason))

    async def compare_once(self) -> None:
        """Compare what is pending, once; after a failure it stays unknown."""
        try:
            async with asyncio.timeout(ROUND_DEADLINE_S):
                await self._comparisons.compare_pending(await self._get_client())
        except (SourceError, TimeoutError):
            pass
        finally:
            await self.close_client()

    async def run(self, publish: Callable[[], None]) -> None:
        """Read what is due until cancelled, and call `publish` after each round with a result."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(first=5.0, longest=300.0)
        settings_at = loop.time()
        try:
            while True:
                compare_s = (
                    await self._run_commit_round(publish, backoff) if self._is_round_due else SETTINGS_INTERVAL_S
                )
                if self._settings_requested or loop.time() >= settings_at:
                    self._settings_requested = False
                    is_retryable = await self._read_settings()
                    settings_at = loop.time() + (SETTINGS_RETRY_S if is_retryable else SETTINGS_INTERVAL_S)
                    publish()
                await sleep_until_woken(self._wake, max(0.0, min(compare_s, settings_at - loop.time())))
        finally:
            await self.close_client()

    @property
    def _is_round_due(self) -> bool:
        return bool(self._comparisons.pending_revisions or self._commit_times.pending_commits)

    async def _run_commit_round(self, publish: Callable[[], None], backoff: Backoff) -> float:
        """Compare commits and read times that are pending; return the pause until the next round, in seconds."""
        try:
            async with asyncio.timeout(ROUND_DEADLINE_S):
                client = await self._get_client()
                has_results = await self._comparisons.compare_pending(client)
                has_results |= await self._commit_times.read_pending(client)
        except (SourceError, TimeoutError):
            await self.close_client()
            return backoff.next_pause_s()
        backoff.reset()
        if has_results:
            publish()
        return COMPARISON_INTERVAL_S if self._is_round_due else SETTINGS_INTERVAL_S

    async def _read_settings(self) -> bool:
        """Read the names of settings of every repository; return whether a retry soon makes sense."""
        is_any_retryable = False
        for repository in self._repositories:
            try:
                async with asyncio.timeout(ROUND_DEADLINE_S):
                    names, is_retryable = await read_setting_names(await self._get_client(), repository)
            except (TimeoutError, SourceError) as error:
                timeout = f"no answer within {ROUND_DEADLINE_S:g} s"
                reason = error.message if isinstance(error, SourceError) else timeout
                names, is_retryable = unread_settings(repository, reason), True
                await self.close_client()
            except Exception as error:  # noqa: BLE001 - an internal error is shown and affects the settings alone
                reason = format_internal_error(error)
                names, is_retryable = unread_settings(repository, reason), False
            self._settings[repository] = names
            is_any_retryable = is_any_retryable or is_retryable
        return is_any_retryable

    async def _get_client(self) -> GitHubClient:
        if self._client is None:
            self._client = await self._connect()
        return self._client

    async def close_client(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

"""GitHub as a source: readings of the ops repo, one after the other.

The names of settings and the comparisons with the head are read between the polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from anchor_tui.domain.identity import share_equal_parts
from anchor_tui.domain.model import Problem, RateBudget, SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID
from anchor_tui.sources.backoff import Backoff, sleep_until_woken
from anchor_tui.sources.errors import RateLimited, SourceError, Timeout, Unauthenticated
from anchor_tui.sources.github.repo_reader import RepoReader
from anchor_tui.sources.github.secondary_polling import SecondaryPoller

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.sources.github.client import GitHubClient

LOW_BUDGET_FRACTION = 0.2
"""Below this part of the hourly budget, polls are slowed down so that it lasts until its reset."""
SETTINGS_GRACE_S = 3.0
"""The longest wait of a single reading for the names of settings, after everything else has arrived."""
POLLS_UNTIL_STALE = 3
"""Two polls can fail before the last reading is stale."""
Publish = Callable[[Reading[OpsRepoData]], None]


class GitHubSource:
    """The ops repo, read by polling."""

    id = GITHUB_SOURCE_ID
    kind = "github"

    def __init__(
        self, config: Config, connect: Callable[[frozenset[str]], Awaitable[GitHubClient]], now: Callable[[], datetime]
    ) -> None:
        """`connect` opens a client that allows the given GraphQL documents."""
        self._poll_s = float(config.github.poll_s)
        self._reader = RepoReader(config)
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        self._client: GitHubClient | None = None
        self._last: Fresh[OpsRepoData] | None = None
        self._published: Reading[OpsRepoData] | None = None
        self._secondary = SecondaryPoller(config.github, lambda: connect(frozenset()))  # REST only

    def read_again(self) -> None:
        """Poll now, and read the names of settings too."""
        self._wake.set()
        self._secondary.read_again()

    def poll_now(self) -> None:
        """Poll now instead of after the pause, unless the last poll failed or the hourly budget is low."""
        reading = self._published
        if isinstance(reading, Fresh):
            interval_s = _poll_interval_s(self._poll_s, reading.value.budget, self._now())
            if interval_s <= self._poll_s:
                self._wake.set()

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """Set the commits that Argo CD reports; they are compared with the head in the background."""
        self._secondary.set_revisions(revisions)

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[OpsRepoData] | None:
        """Return the last reading with these commits compared with its head; None if there is nothing to compare.

        If one of them is newer than the head, the branch is read again.
        """
        self._secondary.set_revisions(revisions)
        if self._last is None or not self._secondary.is_comparison_due:
            return None
        await self._secondary.compare_once()
        if self._with_secondary(self._last).value.newer:
            try:
                await self._read_with_history(await self._poll())
            finally:
                await self.close_client()
            await self._secondary.compare_once()
        return self._with_secondary(self._last)

    async def read(self) -> Fresh[OpsRepoData]:
        """Read once, history and names of settings included. Raises SourceError."""
        settings = asyncio.create_task(self._secondary.read_settings_once())
        try:
            polled = await self._read_with_history(await self._poll())
            await asyncio.wait((settings,), timeout=SETTINGS_GRACE_S)
            self._secondary.mark_settings_unread(f"GitHub gave no answer within {SETTINGS_GRACE_S:g} s")
            return self._with_secondary(polled)
        finally:
            settings.cancel()
            await asyncio.gather(settings, return_exceptions=True)
            await self.close_client()

    def get_partial_reading(self, timeout_s: float) -> Fresh[OpsRepoData] | None:
        """Return what `read` had when it was ended after `timeout_s`; None if the branch was not read."""
        self._secondary.mark_settings_unread(f"GitHub gave no answer within {timeout_s:g} s")
        return self._with_secondary(self._last) if self._last is not None else None

    async def read_branch(self) -> OpsRepoData:
        """Read the branch and its history once. Raises SourceError."""
        return (await self._read_with_history(await self._poll())).value

    async def close_client(self) -> None:
        """Close the connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def run(self, publish: Publish) -> None:
        """Publish readings until cancelled. Never raises SourceError."""
        secondary: asyncio.Task[None] | None = None

        def publish_poll(reading: Reading[OpsRepoData]) -> None:
            nonlocal secondary
            self._published = reading
            publish(reading)
            if secondary is None and isinstance(reading, Fresh):  # the first reading is published without waiting
                secondary = asyncio.create_task(self._secondary.run(publish_secondary))

        def publish_secondary() -> None:
            if isinstance(self._published, Fresh):
                publish_poll(self._with_secondary(self._published))

        try:
            await self._keep_polling(publish_poll)
        finally:
            if secondary is not None:
                secondary.cancel()
                await asyncio.gather(secondary, return_exceptions=True)

    async def _keep_polling(self, publish: Publish) -> None:
        backoff = Backoff(first=2.0, longest=self._poll_s)  # a server that is back is noticed within one poll
        try:
            while True:
                try:
                    polled = await self._poll()
                    needs_history = self._reader.needs_history(polled.value)
                    # The first reading is published at once, later ones only with the history of their head.
                    if not (needs_history and self._reader.has_history):
                        publish(polled)
                    if needs_history:
                        publish(await self._read_with_history(polled))
                    backoff.reset()
                    pause_s = _poll_interval_s(self._poll_s, polled.value.budget, self._now())
                except SourceError as error:
                    publish(self._to_failed(error.failure))
                    retry_after_s = error.retry_after_s if isinstance(error, RateLimited) else None
                    if isinstance(error, Unauthenticated):
                        retry_after_s = self._poll_s
                    if isinstance(error, Unauthenticated | Timeout):
                        await self.close_client()  # the next attempt looks up the credentials again
                    pause_s = backoff.next_pause_s(retry_after_s)
                await sleep_until_woken(self._wake, pause_s)
        finally:
            await self.close_client()

    async def _get_client(self) -> GitHubClient:
        if self._client is None:
            self._client = await self._connect(self._reader.query_texts)
        return self._client

    async def _poll(self) -> Fresh[OpsRepoData]:
        client = await self._get_client()
        taken_at = self._now()  # before the request: a slow answer, or slow parsing, makes a reading older
        repo, problems = await self._reader.poll(client)
        problems += _find_budget_problems(self._poll_s, repo.budget, taken_at)
        return self._to_fresh(repo, problems, taken_at)

    async def _read_with_history(self, polled: Fresh[OpsRepoData]) -> Fresh[OpsRepoData]:
        repo, problems = await self._reader.read_history(await self._get_client(), polled.value)
        return self._to_fresh(repo, polled.problems + problems, polled.taken_at)

    def _to_fresh(self, repo: OpsRepoData, problems: tuple[Problem, ...], taken_at: datetime) -> Fresh[OpsRepoData]:
        if repo.head is not None:
            self._secondary.set_head(repo.head.oid)
            releases = (files.release for files in repo.environments.values())
            self._secondary.set_release_commits(release.commit for release in releases if release and release.commit)
        if self._last is not None:
            repo = share_equal_parts(self._last.value, repo)
        interval_s = _poll_interval_s(self._poll_s, repo.budget, self._now())
        good_until = taken_at + timedelta(seconds=POLLS_UNTIL_STALE * interval_s)
        self._last = self._with_secondary(Fresh(repo, taken_at, good_until, tuple(dict.fromkeys(problems))))
        return self._last

    def _with_secondary(self, reading: Fresh[OpsRepoData]) -> Fresh[OpsRepoData]:
        return replace(reading, value=self._secondary.add_to_repo(reading.value))

    def _to_failed(self, failure: SourceFailure) -> Stale[OpsRepoData] | Unavailable:
        if self._last is None:
            return Unavailable(failure)
        return Stale(self._secondary.add_to_repo(self._last.value), self._last.taken_at, self._last.problems, failure)


def _poll_interval_s(poll_s: float, budget: RateBudget | None, now: datetime) -> float:
    """Return the configured pause, or a longer one if the rest of the hour's points would not last."""
    if budget is None or budget.remaining >= budget.limit * LOW_BUDGET_FRACTION:
        return poll_s
    until_reset_s = max(0.0, (budget.reset_at - now).total_seconds())
    polls_left = max(1.0, budget.remaining / 2 / max(1, budget.cost))
    return max(poll_s, until_reset_s / polls_left)


def _find_budget_problems(poll_s: float, budget: RateBudget | None, now: datetime) -> tuple[Problem, ...]:
    interval_s = _poll_interval_s(poll_s, budget, now)
    if budget is None or interval_s <= poll_s:
        return ()
    left = f"{budget.remaining:,} of {budget.limit:,} points left until {budget.reset_at:%H:%M}Z"
    return (Problem("GitHub", "budget", f"{left}: read every {interval_s:.0f} s instead of {poll_s:g}"),)

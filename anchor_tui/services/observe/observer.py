"""The one reader: the latest Reading of each source, put together into a Snapshot.

Each source runs as a task at its own pace and publishes whole readings; `observe` only looks at the latest
ones and never waits for anything.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import AppId, Fresh, Loading, Reading, Snapshot, SourceFailure, Stale, Unavailable
from anchor_tui.domain.snapshot_builder import (
    GITHUB_SOURCE_ID,
    SourceReadings,
    build_snapshot,
    get_latest_value,
    select_applications,
)
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.lazy_github import LazyGitHubSource
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from anchor_tui.domain.policy.engine import PolicyFindings
    from anchor_tui.services.observe.policy import PolicyEvaluator
    from anchor_tui.services.observe.prefetch import Prefetch
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.prefetch import PrefetchingClient
    from anchor_tui.sources.github.source import GitHubSource

SNAPSHOT_INTERVAL_S = 5.0
"""Verdicts move with the clock alone: what progresses too long, what has not been heard of."""
ARGOCD_HEAD_START_S = 1.0
DRAW_DELAY_S = 0.05
"""How long GitHub is held back for Argo CD's answer, and for that to be drawn."""
COMPARE_TIMEOUT_S = 5.0
"""How long a single reading waits for what lies between the synced commits and the head."""
READING_BATCH_S = 0.005
"""Readings that come together are one snapshot."""


class DataSource(Protocol):
    """An outside system, as the reader sees it."""

    id: str
    kind: str

    async def read(self) -> Fresh[Any]:
        """One whole reading; raises SourceError."""

    async def run(self, publish: Callable[[Reading[Any]], None]) -> None:
        """Readings until cancelled; never raises SourceError."""

    def read_again(self) -> None:
        """Reads now instead of after the pause."""


@runtime_checkable
class ComparingSource(Protocol):
    """A source that tells what lies between commits and the head of the branch."""

    def set_synced_revisions(self, revisions: Iterable[str]) -> None:
        """The commits that are worth comparing from now on."""

    async def read_comparisons(self, revisions: Iterable[str]) -> Fresh[Any] | None:
        """Its last reading with these compared; None where there is nothing to compare."""


class Observer:
    """The latest readings of every source. One loop owns it; only `observe` and its results travel."""

    def __init__(self, config: Config, sources: Sequence[DataSource], now: Clock = utc_now) -> None:
        self._config = config
        self._sources = tuple(sources)
        self._now = now
        self._readings = SourceReadings()
        self._policy: PolicyEvaluator | None = None
        self._changed = asyncio.Event()
        self._argocd_responded = asyncio.Event()

    def build_snapshot(self) -> Snapshot:
        """Everything known now. Never waits."""
        now = self._now()
        return build_snapshot(self._config, self._readings, now, self._evaluate_policy(now))

    def _evaluate_policy(self, now: datetime) -> PolicyFindings | None:
        """What policy says, as soon as the ops repo has been read: the checks are loaded then, not before."""
        if get_latest_value(self._readings.github) is None:
            return None
        if self._policy is None:
            from anchor_tui.services.observe.policy import PolicyEvaluator

            self._policy = PolicyEvaluator(self._config)
        return self._policy.evaluate(self._readings, now)

    def read_again(self) -> None:
        """Asks every source now."""
        for source in self._sources:
            source.read_again()

    async def read_once(self, timeout_s: float) -> Snapshot:
        """One reading of every source, side by side; one that gives none in time is missing, with the reason."""
        await asyncio.gather(*(self._read_source(source, timeout_s) for source in self._sources))
        for source in self._sources:
            if isinstance(source, ComparingSource):
                with contextlib.suppress(TimeoutError, SourceError):  # what is not compared is skipped, and says so
                    async with asyncio.timeout(min(timeout_s, COMPARE_TIMEOUT_S)):
                        reading = await source.read_comparisons(self._synced_revisions())
                        self._readings = replace(self._readings, github=reading or self._readings.github)
        return self.build_snapshot()

    async def run(self, publish: Callable[[Snapshot], None], painted: asyncio.Event | None = None) -> None:
        """Publishes a Snapshot after each change, and now and then without one, until cancelled.

        Loading GitHub's library takes 160 ms in which little else runs, so with `painted` it waits until that is
        set and every Argo CD has said something, a second at most: the first picture and its first half come first.
        """
        publish(self.build_snapshot())
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(self._run_source(source, painted if source.kind == "github" else None))
            while True:
                try:
                    async with asyncio.timeout(SNAPSHOT_INTERVAL_S):
                        await self._changed.wait()
                    await asyncio.sleep(READING_BATCH_S)
                except TimeoutError:
                    pass
                self._changed.clear()
                publish(self.build_snapshot())

    async def _read_source(self, source: DataSource, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                self._store_reading(source, await source.read())
        except TimeoutError:
            self._store_reading(source, Unavailable(SourceFailure("timeout", f"no answer within {timeout_s:g} s")))
        except SourceError as error:
            self._store_reading(source, Unavailable(error.failure))
        except Exception as error:  # noqa: BLE001 - the other sources' answers are worth printing all the same
            self._store_reading(source, Unavailable(SourceFailure("internal", format_internal_error(error))))

    async def _run_source(self, source: DataSource, after: asyncio.Event | None) -> None:
        """A source that fails in a way nobody thought of is shown as failed, and started again."""
        if after is not None:
            await after.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ARGOCD_HEAD_START_S):
                    await self._argocd_responded.wait()
                    await asyncio.sleep(DRAW_DELAY_S)
        backoff = Backoff()
        while True:
            try:
                await source.run(lambda reading: self._store_reading(source, reading))
            except Exception as error:  # noqa: BLE001 - a fault of ours must be seen on the screen, not end it
                self._store_reading(source, _with_failure(self._latest_reading(source), SourceFailure("internal", format_internal_error(error))))
            await asyncio.sleep(backoff.next_pause_s())

    def _latest_reading(self, source: DataSource) -> Reading[Any]:
        return (
            self._readings.github if source.id == GITHUB_SOURCE_ID else self._readings.argocd.get(source.id, Loading())
        )

    def _store_reading(self, source: DataSource, reading: Reading[Any]) -> None:
        if source.id == GITHUB_SOURCE_ID:
            self._readings = replace(self._readings, github=reading)
        else:
            argocd = {**self._readings.argocd, source.id: reading}
            seen = _track_out_of_sync(self._readings.out_of_sync_since, source.id, reading, self._now())
            self._readings = replace(self._readings, argocd=argocd, out_of_sync_since=seen)
            if argocd.keys() >= {each.name for each in self._config.servers_in_use}:
                self._argocd_responded.set()
        for each in self._sources:
            if isinstance(each, ComparingSource):
                each.set_synced_revisions(self._synced_revisions())
        self._changed.set()

    def _synced_revisions(self) -> tuple[str, ...]:
        """The commits that the environments' applications run, where that is not the head of the branch."""
        repo = get_latest_value(self._readings.github)
        head = repo.head.oid if repo is not None and repo.head else None
        if head is None:
            return ()
        answers = {name: get_latest_value(reading) for name, reading in self._readings.argocd.items()}
        found = (
            application
            for each in self._config.environments
            if (answer := answers.get(each.server)) is not None
            for application in select_applications(each, answer)
        )
        behind = (each for each in found if not (each.sync == "Synced" and each.compared_revision == head))
        return tuple(dict.fromkeys(each.synced_revision for each in behind if each.synced_revision))


def _with_failure(reading: Reading[Any], failure: SourceFailure) -> Reading[Any]:
    match reading:
        case Fresh(value=value, taken_at=taken_at, problems=problems):
            return Stale(value, taken_at, problems, failure)
        case Stale():
            return replace(reading, error=failure)
        case _:
            return Unavailable(failure)


def _track_out_of_sync(
    before: Mapping[AppId, datetime], server: str, reading: Reading[ArgoCDData], now: datetime
) -> Mapping[AppId, datetime]:
    """When each application's OutOfSync was first seen; Argo CD itself does not tell."""
    if not isinstance(reading, Fresh):
        return before
    others = {app: moment for app, moment in before.items() if app.server != server}
    out_of_sync = (each.application.id for each in reading.value.applications if each.application.sync == "OutOfSync")
    return others | {app: before.get(app, now) for app in out_of_sync}


def observe_once(config: Config, environ: Mapping[str, str], home: Path, timeout_s: float) -> Snapshot:
    """One reading of every source of a configuration, each given up after `timeout_s`.

    Runs an event loop of its own, and does not wait for threads that hang in a name or in a keyring's prompt, as
    `asyncio.run` would: they end with the process.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(Observer(config, make_sources(config, environ, home)).read_once(timeout_s))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def make_sources(
    config: Config,
    environ: Mapping[str, str],
    home: Path,
    now: Clock = utc_now,
    ahead: Mapping[str, Prefetch] | None = None,
) -> list[DataSource]:
    """The sources of a configuration. Credentials are looked up when a source connects, not before.

    `ahead` has the first requests that are under way already; each source begins with its own.
    """
    from anchor_tui.sources.argocd.source import ArgoSource

    departed = dict(ahead or {})
    connections = Connections(config, environ, home)

    def argo_source(server_name: str) -> ArgoSource:
        server = next(each for each in config.servers_in_use if each.name == server_name)

        async def open_argocd() -> ArgoClient | PrefetchingClient:
            if (begun := departed.pop(server.name, None)) is not None:
                from anchor_tui.sources.argocd.prefetch import PrefetchingClient

                return PrefetchingClient(
                    begun.connection.access.url,
                    begun.responses,
                    lambda: connections.open_argocd_client(begun.connection),
                )
            return await connections.connect_argocd(server_name)

        return ArgoSource(server, config.environments, open_argocd, now)

    def github_source() -> GitHubSource:
        from anchor_tui.sources.github.source import GitHubSource

        return GitHubSource(config, connections.connect_github, now)

    return [
        *(argo_source(each.name) for each in config.servers_in_use),
        LazyGitHubSource(GITHUB_SOURCE_ID, github_source),
    ]

"""Argo CD: listed once, then watched as an event stream, and listed anew now and then.

The latest answer is published whole after each change, so that who reads it never sees half of one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from msgspec.structs import replace

from anchor_tui.config.model import EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import Application, Fresh, Reading, SourceFailure, Stale, Unavailable
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sources.argocd.answers import Answer
from anchor_tui.sources.argocd.known import Known
from anchor_tui.sources.argocd.requests import APPLICATIONS, LISTING, SETTINGS, VERSION, WATCHING
from anchor_tui.sources.argocd.wire import SettingsAnswer, StreamEvent, VersionAnswer
from anchor_tui.sources.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    RateLimited,
    ServerFailed,
    SourceError,
    Unauthenticated,
    Unreachable,
)
from anchor_tui.sources.pace import Backoff, pause

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.begun import AheadClient
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.managed import Managing

    Client = ArgoClient | AheadClient

SILENCE_S = 45.0
"""What has not been heard of for so long is stale. A stream's heartbeat comes every 15 s."""
DEAD_AFTER = 0.8
"""The part of SILENCE_S after which a silent stream is given up: in time to list before anything is stale."""
STEADY_S = 60.0
"""A stream that lasted so long is asked for again at once; one that is cut sooner, less and less often."""
QUIET_RELIST_S = 20.0
"""How often to list while the stream brings nothing: it sends its headers with the first event only."""
BATCH_S = 0.3
SIDE_BY_SIDE = 8
MANAGING_S = 0.5
"""How often to look whether an application's manifests are to be asked for; asking has its own limits."""
REFUSED_S = 30.0
"""A token that was refused is not refused less by asking often; credentials are read anew each time."""
S = TypeVar("S")
T = TypeVar("T")
Publish = Callable[[Reading[ArgoCDData]], None]


class ArgoSource:
    """The applications of one Argo CD that the configured environments speak of."""

    kind = "argocd"

    def __init__(
        self,
        server: ServerConfig,
        environments: tuple[EnvironmentConfig, ...],
        connect: Callable[[], Awaitable[Client]],
        now: Callable[[], datetime],
    ) -> None:
        self.id = server.name
        self._server = server
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        self._known = Known(server, tuple(each for each in environments if each.server == server.name), now)
        self._managing: Managing | None = None
        self._last: Fresh[ArgoCDData] | None = None

    def read_again(self) -> None:
        """Lists at once instead of after the pause."""
        self._wake.set()

    async def read(self) -> Fresh[ArgoCDData]:
        """One reading, whole: every wanted application with its details. Raises SourceError."""
        async with self._connected() as client:
            await self._introduce(client, listing=self._known.selects)
            failed = [*await self._fetch_all(client, self._known.found), *await self._locate_missing(client)]
            if failed and all(failed):
                raise next(error for error in failed if error)  # a server that answers nothing was not read
            await self._manage(client)
            return self._fresh()

    async def run(self, publish: Publish) -> None:
        """Readings, one after the other, until cancelled. Never gives up, never raises SourceError."""
        backoff = Backoff()
        while True:
            try:
                async with self._connected() as client:
                    undetailed = await self._introduce(client, listing=True)
                    publish(self._fresh())
                    if self._known.is_unstreamed:
                        await self._fetch_all(client, undetailed)
                    await self._locate_missing(client)
                    publish(self._fresh())
                    pause_s = await self._follow(client, publish, backoff)
                await pause(self._wake, pause_s)
            except SourceError as error:
                publish(self._failed(error.failure))
                asked_s = error.wait_s if isinstance(error, RateLimited) else None
                await pause(self._wake, backoff.next(REFUSED_S if isinstance(error, Unauthenticated) else asked_s))

    # --- asking ------------------------------------------------------------------------------------

    async def _introduce(self, client: Client, *, listing: bool) -> list[Application]:
        """Version, own namespace and, if asked, the list: side by side, since none needs another.

        Returns the listed applications whose details are not known.
        """
        version, settings, listed = await asyncio.gather(
            _optional(client.get(VERSION), VersionAnswer),
            _optional(client.get(SETTINGS), SettingsAnswer),
            self._list(client) if listing else _nothing(),
        )
        self._known.take_introduction(client.url, version, settings)
        return self._known.take_list(listed) if listed is not None else []

    async def _list(self, client: Client) -> Answer:
        return await client.get(*LISTING)

    async def _fetch_all(self, client: Client, applications: Iterable[Application]) -> list[SourceError | None]:
        """The details of applications that were listed; one that is no longer there is dropped."""

        async def fetch(application: Application) -> SourceError | None:
            try:
                return await self._fetch(client, application)
            except (NotFound, Forbidden):
                self._known.drop(application)
                return None

        return await _side_by_side(fetch(each) for each in applications)

    async def _fetch(self, client: Client, application: Application) -> SourceError | None:
        """One application with its details. Its own 400 or 500 is its own problem, and returned."""
        params = {"appNamespace": application.namespace} if application.namespace else {}
        if application.project:
            params["project"] = application.project
        try:
            answer = await client.get(f"{APPLICATIONS}/{quote(application.name, safe='')}", params)
            self._known.take_application(application, answer)
        except (ServerFailed, BadAnswer, Unreachable) as error:
            self._known.take_error(application, error)
            return error
        return None

    async def _locate_missing(self, client: Client) -> list[SourceError | None]:
        """Asks for each named application that the list did not have: is it absent, or hidden from us?

        Unknown and forbidden look alike (403) unless the right project is sent: then unknown is 404. So a
        second round asks again with the projects that the other applications are in.
        """
        missing = self._known.missing
        outcomes = await _side_by_side(self._locate(client, application) for application in missing)
        hidden = [each for each in missing if self._known.is_forbidden(each)]
        projects = self._known.projects
        await _side_by_side(self._locate_in_projects(client, application, projects) for application in hidden)
        return outcomes

    async def _locate(self, client: Client, application: Application) -> SourceError | None:
        try:
            return await self._fetch(client, application)
        except Forbidden:
            words = "not found, or not permitted: the server does not tell which"
            self._known.take_absence(application, "forbidden", words)
        except NotFound:
            self._known.take_absence(application, "absent", "it does not exist")
        return None

    async def _locate_in_projects(self, client: Client, application: Application, projects: Iterable[str]) -> None:
        """404 in a project that we may look into means that it is not there; a 403 still tells nothing."""
        for project in projects:
            try:
                await self._fetch(client, replace(application, project=project))
            except NotFound:
                words = f"there is no such application in project {project}"
                self._known.take_absence(application, "absent", words)
            except Forbidden:
                continue
            return

    # --- the stream --------------------------------------------------------------------------------

    async def _follow(self, client: Client, publish: Publish, backoff: Backoff) -> float:
        """Follows the stream until it ends, listing anew meanwhile. Raises SourceError when that fails.

        Returns the pause until it is worth beginning again, in seconds.
        """
        changed = asyncio.Event()
        streaming = asyncio.Event()
        watching = asyncio.create_task(self._watch(client, changed, streaming, backoff))
        tasks = (
            watching,
            asyncio.create_task(self._keep_listing(client, changed, streaming)),
            asyncio.create_task(self._keep_publishing(publish, changed)),
            asyncio.create_task(self._keep_managing(client, changed)),
        )
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            return watching.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, client: Client, changed: asyncio.Event, streaming: asyncio.Event, backoff: Backoff) -> float:
        """Takes in the stream. However it ends, the list that comes next says whether the server still answers.

        Returns the pause that is due then: none after a silence, which was pause enough.
        """
        heard = False
        ended: SourceError = BadAnswer("the stream ended before it said anything")
        began = time.monotonic()
        try:
            async with client.events(*WATCHING) as events:
                streaming.set()
                while True:
                    async with asyncio.timeout(SILENCE_S * DEAD_AFTER):
                        event = await anext(events, _END)
                    if event is _END:
                        break
                    heard = True
                    self._known.heard()
                    if isinstance(event, StreamEvent) and event.result is not None:
                        self._known.take_event(event.result)
                    changed.set()
        except TimeoutError:
            return 0.0
        except (Unreachable, BadAnswer, ServerFailed, Forbidden, NotFound) as error:
            ended = error
        if not heard:  # proxies cut streams routinely; one that never comes is worth a word
            self._known.take_stream_failure(ended, QUIET_RELIST_S)
        if time.monotonic() - began > STEADY_S:
            backoff.reset()
        return min(backoff.next(), QUIET_RELIST_S)

    async def _keep_listing(self, client: Client, changed: asyncio.Event, streaming: asyncio.Event) -> None:
        """The stream has no replay and may lose events: the list is the truth, every `relist_s` and when asked."""
        while True:
            asked = await pause(self._wake, QUIET_RELIST_S)
            if not asked and streaming.is_set():
                await pause(self._wake, max(0.0, self._server.relist_s - QUIET_RELIST_S))
            undetailed = self._known.take_list(await self._list(client))
            await self._fetch_all(client, undetailed)
            await self._locate_missing(client)
            changed.set()

    async def _keep_publishing(self, publish: Publish, changed: asyncio.Event) -> None:
        """A burst of events is one reading."""
        while True:
            await changed.wait()
            await asyncio.sleep(BATCH_S)
            changed.clear()
            publish(self._fresh())

    async def _keep_managing(self, client: Client, changed: asyncio.Event) -> None:
        """The manifests follow what has changed, in the background: a picture without them comes first."""
        while True:
            await asyncio.sleep(MANAGING_S)
            if await self._manage(client):
                changed.set()

    async def _manage(self, client: Client) -> bool:
        """Asks for the manifests that are due; whether there were any."""
        if self._managing is None:
            from anchor_tui.sources.argocd.managed import Managing  # what reads manifests: 30 ms, after the first frame

            self._managing = Managing(self._now)
        return await self._managing.refresh(client, self._known.found)

    # --- readings ----------------------------------------------------------------------------------

    def _fresh(self) -> Fresh[ArgoCDData]:
        taken_at = self._known.heard_at or self._now()
        good_until = taken_at + timedelta(seconds=SILENCE_S)
        managed = self._managing.of(self._known.found) if self._managing else {}
        value = replace(self._known.value, managed=managed)
        self._last = Fresh(value, taken_at, good_until, self._known.problems)
        return self._last

    def _failed(self, failure: SourceFailure) -> Stale[ArgoCDData] | Unavailable:
        if self._last is None:
            return Unavailable(failure)
        return Stale(self._last.value, self._known.heard_at or self._last.taken_at, self._known.problems, failure)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        client = await self._connect()
        try:
            yield client
        finally:
            await client.aclose()


_END = object()


async def _side_by_side(calls: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Runs the calls, a bounded number at once, to the end; then raises the first error there was."""
    limit = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(call: Coroutine[object, object, T]) -> T:
        async with limit:
            return await call

    tasks = [asyncio.create_task(one(call)) for call in calls]
    await asyncio.gather(*tasks, return_exceptions=True)
    errors = [task.exception() for task in tasks]
    for error in filter(None, errors):
        raise error
    return [task.result() for task in tasks]


async def _optional(call: Awaitable[Answer], shape: type[S]) -> S | None:
    """What is good to know and no failure without."""
    try:
        return (await call).decode(shape)
    except SourceError:
        return None


async def _nothing() -> None:
    return None

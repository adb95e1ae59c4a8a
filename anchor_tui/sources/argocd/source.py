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
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.endpoints import APPLICATIONS, LIST_REQUEST, SETTINGS, VERSION, WATCH_REQUEST
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import SettingsResponse, StreamEvent, VersionResponse
from anchor_tui.sources.backoff import Backoff, sleep_until_woken
from anchor_tui.sources.errors import (
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    SourceError,
    Unauthenticated,
    Unreachable,
)

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader
    from anchor_tui.sources.argocd.prefetch_client import PrefetchingClient

    Client = ArgoClient | PrefetchingClient

STALE_AFTER_S = 45.0
"""What has not been heard of for so long is stale. A stream's heartbeat comes every 15 s."""
STREAM_TIMEOUT_FACTOR = 0.8
"""The part of SILENCE_S after which a silent stream is given up: in time to list before anything is stale."""
STABLE_STREAM_S = 60.0
"""A stream that lasted so long is asked for again at once; one that is cut sooner, less and less often."""
FALLBACK_RELIST_S = 20.0
"""How often to list while the stream brings nothing: it sends its headers with the first event only."""
EVENT_BATCH_S = 0.3
MAX_CONCURRENT_REQUESTS = 8
MANIFEST_CHECK_S = 0.5
"""How often to look whether an application's manifests are to be asked for; asking has its own limits."""
UNAUTHENTICATED_RETRY_S = 30.0
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
        self._store = ApplicationStore(server, tuple(each for each in environments if each.server == server.name), now)
        self._managed_resources: ManagedResourcesReader | None = None
        self._last: Fresh[ArgoCDData] | None = None

    def read_again(self) -> None:
        """Lists at once instead of after the pause."""
        self._wake.set()

    async def read(self) -> Fresh[ArgoCDData]:
        """One reading, whole: every wanted application with its details. Raises SourceError."""
        async with self._open_client() as client:
            await self._read_overview(client, listing=self._store.uses_selectors)
            failed = [
                *await self._fetch_details(client, self._store.found_applications),
                *await self._locate_missing(client),
            ]
            if failed and all(failed):
                raise next(error for error in failed if error)  # a server that answers nothing was not read
            await self._refresh_manifests(client)
            return self._fresh_reading()

    async def run(self, publish: Publish) -> None:
        """Readings, one after the other, until cancelled. Never gives up, never raises SourceError."""
        backoff = Backoff()
        while True:
            try:
                async with self._open_client() as client:
                    undetailed = await self._read_overview(client, listing=True)
                    publish(self._fresh_reading())
                    if self._store.is_stream_down:
                        await self._fetch_details(client, undetailed)
                    await self._locate_missing(client)
                    publish(self._fresh_reading())
                    pause_s = await self._follow_stream(client, publish, backoff)
                await sleep_until_woken(self._wake, pause_s)
            except SourceError as error:
                publish(self._failed_reading(error.failure))
                asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
                await sleep_until_woken(
                    self._wake,
                    backoff.next_pause_s(UNAUTHENTICATED_RETRY_S if isinstance(error, Unauthenticated) else asked_s),
                )

    # --- asking ------------------------------------------------------------------------------------

    async def _read_overview(self, client: Client, *, listing: bool) -> list[Application]:
        """Version, own namespace and, if asked, the list: side by side, since none needs another.

        Returns the listed applications whose details are not known.
        """
        version, settings, listed = await asyncio.gather(
            _get_optional(client.get(VERSION), VersionResponse),
            _get_optional(client.get(SETTINGS), SettingsResponse),
            self._list_applications(client) if listing else _return_none(),
        )
        self._store.apply_server_info(client.url, version, settings)
        return self._store.apply_list(listed) if listed is not None else []

    async def _list_applications(self, client: Client) -> ApiResponse:
        return await client.get(*LIST_REQUEST)

    async def _fetch_details(self, client: Client, applications: Iterable[Application]) -> list[SourceError | None]:
        """The details of applications that were listed; one that is no longer there is dropped."""

        async def fetch(application: Application) -> SourceError | None:
            try:
                return await self._fetch_application(client, application)
            except (NotFound, Forbidden):
                self._store.drop_application(application)
                return None

        return await _run_concurrently(fetch(each) for each in applications)

    async def _fetch_application(self, client: Client, application: Application) -> SourceError | None:
        """One application with its details. Its own 400 or 500 is its own problem, and returned."""
        params = {"appNamespace": application.namespace} if application.namespace else {}
        if application.project:
            params["project"] = application.project
        try:
            answer = await client.get(f"{APPLICATIONS}/{quote(application.name, safe='')}", params)
            self._store.apply_application(application, answer)
        except (ServerError, InvalidResponse, Unreachable) as error:
            self._store.record_error(application, error)
            return error
        return None

    async def _locate_missing(self, client: Client) -> list[SourceError | None]:
        """Asks for each named application that the list did not have: is it absent, or hidden from us?

        Unknown and forbidden look alike (403) unless the right project is sent: then unknown is 404. So a
        second round asks again with the projects that the other applications are in.
        """
        missing = self._store.missing_applications
        outcomes = await _run_concurrently(self._locate_application(client, application) for application in missing)
        hidden = [each for each in missing if self._store.is_forbidden(each)]
        projects = self._store.project_names
        await _run_concurrently(self._locate_in_projects(client, application, projects) for application in hidden)
        return outcomes

    async def _locate_application(self, client: Client, application: Application) -> SourceError | None:
        try:
            return await self._fetch_application(client, application)
        except Forbidden:
            words = "not found, or not permitted: the server does not tell which"
            self._store.record_absence(application, "forbidden", words)
        except NotFound:
            self._store.record_absence(application, "absent", "it does not exist")
        return None

    async def _locate_in_projects(self, client: Client, application: Application, projects: Iterable[str]) -> None:
        """404 in a project that we may look into means that it is not there; a 403 still tells nothing."""
        for project in projects:
            try:
                await self._fetch_application(client, replace(application, project=project))
            except NotFound:
                words = f"there is no such application in project {project}"
                self._store.record_absence(application, "absent", words)
            except Forbidden:
                continue
            return

    # --- the stream --------------------------------------------------------------------------------

    async def _follow_stream(self, client: Client, publish: Publish, backoff: Backoff) -> float:
        """Follows the stream until it ends, listing anew meanwhile. Raises SourceError when that fails.

        Returns the pause until it is worth beginning again, in seconds.
        """
        changed = asyncio.Event()
        streaming = asyncio.Event()
        watching = asyncio.create_task(self._consume_stream(client, changed, streaming, backoff))
        tasks = (
            watching,
            asyncio.create_task(self._relist_periodically(client, changed, streaming)),
            asyncio.create_task(self._publish_changes(publish, changed)),
            asyncio.create_task(self._refresh_manifests_periodically(client, changed)),
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

    async def _consume_stream(
        self, client: Client, changed: asyncio.Event, streaming: asyncio.Event, backoff: Backoff
    ) -> float:
        """Takes in the stream. However it ends, the list that comes next says whether the server still answers.

        Returns the pause that is due then: none after a silence, which was pause enough.
        """
        heard = False
        ended: SourceError = InvalidResponse("the stream ended before it said anything")
        began = time.monotonic()
        try:
            async with client.stream_events(*WATCH_REQUEST) as events:
                streaming.set()
                while True:
                    async with asyncio.timeout(STALE_AFTER_S * STREAM_TIMEOUT_FACTOR):
                        event = await anext(events, _END)
                    if event is _END:
                        break
                    heard = True
                    self._store.record_activity()
                    if isinstance(event, StreamEvent) and event.result is not None:
                        self._store.apply_event(event.result)
                    changed.set()
        except TimeoutError:
            return 0.0
        except (Unreachable, InvalidResponse, ServerError, Forbidden, NotFound) as error:
            ended = error
        if not heard:  # proxies cut streams routinely; one that never comes is worth a word
            self._store.record_stream_failure(ended, FALLBACK_RELIST_S)
        if time.monotonic() - began > STABLE_STREAM_S:
            backoff.reset()
        return min(backoff.next_pause_s(), FALLBACK_RELIST_S)

    async def _relist_periodically(self, client: Client, changed: asyncio.Event, streaming: asyncio.Event) -> None:
        """The stream has no replay and may lose events: the list is the truth, every `relist_s` and when asked."""
        while True:
            asked = await sleep_until_woken(self._wake, FALLBACK_RELIST_S)
            if not asked and streaming.is_set():
                await sleep_until_woken(self._wake, max(0.0, self._server.relist_s - FALLBACK_RELIST_S))
            undetailed = self._store.apply_list(await self._list_applications(client))
            await self._fetch_details(client, undetailed)
            await self._locate_missing(client)
            changed.set()

    async def _publish_changes(self, publish: Publish, changed: asyncio.Event) -> None:
        """A burst of events is one reading."""
        while True:
            await changed.wait()
            await asyncio.sleep(EVENT_BATCH_S)
            changed.clear()
            publish(self._fresh_reading())

    async def _refresh_manifests_periodically(self, client: Client, changed: asyncio.Event) -> None:
        """The manifests follow what has changed, in the background: a picture without them comes first."""
        while True:
            await asyncio.sleep(MANIFEST_CHECK_S)
            if await self._refresh_manifests(client):
                changed.set()

    async def _refresh_manifests(self, client: Client) -> bool:
        """Asks for the manifests that are due; whether there were any."""
        if self._managed_resources is None:
            from anchor_tui.sources.argocd.managed_resources import (
                ManagedResourcesReader,  # what reads manifests: 30 ms, after the first frame
            )

            self._managed_resources = ManagedResourcesReader(self._now)
        return await self._managed_resources.refresh(client, self._store.found_applications)

    # --- readings ----------------------------------------------------------------------------------

    def _fresh_reading(self) -> Fresh[ArgoCDData]:
        taken_at = self._store.last_activity_at or self._now()
        good_until = taken_at + timedelta(seconds=STALE_AFTER_S)
        managed = self._managed_resources.results_for(self._store.found_applications) if self._managed_resources else {}
        value = replace(self._store.applications, managed=managed)
        self._last = Fresh(value, taken_at, good_until, self._store.problems)
        return self._last

    def _failed_reading(self, failure: SourceFailure) -> Stale[ArgoCDData] | Unavailable:
        if self._last is None:
            return Unavailable(failure)
        return Stale(
            self._last.value, self._store.last_activity_at or self._last.taken_at, self._store.problems, failure
        )

    @asynccontextmanager
    async def _open_client(self) -> AsyncIterator[Client]:
        client = await self._connect()
        try:
            yield client
        finally:
            await client.aclose()


_END = object()


async def _run_concurrently(calls: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Runs the calls, a bounded number at once, to the end; then raises the first error there was."""
    limit = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def one(call: Coroutine[object, object, T]) -> T:
        async with limit:
            return await call

    tasks = [asyncio.create_task(one(call)) for call in calls]
    await asyncio.gather(*tasks, return_exceptions=True)
    errors = [task.exception() for task in tasks]
    for error in filter(None, errors):
        raise error
    return [task.result() for task in tasks]


async def _get_optional(call: Awaitable[ApiResponse], shape: type[S]) -> S | None:
    """What is good to know and no failure without."""
    try:
        return (await call).decode(shape)
    except SourceError:
        return None


async def _return_none() -> None:
    return None

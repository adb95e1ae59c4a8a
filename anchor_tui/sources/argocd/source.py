"""Argo CD as a source: listed once, then watched as an event stream, and listed again periodically.

Each publication is a complete reading, so that a reader never sees half of one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from anchor_tui.config.model import EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Stale, Unavailable
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sources.argocd.application_reader import ApplicationReader
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.endpoints import WATCH_REQUEST
from anchor_tui.sources.argocd.evidence import ArgoEvidence, EvidenceLimits
from anchor_tui.sources.argocd.first_round import FIRST_ROUND_S, read_first_round
from anchor_tui.sources.argocd.past_syncs import PastSyncs
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.argocd.schema import StreamEvent
from anchor_tui.sources.backoff import Backoff, sleep_until_woken
from anchor_tui.sources.errors import (
    Forbidden,
    HttpError,
    InvalidResponse,
    NotFound,
    RateLimited,
    SourceError,
    Unauthenticated,
    Unreachable,
)

STALE_AFTER_S = 45.0
"""A reading is stale after so many seconds without a byte. The stream sends a heartbeat every 15 s."""
STREAM_TIMEOUT_FACTOR = 0.8
"""A silent stream is abandoned after this part of STALE_AFTER_S: early enough to list before anything is stale."""
STABLE_STREAM_S = 60.0
"""A stream that lasted so many seconds is opened again at once; after shorter ones the pauses grow."""
FALLBACK_RELIST_S = 20.0
"""The pause between two lists while the stream has sent nothing: it sends headers with the first event only."""
HEARTBEAT_INTERVAL_S = 5.0
"""At most one reading in so many seconds is published for heartbeats alone."""
EVENT_BATCH_S = 0.3
"""The events of so many seconds become one reading."""
DUE_CHECK_S = 0.5
"""The pause between two looks at which manifests and evidence are due, in seconds; their readers limit the requests."""
EXAMINED_AT_ONCE = 4
"""The number of unhealthy applications examined between two such looks: a storm leaves time for keys."""
UNAUTHENTICATED_RETRY_S = 30.0
"""The pause after a refused token, in seconds. The credentials are looked up again each time."""

Publish = Callable[[Reading[ArgoCDData]], None]


class ArgoSource:
    """The applications of one Argo CD that the configured environments refer to."""

    kind = "argocd"

    def __init__(
        self,
        server: ServerConfig,
        environments: tuple[EnvironmentConfig, ...],
        connect: Callable[[], Awaitable[ReadClient]],
        now: Callable[[], datetime],
        limits: EvidenceLimits,
        past_syncs: PastSyncs | None = None,
    ) -> None:
        self.id = server.name
        self._server = server
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        own_environments = tuple(environment for environment in environments if environment.server == server.name)
        self._store = ApplicationStore(server, own_environments, now, past_syncs)
        self._evidence = ArgoEvidence(self._store, limits, now)
        self._last: Fresh[ArgoCDData] | None = None
        self._is_list_complete = False

    def read_again(self) -> None:
        """List now instead of after the pause."""
        self._wake.set()

    async def read(self) -> Fresh[ArgoCDData]:
        """Return one complete reading: every wanted application with its details. Raises SourceError."""
        async with self._open_client() as client:
            reader = ApplicationReader(client, self._store)
            if self._store.needs_list:
                await reader.read_server_info_and_first_list()
                self._is_list_complete = True
                if self._store.is_stream_shorter:
                    await read_first_round(client, self._store)
                self._store.decode_listed()
            else:
                await reader.read_server_info()
            errors = [
                *await reader.fetch_missing_details(),
                *await reader.locate_missing(),
            ]
            if errors and all(errors) and not self._is_list_complete:
                raise next(error for error in errors if error)  # a server that answers no request was not read
            self._is_list_complete = True
            self._store.require_details()
            await self._evidence.read_once(client)
            return self._fresh_reading()

    def get_partial_reading(self, timeout_s: float) -> Fresh[ArgoCDData] | None:
        """Return what `read` had when it was ended after `timeout_s`; None if it had no application."""
        self._store.decode_listed()
        if not self._is_list_complete and not self._store.found_applications:
            return None
        self._store.require_details()
        self._evidence.end_after(timeout_s)
        return self._fresh_reading()

    async def run(self, publish: Publish) -> None:
        """Publish readings until cancelled. Every SourceError becomes a reading; the source tries again later."""
        backoff = Backoff(longest=FALLBACK_RELIST_S)  # a server that is back is noticed before a reading would be stale
        is_first_stream = True
        while True:
            try:
                async with self._open_client() as client:
                    reader = ApplicationReader(client, self._store)
                    due = await reader.read_server_info_and_list()
                    publish(self._fresh_reading())
                    if not is_first_stream:  # the last stream may have ended before it sent everything
                        await reader.fetch_details(due)
                    await reader.locate_missing()
                    publish(self._fresh_reading())
                    is_first_stream = False
                    pause_s = await self._follow_stream(client, reader, publish, backoff)
                publish(self._fresh_reading())
                await sleep_until_woken(self._wake, pause_s)
            except SourceError as error:
                publish(self._failed_reading(error.failure))
                retry_after_s = error.retry_after_s if isinstance(error, RateLimited) else None
                if isinstance(error, Unauthenticated):
                    retry_after_s = UNAUTHENTICATED_RETRY_S
                await sleep_until_woken(self._wake, backoff.next_pause_s(retry_after_s))

    # --- the stream ----------------------------------------------------------------------------------

    async def _follow_stream(
        self, client: ReadClient, reader: ApplicationReader, publish: Publish, backoff: Backoff
    ) -> float:
        """Follow the stream until it ends, and list periodically meanwhile. Raises SourceError if that fails.

        Return the pause before the next attempt, in seconds.
        """
        changed = asyncio.Event()
        streaming = asyncio.Event()
        watching = asyncio.create_task(self._consume_stream(client, changed, streaming, backoff))
        tasks = (
            watching,
            asyncio.create_task(self._complete_first_round(reader, changed)),
            asyncio.create_task(self._relist_periodically(reader, changed, streaming)),
            asyncio.create_task(self._publish_changes(publish, changed)),
            asyncio.create_task(self._refresh_periodically(lambda: self._evidence.refresh_manifests(client), changed)),
            asyncio.create_task(
                self._refresh_periodically(lambda: self._evidence.refresh_failures(client, EXAMINED_AT_ONCE), changed)
            ),
        )
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            return watching.result()
        finally:
            self._store.require_details()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _consume_stream(
        self, client: ReadClient, changed: asyncio.Event, streaming: asyncio.Event, backoff: Backoff
    ) -> float:
        """Apply the events of the stream until it ends. The next list shows whether the server still answers.

        Return the pause before the next attempt, in seconds: none after a silence.
        """
        has_events = False
        failure: SourceError = InvalidResponse("the stream ended before its first event")
        started = time.monotonic()
        heartbeat_at = started - HEARTBEAT_INTERVAL_S
        try:
            async with client.stream_events(*WATCH_REQUEST) as events:
                streaming.set()
                while True:
                    async with asyncio.timeout(STALE_AFTER_S * STREAM_TIMEOUT_FACTOR):
                        event = await anext(events, _END)
                    if event is _END:
                        break
                    has_events = True
                    self._store.record_activity()
                    is_news = (
                        isinstance(event, StreamEvent)
                        and event.result is not None
                        and self._store.apply_event(event.result)
                    )
                    if not is_news:  # only a sign of life
                        if time.monotonic() - heartbeat_at < HEARTBEAT_INTERVAL_S:
                            continue
                        heartbeat_at = time.monotonic()
                    changed.set()
        except TimeoutError:
            return 0.0
        except (Unreachable, InvalidResponse, HttpError, Forbidden, NotFound) as error:
            failure = error
        if not has_events:  # proxies cut streams routinely: only one that never starts is reported
            self._store.record_stream_failure(failure, FALLBACK_RELIST_S)
        if time.monotonic() - started > STABLE_STREAM_S:
            backoff.reset()
        return min(backoff.next_pause_s(), FALLBACK_RELIST_S)

    async def _complete_first_round(self, reader: ApplicationReader, changed: asyncio.Event) -> None:
        """Read the applications that the first events of the stream did not contain. Does not return."""
        missing = None
        # A large first round takes longer: wait until no more arrives.
        while missing != (missing := self._store.missing_details_count):  # noqa: ASYNC110 - nothing arrives to wait for
            await asyncio.sleep(FIRST_ROUND_S)
        await reader.fetch_missing_details()
        self._store.require_details()
        changed.set()
        await asyncio.get_running_loop().create_future()

    async def _relist_periodically(
        self, reader: ApplicationReader, changed: asyncio.Event, streaming: asyncio.Event
    ) -> None:
        """List every `relist_s` seconds and on request: a stream has no replay and may lose events."""
        while True:
            requested = await sleep_until_woken(self._wake, FALLBACK_RELIST_S)
            if not requested and streaming.is_set():
                await sleep_until_woken(self._wake, max(0.0, self._server.relist_s - FALLBACK_RELIST_S))
            if not self._store.is_own_namespace_known:  # the settings were late, or not readable
                await reader.read_server_info()
            await reader.fetch_details(await reader.read_list())
            await reader.locate_missing()
            changed.set()

    async def _publish_changes(self, publish: Publish, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            await asyncio.sleep(EVENT_BATCH_S)
            changed.clear()
            publish(self._fresh_reading())

    # --- manifests, and evidence about failures -------------------------------------------------------

    async def _refresh_periodically(self, refresh: Callable[[], Awaitable[bool]], changed: asyncio.Event) -> None:
        """Read what is due, again and again. Does not return."""
        while True:
            await asyncio.sleep(DUE_CHECK_S)
            if await refresh():
                changed.set()

    # --- readings ------------------------------------------------------------------------------------

    def _fresh_reading(self) -> Fresh[ArgoCDData]:
        taken_at = self._store.last_activity_at or self._now()
        fresh_until = taken_at + timedelta(seconds=STALE_AFTER_S)
        data = self._evidence.add_to(self._store.data)
        self._last = Fresh(data, taken_at, fresh_until, self._store.problems)
        return self._last

    def _failed_reading(self, failure: SourceFailure) -> Stale[ArgoCDData] | Unavailable:
        if self._last is None:
            return Unavailable(failure)
        taken_at = self._store.last_activity_at or self._last.taken_at
        return Stale(self._last.value, taken_at, self._store.problems, failure)

    @asynccontextmanager
    async def _open_client(self) -> AsyncIterator[ReadClient]:
        client = await self._connect()
        try:
            yield client
        finally:
            await client.aclose()


_END = object()

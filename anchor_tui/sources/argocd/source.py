"""Argo CD: listed once, then watched as an event stream, and listed anew now and then.

The latest answer is published whole after each change, so that who reads it never sees half of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

from anchor_tui.config import ApplicationName, ApplicationSelector, EnvironmentConfig, Server
from anchor_tui.domain.model import AppId, Application, Failure, Fresh, Missing, Problem, Reading, Stale
from anchor_tui.domain.readings import Applications, Observed, belongs, is_named
from anchor_tui.sources.argocd.client import Answer, ArgoClient, decode
from anchor_tui.sources.argocd.requests import APPLICATIONS, LISTING, SETTINGS, VERSION, WATCHING
from anchor_tui.sources.argocd.wire import (
    ApplicationWire,
    Identified,
    ListAnswer,
    SettingsAnswer,
    StreamEvent,
    VersionAnswer,
    to_observed,
)
from anchor_tui.sources.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    RateLimited,
    ServerFailed,
    SourceError,
    Unauthenticated,
)
from anchor_tui.sources.pace import Backoff, pause

SILENCE_S = 45.0
"""A stream's heartbeat comes every 15 s; three missed ones and it is dead."""
QUIET_RELIST_S = 20.0
"""How often to list while the stream has not sent its headers, which it does with the first event only."""
BATCH_S = 0.3
SIDE_BY_SIDE = 8
S = TypeVar("S")
Publish = Callable[[Reading[Applications]], None]


class ArgoSource:
    """The applications of one Argo CD that the configured environments speak of."""

    kind = "argocd"

    def __init__(
        self,
        server: Server,
        environments: tuple[EnvironmentConfig, ...],
        connect: Callable[[], Awaitable[ArgoClient]],
        now: Callable[[], datetime],
    ) -> None:
        self.id = server.name
        self._server = server
        self._environments = tuple(each for each in environments if each.server == server.name)
        self._connect = connect
        self._now = now
        self._wake = asyncio.Event()
        self._client: ArgoClient | None = None
        self._known: dict[AppId, Observed] = {}
        self._problems: tuple[Problem, ...] = ()
        self._answer = Applications(server=self.id, url=server.server)
        self._last_byte: datetime | None = None

    def read_again(self) -> None:
        """Lists at once instead of after the pause."""
        self._wake.set()

    async def read(self) -> Fresh[Applications]:
        """One reading, whole: every wanted application with its details. Raises SourceError."""
        async with self._connected() as client:
            await self._introduce(client, listing=self._selects)
            found = [each for each in self._known.values() if each.application.presence == "found"]
            await _side_by_side(self._fetch(client, each.application) for each in found)
            await self._locate_missing(client)
            return self._fresh()

    async def run(self, publish: Publish) -> None:
        """Readings, one after the other, until cancelled. Never gives up, never raises SourceError."""
        backoff = Backoff()
        while True:
            try:
                async with self._connected() as client:
                    await self._introduce(client, listing=True)
                    publish(self._fresh())
                    await self._locate_missing(client)
                    publish(self._fresh())
                    await self._follow(client, publish, backoff)
            except SourceError as error:
                publish(self._failed(error.failure))
                asked_s = error.wait_s if isinstance(error, RateLimited) else None
                # A token that was refused is not refused less by asking often; credentials are read anew each time.
                await pause(self._wake, backoff.next(30.0 if isinstance(error, Unauthenticated) else asked_s))

    # --- listing -----------------------------------------------------------------------------------

    @property
    def _selects(self) -> bool:
        return any(isinstance(each.applications, ApplicationSelector) for each in self._environments)

    async def _introduce(self, client: ArgoClient, *, listing: bool) -> None:
        """Version, own namespace and, if asked, the list: side by side, since none needs another."""
        version, settings, listed = await asyncio.gather(
            _optional(client.get(VERSION), VersionAnswer),
            _optional(client.get(SETTINGS), SettingsAnswer),
            self._list(client) if listing else _nothing(),
        )
        self._answer = replace(
            self._answer,
            url=(settings.url if settings else None) or client.url,
            version=version.version if version else self._answer.version,
            own_namespace=(settings.controller_namespace if settings else None) or self._answer.own_namespace,
        )
        if listed is not None:
            self._take_list(listed)

    async def _list(self, client: ArgoClient) -> Answer:
        return await client.get(*LISTING)

    def _take_list(self, answer: Answer) -> None:
        """The list says who is there and how they are in short; details that the stream brought are kept."""
        items = answer.decode(ListAnswer).items or []
        listed: dict[AppId, Observed] = {}
        problems: list[Problem] = []
        for item in items:
            observed = self._read_item(bytes(item), problems)
            if observed is not None:
                known = self._known.get(observed.application.id)
                listed[observed.application.id] = _with_details(observed, known)
        self._known = listed
        self._problems = tuple(problems)
        self._answer = replace(self._answer, latency_ms=round(answer.took_s * 1000, 1))
        self._heard()

    def _read_item(self, item: bytes, problems: list[Problem]) -> Observed | None:
        """One application, if an environment wants it; one that is malformed is a problem and no more."""
        identity = decode(item, Identified).metadata
        bare = Application(self.id, identity.namespace, identity.name)
        if not self._wanted(bare, identity.labels or {}):
            return None
        try:
            wire = msgspec.json.decode(item, type=ApplicationWire)
        except msgspec.DecodeError as error:
            problems.append(
                Problem(str(bare.id), "bad-answer", f"Argo CD's answer about it is not understood: {error}")
            )
            return None
        return to_observed(wire, self.id, self._answer.url)

    def _wanted(self, application: Application, labels: Mapping[str, str]) -> bool:
        own = self._answer.own_namespace
        return any(belongs(each, application, labels, own) for each in self._environments)

    # --- single applications -----------------------------------------------------------------------

    async def _locate_missing(self, client: ArgoClient) -> None:
        """Asks for each named application that the list did not have: is it absent, or hidden from us?

        Unknown and forbidden look alike (403) unless the right project is sent: then unknown is 404. So a
        second round asks again with the projects that the other applications are in.
        """
        missing = [
            Application(self.id, name.namespace or self._answer.own_namespace or "", name.name)
            for name in self._names()
            if not any(self._is(name, each) and each.application.presence == "found" for each in self._known.values())
        ]
        await _side_by_side(self._locate(client, application) for application in missing)
        hidden = [each for each in missing if each.id in self._known]
        projects = sorted({each.application.project or "" for each in self._known.values()} - {""})
        await _side_by_side(self._locate_in_projects(client, application, projects) for application in hidden)

    def _names(self) -> list[ApplicationName]:
        """Every configured name once."""
        named = [each.applications for each in self._environments if isinstance(each.applications, tuple)]
        return list(dict.fromkeys(name for names in named for name in names))

    def _is(self, name: ApplicationName, observed: Observed) -> bool:
        return is_named(name, observed.application, self._answer.own_namespace)

    async def _locate(self, client: ArgoClient, application: Application) -> None:
        try:
            await self._fetch(client, application)
        except Forbidden:
            self._put_absent(application, "forbidden", "not found, or not permitted: the server does not tell which")
        except NotFound:
            self._put_absent(application, "absent", "it does not exist")

    async def _locate_in_projects(self, client: ArgoClient, application: Application, projects: Iterable[str]) -> None:
        """404 in a project that we may look into means that it is not there; a 403 still tells nothing."""
        for project in projects:
            try:
                await self._fetch(client, replace(application, project=project))
            except NotFound:
                self._put_absent(application, "absent", f"there is no such application in project {project}")
            except Forbidden:
                continue
            return

    async def _fetch(self, client: ArgoClient, application: Application) -> None:
        """One application with its details. Its own 400 or 500 is its own problem and no more."""
        params = {"appNamespace": application.namespace} if application.namespace else {}
        if application.project:
            params["project"] = application.project
        try:
            answer = await client.get(f"{APPLICATIONS}/{application.name}", params)
            observed = to_observed(answer.decode(ApplicationWire), self.id, self._answer.url)
        except (ServerFailed, BadAnswer) as error:
            problem = Problem(str(application.id), error.kind, error.message)
            known = self._known.get(application.id, Observed(application))
            self._known[application.id] = replace(known, application=replace(known.application, problems=(problem,)))
        else:
            self._known[observed.application.id] = observed
            self._answer = replace(self._answer, latency_ms=round(answer.took_s * 1000, 1))
        self._heard()

    def _put_absent(self, application: Application, presence: Literal["absent", "forbidden"], words: str) -> None:
        bare = Application(*application.id)
        problem = Problem(str(bare.id), presence, words)
        self._known[bare.id] = Observed(replace(bare, presence=presence, problems=(problem,)))
        self._heard()

    # --- the stream --------------------------------------------------------------------------------

    async def _follow(self, client: ArgoClient, publish: Publish, backoff: Backoff) -> None:
        """Follows the stream until it ends, listing anew meanwhile. Raises SourceError when either fails."""
        changed = asyncio.Event()
        streaming = asyncio.Event()
        tasks = [
            asyncio.create_task(self._watch(client, changed, streaming, backoff)),
            asyncio.create_task(self._keep_listing(client, changed, streaming)),
            asyncio.create_task(self._keep_publishing(publish, changed)),
        ]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await pause(self._wake, backoff.next())  # a server that closes at once is not asked at once again

    async def _watch(
        self, client: ArgoClient, changed: asyncio.Event, streaming: asyncio.Event, backoff: Backoff
    ) -> None:
        async with client.events(*WATCHING) as events:
            streaming.set()
            try:
                while True:
                    async with asyncio.timeout(SILENCE_S):
                        event = await anext(events, _END)
                    if event is _END:
                        return
                    backoff.reset()
                    self._heard()
                    if isinstance(event, StreamEvent):
                        self._take_event(event)
                    changed.set()
            except TimeoutError:
                return  # listed and followed anew; if the server is gone, the list says so

    def _take_event(self, event: StreamEvent) -> None:
        """ADDED and MODIFIED are how it is now; an application that no environment wants any longer is dropped."""
        assert event.result is not None
        body = bytes(event.result.application)
        problems = list(self._problems)
        observed = self._read_item(body, problems)
        self._problems = tuple(dict.fromkeys(problems))
        if observed is not None and event.result.type != "DELETED":
            self._known[observed.application.id] = observed
            return
        identity = decode(body, Identified).metadata
        self._known.pop(AppId(self.id, identity.namespace, identity.name), None)
        if event.result.type == "DELETED":
            for name in self._names():
                deleted = Application(self.id, identity.namespace, identity.name)
                if is_named(name, deleted, self._answer.own_namespace):
                    self._put_absent(deleted, "absent", "it was deleted")

    async def _keep_listing(self, client: ArgoClient, changed: asyncio.Event, streaming: asyncio.Event) -> None:
        """The stream has no replay and may lose events: the list is the truth, every `relist_s` and when asked."""
        while True:
            await pause(self._wake, self._server.relist_s if streaming.is_set() else QUIET_RELIST_S)
            before = dict(self._known)
            self._take_list(await self._list(client))
            differing = [
                each.application
                for id_, each in self._known.items()
                if id_ not in before or _core(each.application) != _core(before[id_].application)
            ]
            await _side_by_side(self._refetch(client, application) for application in differing)
            await self._locate_missing(client)
            changed.set()

    async def _refetch(self, client: ArgoClient, application: Application) -> None:
        try:
            await self._fetch(client, application)
        except (NotFound, Forbidden):
            self._known.pop(application.id, None)

    async def _keep_publishing(self, publish: Publish, changed: asyncio.Event) -> None:
        """A burst of events is one reading."""
        while True:
            await changed.wait()
            await asyncio.sleep(BATCH_S)
            changed.clear()
            publish(self._fresh())

    # --- readings ----------------------------------------------------------------------------------

    def _heard(self) -> None:
        self._last_byte = self._now()

    def _fresh(self) -> Fresh[Applications]:
        taken_at = self._last_byte or self._now()
        observed = tuple(self._known[id_] for id_ in sorted(self._known))
        self._answer = replace(self._answer, observed=observed)
        return Fresh(self._answer, taken_at, taken_at + timedelta(seconds=SILENCE_S), self._problems)

    def _failed(self, failure: Failure) -> Stale[Applications] | Missing:
        if self._last_byte is None:
            return Missing(failure)
        return Stale(self._answer, self._last_byte, self._problems, failure)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ArgoClient]:
        client = await self._connect()
        try:
            yield client
        finally:
            await client.aclose()


_END = object()


def _with_details(listed: Observed, known: Observed | None) -> Observed:
    """What a list cannot say is taken from before; the list's own words are newer."""
    if known is None or known.application.presence != "found":
        return listed
    new, old = listed.application, known.application
    operation = new.operation
    if (
        operation
        and old.operation
        and (operation.phase, operation.started_at)
        == (
            old.operation.phase,
            old.operation.started_at,
        )
    ):
        operation = old.operation
    merged = replace(
        old,
        project=new.project,
        sync=new.sync,
        health=new.health,
        health_since=new.health_since,
        target_revision=new.target_revision,
        compared_revision=new.compared_revision or old.compared_revision,
        automated=new.automated,
        operation=operation,
        images=new.images,
        problems=new.problems,
    )
    return Observed(merged, listed.labels)


def _core(application: Application) -> tuple[object, ...]:
    """What both a list and a GET say, by which a missed event shows."""
    operation = application.operation
    return (
        application.presence,
        application.sync,
        application.health,
        application.health_since,
        application.compared_revision,
        application.automated,
        (operation.phase, operation.started_at) if operation else None,
    )


async def _side_by_side(calls: Iterable[Coroutine[object, object, None]]) -> None:
    """Runs the calls, a bounded number at once, to the end; then raises the first error there was."""
    limit = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(call: Coroutine[object, object, None]) -> None:
        async with limit:
            await call

    for outcome in await asyncio.gather(*(one(call) for call in calls), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _optional(call: Awaitable[Answer], shape: type[S]) -> S | None:
    """What is good to know and no failure without."""
    try:
        return (await call).decode(shape)
    except SourceError:
        return None


async def _nothing() -> None:
    return None

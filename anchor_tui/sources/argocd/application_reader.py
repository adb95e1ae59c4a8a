"""Reads applications of one Argo CD with single requests and puts the results into the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from msgspec.structs import replace

from anchor_tui.domain.model import Application
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.endpoints import (
    LIST_REQUEST,
    SETTINGS,
    VERSION,
    application_path,
    application_query,
)
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.argocd.schema import SettingsResponse, VersionResponse
from anchor_tui.sources.errors import Forbidden, HttpError, InvalidResponse, NotFound, SourceError, Unreachable
from anchor_tui.sources.worker_pool import call_concurrently

MAX_CONCURRENT_REQUESTS = 8
OPTIONAL_GRACE_S = 2.0
"""The longest wait for version and settings after everything required has arrived, in seconds."""
S = TypeVar("S")


class ApplicationReader:
    """Sends the read requests over one connection. Every method raises SourceError if the server cannot be read."""

    def __init__(self, client: ReadClient, store: ApplicationStore) -> None:
        self._client = client
        self._store = store

    async def read_server_info(self) -> None:
        """Read version and settings. Neither is required: a failure, or a late answer, leaves what is known."""
        async with self._requested_server_info():
            pass

    async def read_server_info_and_list(self) -> list[Application]:
        """Read version, settings and the list in parallel. Return the applications whose details are due."""
        async with self._requested_server_info():
            response = await self._client.get(*LIST_REQUEST)
        return self._store.apply_list(response)

    async def read_server_info_and_first_list(self) -> None:
        """Read version, settings and the list in parallel. What the list contains is decoded later."""
        async with self._requested_server_info():
            response = await self._client.get(*LIST_REQUEST)
        self._store.apply_list_later(response)

    @asynccontextmanager
    async def _requested_server_info(self) -> AsyncIterator[None]:
        """Request version and settings during the block. After it, they get a short time to arrive."""
        version = asyncio.create_task(_read_optional(self._client, VERSION, VersionResponse))
        settings = asyncio.create_task(_read_optional(self._client, SETTINGS, SettingsResponse))
        tasks = (version, settings)
        try:
            yield
            done, _ = await asyncio.wait(tasks, timeout=OPTIONAL_GRACE_S)
            self._store.apply_server_info(
                self._client.url,
                version.result() if version in done else None,
                settings.result() if settings in done else None,
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def read_list(self) -> list[Application]:
        """Read the list. Return the applications whose details are due."""
        return self._store.apply_list(await self._client.get(*LIST_REQUEST))

    async def fetch_details(self, applications: Iterable[Application]) -> list[SourceError | None]:
        """Read each listed application; drop one that no longer exists. Return the error of each, None without one."""
        return await call_concurrently(self._fetch_listed, applications, MAX_CONCURRENT_REQUESTS)

    async def fetch_missing_details(self) -> list[SourceError | None]:
        """Read each application whose details are missing, unless the stream brings them before its turn.

        Return the error of each, None without one.
        """

        async def fetch(application: Application) -> SourceError | None:
            return await self._fetch_listed(application) if self._store.lacks_details(application.id) else None

        return await call_concurrently(fetch, self._store.applications_without_details, MAX_CONCURRENT_REQUESTS)

    async def _fetch_listed(self, application: Application) -> SourceError | None:
        try:
            return await self._fetch_application(application)
        except (NotFound, Forbidden):
            self._store.drop_application(application)
            return None

    async def locate_missing(self) -> list[SourceError | None]:
        """Ask for each configured name that the list does not contain: it is absent, or hidden from the token.

        Argo CD answers 403 for both unless the request names the right project; then an unknown application is 404.
        So a second round asks for the hidden ones with the projects of the other applications.
        Return the errors of the first round, None for an application without one.
        """
        missing = self._store.missing_applications
        errors = await call_concurrently(self._locate_application, missing, MAX_CONCURRENT_REQUESTS)
        hidden = [application for application in missing if self._store.is_forbidden(application)]
        projects = self._store.project_names
        await call_concurrently(
            lambda application: self._locate_in_projects(application, projects), hidden, MAX_CONCURRENT_REQUESTS
        )
        return errors

    async def _fetch_application(self, application: Application) -> SourceError | None:
        """Read one application. Record and return its own failure; raise every other one, such as NotFound."""
        path, query = application_path(application.id), application_query(application.id, application.project)
        try:
            self._store.apply_application(application, await self._client.get(path, query))
        except (HttpError, InvalidResponse, Unreachable) as error:
            self._store.record_error(application, error)
            return error
        return None

    async def _locate_application(self, application: Application) -> SourceError | None:
        try:
            return await self._fetch_application(application)
        except Forbidden:
            reason = "not found, or not permitted: Argo CD answers 403 for both"
            self._store.record_absence(application, "forbidden", reason)
        except NotFound:
            self._store.record_absence(application, "absent", "it does not exist")
        return None

    async def _locate_in_projects(self, application: Application, projects: Iterable[str]) -> None:
        """Ask with each project. A 404 means that the application is absent; a 403 leaves it open."""
        for project in projects:
            try:
                await self._fetch_application(replace(application, project=project))
            except NotFound:
                reason = f"there is no such application in project {project}"
                self._store.record_absence(application, "absent", reason)
            except Forbidden:
                continue
            return


async def _read_optional(client: ReadClient, path: str, shape: type[S]) -> S | None:
    """Return the decoded response, None after a SourceError."""
    try:
        return (await client.get(path)).decode(shape)
    except SourceError:
        return None

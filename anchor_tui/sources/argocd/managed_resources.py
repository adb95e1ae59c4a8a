"""The manifests of the wanted applications, target and live: one answer each, asked for when something has changed.

`GET …/managed-resources` has both sides; `GET …/resource` tells the keys of the Secret that an ExternalSecret
makes, its values masked. An answer is large (110 KB for nine resources), so each application is asked at most
once a minute, a few at once; after an operation that has ended, sooner: somebody is looking at what it left.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.policy.evidence.cluster import list_created_secrets
from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.sources.argocd.endpoints import APPLICATIONS
from anchor_tui.sources.errors import Forbidden, InvalidResponse, SourceError

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.source import Client

MIN_INTERVAL = timedelta(minutes=1)
MIN_INTERVAL_AFTER_OPERATION = timedelta(seconds=10)
MAX_CONCURRENT_REQUESTS = 4
ApplicationFingerprint = tuple[tuple[object, ...], datetime | None]


class ManagedResourcesJson(msgspec.Struct):
    """`GET …/managed-resources`; `{}` for an application with a ComparisonError."""

    items: list[dict[str, Any]] | None = None


class LiveResourceJson(msgspec.Struct):
    """`GET …/resource`: the live object as JSON in a text."""

    manifest: str = "null"


class ManagedResourcesReader:
    """What was asked of which application, and when, and what came of it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._requested: dict[AppId, tuple[ApplicationFingerprint, datetime]] = {}
        self._results: dict[AppId, ManagedResources] = {}

    def results_for(self, applications: Iterable[Application]) -> Mapping[AppId, ManagedResources]:
        """The latest answers about these applications."""
        return {each.id: self._results[each.id] for each in applications if each.id in self._results}

    async def refresh(self, client: Client, applications: Iterable[Application]) -> bool:
        """Asks about those that have changed and may be asked again; whether there was any."""
        due = [each for each in applications if self._is_due(each)]
        limit = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

        async def ask(application: Application) -> None:
            async with limit:
                self._requested[application.id] = (_fingerprint(application), self._now())
                self._results[application.id] = await self._read_resources(client, application)

        await asyncio.gather(*(ask(each) for each in due))
        return bool(due)

    def _is_due(self, application: Application) -> bool:
        if application.id not in self._requested:
            return True
        (known, known_end), at = self._requested[application.id]
        state, end = _fingerprint(application)
        failed = application.id in self._results and self._results[application.id].is_retryable
        pause = MIN_INTERVAL_AFTER_OPERATION if end is not None and end != known_end else MIN_INTERVAL
        return (failed or (known, known_end) != (state, end)) and self._now() - at >= pause

    async def _read_resources(self, client: Client, application: Application) -> ManagedResources:
        """One application's manifests; a failure is what its evidence says, and nobody else's."""
        path, params = _application_path(application)
        try:
            items = (await client.get(f"{path}/managed-resources", params)).decode(ManagedResourcesJson).items or []
            secrets = await self._read_secrets(client, application, items)
        except Forbidden as error:
            return ManagedResources(self._now(), error=error.message, permitted=False)
        except SourceError as error:
            return ManagedResources(self._now(), error=error.message)
        return ManagedResources(self._now(), tuple(items), secrets)

    async def _read_secrets(
        self, client: Client, application: Application, items: list[dict[str, Any]]
    ) -> tuple[object, ...]:
        """The live Secrets that ExternalSecrets make; one that cannot be read is left out, and so not known."""
        path, params = _application_path(application)
        found = []
        for namespace, name in list_created_secrets(read_managed_resources(items, application.name).live):
            wanted = {"namespace": namespace, "resourceName": name, "group": "", "version": "v1", "kind": "Secret"}
            try:
                answer = (await client.get(f"{path}/resource", params | wanted)).decode(LiveResourceJson)
                found.append(json.loads(answer.manifest))
            except (InvalidResponse, ValueError):
                continue
            except SourceError:
                continue
        return tuple(found)


def _application_path(application: Application) -> tuple[str, dict[str, str]]:
    params = {"appNamespace": application.namespace} if application.namespace else {}
    if application.project:
        params["project"] = application.project
    return f"{APPLICATIONS}/{quote(application.name, safe='')}", params


def _fingerprint(application: Application) -> ApplicationFingerprint:
    """What, when it changes, changes what is rendered or live; and when the last operation ended."""
    operation = application.operation
    return (
        (
            application.compared_revision,
            application.synced_revision,
            application.sync,
            application.health,
            application.prunable,
        ),
        operation.finished_at if operation and not operation.is_running else None,
    )

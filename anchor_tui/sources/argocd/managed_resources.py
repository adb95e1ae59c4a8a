"""The manifests of the found applications, target and live: read again when an application has changed.

`GET …/managed-resources` contains both sides. `GET …/resource` contains the Secret that an ExternalSecret creates,
with masked values: its keys are evidence. A response is large (110 KB for nine resources), so each application is
read at most once a minute, or 10 s after an operation has ended or a new commit was compared, and few applications at
once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.policy.evidence.cluster import list_created_secrets
from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.sources.argocd.endpoints import application_path, application_query
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import Forbidden, SourceError
from anchor_tui.sources.json_body import foreign_values
from anchor_tui.sources.json_repair import repair_json_text

MIN_INTERVAL = timedelta(minutes=1)
MIN_INTERVAL_AFTER_CHANGE = timedelta(seconds=10)
MAX_CONCURRENT_REQUESTS = 4
ApplicationFingerprint = tuple[tuple[object, ...], datetime | None, str | None]
"""The fields that a change of the manifests changes too, the end of the last operation, and the compared commit."""


class ManagedResourcesJson(msgspec.Struct):
    """`GET …/managed-resources`; `{}` for an application with a ComparisonError."""

    items: list[dict[str, Any]] | None = None

    def read_objects(self) -> list[dict[str, Any]]:
        """Return the items. Their objects are JSON in texts, which are repaired: users write them."""
        return [
            {key: repair_json_text(value) if isinstance(value, str) else value for key, value in item.items()}
            for item in self.items or []
        ]


class LiveResourceJson(msgspec.Struct):
    """`GET …/resource`: the live object as JSON in a string."""

    manifest: str = "null"


class ManagedResourcesReader:
    """The latest manifests of each application, and when they were read."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._requested: dict[AppId, tuple[ApplicationFingerprint, datetime]] = {}
        self._results: dict[AppId, ManagedResources] = {}

    def results_for(self, applications: Iterable[Application]) -> Mapping[AppId, ManagedResources]:
        """Return the latest manifests of these applications, without those that have not been read."""
        ids = (application.id for application in applications)
        return {id_: self._results[id_] for id_ in ids if id_ in self._results}

    async def refresh(self, client: ReadClient, applications: Iterable[Application]) -> bool:
        """Read the manifests of the applications that are due. Return True if there were any."""
        due = [application for application in applications if self._is_due(application)]
        limit = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

        async def refresh_one(application: Application) -> None:
            async with limit:
                self._requested[application.id] = (_fingerprint(application), self._now())
                resources = await self._read_resources(client, application)
                self._results[application.id] = replace(
                    resources, compared_revision=application.compared_revision, synced_at=application.synced_at
                )

        await asyncio.gather(*(refresh_one(application) for application in due))
        return bool(due)

    def _is_due(self, application: Application) -> bool:
        """Return True if the application has changed or its last read failed, and the minimum interval is over."""
        if application.id not in self._requested:
            return True
        known, requested_at = self._requested[application.id]
        fingerprint = _fingerprint(application)
        has_failed = application.id in self._results and self._results[application.id].is_retryable
        (_, known_end, known_commit), (_, operation_end, commit) = known, fingerprint
        has_new_operation = operation_end is not None and operation_end != known_end
        has_new_commit = known_commit is not None and commit != known_commit
        interval = MIN_INTERVAL_AFTER_CHANGE if has_new_operation or has_new_commit else MIN_INTERVAL
        return (has_failed or known != fingerprint) and self._now() - requested_at >= interval

    async def _read_resources(self, client: ReadClient, application: Application) -> ManagedResources:
        """Return one application's manifests, or the failure to read them."""
        path, query = application_path(application.id), application_query(application.id, application.project)
        try:
            response = await client.get(f"{path}/managed-resources", query)
            items = response.decode(ManagedResourcesJson).read_objects()
            secrets = await self._read_secrets(client, application, items)
        except Forbidden as error:
            return ManagedResources(self._now(), error=error.message, permitted=False)
        except SourceError as error:
            return ManagedResources(self._now(), error=error.message)
        return ManagedResources(self._now(), tuple(items), secrets)

    async def _read_secrets(
        self, client: ReadClient, application: Application, items: list[dict[str, Any]]
    ) -> tuple[object, ...]:
        """Return the live Secrets that ExternalSecrets create. One that cannot be read is left out: it is unknown."""
        path, query = application_path(application.id), application_query(application.id, application.project)
        secrets = []
        with foreign_values("a managed resource"):
            created = list_created_secrets(read_managed_resources(items, application.name).live)
        for namespace, name in created:
            wanted = {"namespace": namespace, "resourceName": name, "group": "", "version": "v1", "kind": "Secret"}
            try:
                response = (await client.get(f"{path}/resource", query | wanted)).decode(LiveResourceJson)
                secrets.append(json.loads(repair_json_text(response.manifest)))
            except (SourceError, ValueError):
                continue
        return tuple(secrets)


def _fingerprint(application: Application) -> ApplicationFingerprint:
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
        application.compared_revision,
    )

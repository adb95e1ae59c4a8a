"""The manifests of the found applications, target and live: read again when an application has changed.

`GET …/managed-resources` contains both sides. `GET …/resource` contains the Secret that an ExternalSecret creates,
with masked values: its keys are evidence. A response is large (110 KB for nine resources), so each application is
read at most once a minute, or 10 s after an operation has ended or a new commit was compared, and few applications at
once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from anchor_tui.domain.kubernetes.managed_resources import read_managed_resources
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.policy.evidence.cluster import list_created_secrets
from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.sources.argocd.endpoints import application_path, application_query
from anchor_tui.sources.argocd.latest_results import LatestResults
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.argocd.refresh_queue import RefreshQueue, forget_absent
from anchor_tui.sources.errors import Forbidden, InvalidResponse, SourceError
from anchor_tui.sources.json_body import decode_json, foreign_values
from anchor_tui.sources.json_repair import repair_json_text
from anchor_tui.sources.worker_pool import call_concurrently

MIN_INTERVAL = timedelta(minutes=1)
MIN_INTERVAL_AFTER_CHANGE = timedelta(seconds=10)
MAX_CONCURRENT_REQUESTS = 4
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
ApplicationFingerprint = tuple[tuple[object, ...], datetime | None, str | None]
"""The fields that a change of the manifests changes too, the end of the last operation, and the compared commit."""


KEPT_KEYS = ("group", "kind", "namespace", "name", "hook", "targetState", "liveState")
"""The keys of a managed resource that the checks read. The two other states, each as large, are dropped."""


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
        self._queue = RefreshQueue(self._find_due_time)
        self._requested: dict[AppId, tuple[ApplicationFingerprint, datetime]] = {}
        self._results: LatestResults[ManagedResources] = LatestResults()

    def results_for(self, applications: Sequence[Application]) -> Mapping[AppId, ManagedResources]:
        """Return the latest manifests of these applications, without those that have not been read.

        Without a change it is the same object.
        """
        return self._results.keep_only(applications)

    async def refresh(self, client: ReadClient, applications: Sequence[Application]) -> bool:
        """Read the manifests of the applications that are due, in their order. Return True if there were any."""
        forget_absent(self._requested, applications, self._now() - MIN_INTERVAL)
        self._queue.update(applications)
        due = self._queue.take_due(self._now())

        async def refresh_one(application: Application) -> None:
            id_ = application.id
            self._requested[id_] = (_fingerprint(application), self._now())
            resources = await self._read_resources(client, application)
            self._results.put(
                id_,
                replace(resources, compared_revision=application.compared_revision, synced_at=application.synced_at),
            )

        try:
            await call_concurrently(refresh_one, due, MAX_CONCURRENT_REQUESTS)
        finally:  # also those that a cancellation has left unread
            self._queue.schedule(*(application.id for application in due))
        return bool(due)

    def _find_due_time(self, application: Application) -> datetime | None:
        """Return when to read the manifests: at once, or after a change or a failure when the interval is over."""
        if application.id not in self._requested:
            return _AT_ONCE
        known, requested_at = self._requested[application.id]
        fingerprint = _fingerprint(application)
        result = self._results.get(application.id)
        if known == fingerprint and result is not None and not result.is_retryable:
            return None
        (_, known_end, known_commit), (_, operation_end, commit) = known, fingerprint
        has_new_operation = operation_end is not None and operation_end != known_end
        has_new_commit = known_commit is not None and commit != known_commit
        return requested_at + (MIN_INTERVAL_AFTER_CHANGE if has_new_operation or has_new_commit else MIN_INTERVAL)

    async def _read_resources(self, client: ReadClient, application: Application) -> ManagedResources:
        """Return one application's manifests, or the failure to read them."""
        path, query = application_path(application.id), application_query(application.id, application.project)
        try:
            response = await client.get(f"{path}/managed-resources", query)
            items = [_keep_states(item) for item in response.decode(ManagedResourcesJson).read_objects()]
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
                secrets.append(decode_json(repair_json_text(response.manifest).encode(), object))
            except SourceError:
                continue
        return tuple(secrets)


def _keep_states(item: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a managed resource, with its states parsed: their texts would be kept beside them.

    The decoder shares equal keys between all states.
    """
    kept = {key: item[key] for key in KEPT_KEYS if key in item}
    for key in ("targetState", "liveState"):
        if isinstance(state := kept.get(key), str):
            with contextlib.suppress(InvalidResponse):  # a text that cannot be parsed stays, and is reported
                kept[key] = decode_json(state.encode(), object)
    return kept


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

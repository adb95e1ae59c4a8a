"""The evidence about applications that needs requests of its own: their manifests, and the causes of failures.

Both are read for the most important applications only, so that requests and memory stay bounded. Protected
environments come first, then unhealthy applications, then those that are out of sync, then those that were synced last.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.identity import is_same, list_changes
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.read_client import ReadClient

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.failure_evidence import FailureEvidenceReader
    from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader

MAX_EXAMINED = 50
"""The usual number of unhealthy applications whose causes are searched: each takes up to 14 requests every 30 s."""
_NO_APPLICATIONS: tuple[Application, ...] = ()


class EvidenceLimits(NamedTuple):
    """The number of applications whose manifests are read, and of unhealthy ones whose causes are searched."""

    manifests: int
    causes: int = MAX_EXAMINED


class MostImportant:
    """The most important applications of many, in their order; the same object until one of them changes.

    All are ranked again only if the rank of one has changed.
    """

    def __init__(self, limit: int, is_protected: Callable[[Application], bool]) -> None:
        self._limit = limit
        self._is_protected = is_protected
        self._every = self._chosen = _NO_APPLICATIONS
        self._ranks: dict[AppId, tuple[object, ...]] = {}

    def choose(self, applications: tuple[Application, ...]) -> tuple[Application, ...]:
        """Return at most `limit` of the applications, the most important first."""
        if applications is self._every:
            return self._chosen
        changed = {app.id: app for app in list_changes(self._every, applications)}
        ranks = {id_: self._rank(app) for id_, app in changed.items()}
        is_same_order = len(applications) == len(self._every) and all(
            self._ranks.get(id_) == rank for id_, rank in ranks.items()
        )
        self._every = applications
        if is_same_order:
            chosen = [changed.get(app.id, app) for app in self._chosen]
        else:
            known = self._ranks | ranks
            self._ranks = {app.id: known[app.id] for app in applications}
            chosen = heapq.nsmallest(self._limit, applications, key=lambda app: self._ranks[app.id])
        if not is_same(chosen, self._chosen):
            self._chosen = tuple(chosen)
        return self._chosen

    def _rank(self, application: Application) -> tuple[object, ...]:
        synced = application.synced_at.timestamp() if application.synced_at else 0.0
        is_synced = application.sync == "Synced"
        return not self._is_protected(application), not application.is_suspect, is_synced, -synced, application.id


class ArgoEvidence:
    """The manifests and the failures of the most important applications of one Argo CD."""

    def __init__(self, store: ApplicationStore, limits: EvidenceLimits, now: Callable[[], datetime]) -> None:
        self._store = store
        self._limits = limits
        self._now = now
        self._managed_resources: ManagedResourcesReader | None = None
        self._failures: FailureEvidenceReader | None = None
        self._with_manifests = MostImportant(limits.manifests, store.is_protected)
        self._examined = MostImportant(limits.causes, store.is_protected)
        self._found = self._suspects = _NO_APPLICATIONS
        self._ended_after_s: float | None = None

    async def refresh_manifests(self, client: ReadClient) -> bool:
        """Read the manifests that are due. Return True if there were any.

        The first ones wait for the details, which decide what is important, and would be a reason to read again.
        """
        if self._store.is_waiting_for_details:
            return False
        chosen = self._choose_with_manifests()
        if self._managed_resources is None:
            if not chosen:
                return False
            # Imported here because the manifest readers take 30 ms to load: the first frame comes first.
            from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader

            self._managed_resources = ManagedResourcesReader(self._now)
        return await self._managed_resources.refresh(client, chosen)

    async def refresh_failures(self, client: ReadClient, limit: int | None = None) -> bool:
        """Read the evidence about unhealthy applications that is due, of `limit` at most. Return True if there was any.

        The most important ones come first, and the others stay due.
        """
        examined = self._choose_examined()
        if self._failures is None:
            if not examined:
                return False
            # Imported here because most estates are healthy most of the time.
            from anchor_tui.sources.argocd.failure_evidence import FailureEvidenceReader

            self._failures = FailureEvidenceReader(self._now)
        return await self._failures.refresh(client, examined, limit)

    def add_to(self, data: ArgoCDData) -> ArgoCDData:
        """Return the data with the evidence that has been read."""
        managed = self._managed_resources.results_for(self._choose_with_manifests()) if self._managed_resources else {}
        failures = self._failures.results_for(self._choose_examined()) if self._failures else {}
        return replace(data, managed=managed, failures=failures, manifest_gap=self._describe_gap())

    def end_after(self, timeout_s: float) -> None:
        """Remember that no more is read, because a single reading has ended after `timeout_s`."""
        self._ended_after_s = timeout_s

    def _describe_gap(self) -> str:
        """Return why the manifests of some applications will not be read; empty if they will be."""
        if self._ended_after_s is not None:
            return f"not read within {self._ended_after_s:g} s"
        if len(self._store.found_applications) > self._limits.manifests:
            return f"not requested: policy.evidence_budget is {self._limits.manifests:,}"
        return ""

    def _choose_with_manifests(self) -> tuple[Application, ...]:
        return self._with_manifests.choose(self._store.found_applications)

    def _choose_examined(self) -> tuple[Application, ...]:
        found = self._store.found_applications
        if found is not self._found:
            suspects = tuple(application for application in found if application.is_suspect)
            self._found, self._suspects = found, self._suspects if is_same(suspects, self._suspects) else suspects
        return self._examined.choose(self._suspects)

"""The evidence about applications that needs requests of its own: their manifests, and the causes of failures.

Both are read for the most important applications only, so that requests and memory stay bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.model import Application
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.most_important import MostImportant
from anchor_tui.sources.argocd.read_client import ReadClient

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.failure_evidence import FailureEvidenceReader
    from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader

MAX_EXAMINED = 50
"""The usual number of unhealthy applications whose causes are searched: each takes up to 14 requests every 30 s."""


class EvidenceLimits(NamedTuple):
    """The number of applications whose manifests are read, and of unhealthy ones whose causes are searched."""

    manifests: int
    causes: int = MAX_EXAMINED
    timeout_s: float | None = None
    """The seconds that a single reading takes for both; None if only its own deadline ends it."""


class ArgoEvidence:
    """The manifests and the failures of the most important applications of one Argo CD."""

    def __init__(self, store: ApplicationStore, limits: EvidenceLimits, now: Callable[[], datetime]) -> None:
        self._store = store
        self._limits = limits
        self._now = now
        self._managed_resources: ManagedResourcesReader | None = None
        self._failures: FailureEvidenceReader | None = None
        self._with_manifests = MostImportant(limits.manifests, store.is_protected)
        self._examined = MostImportant(limits.causes, store.is_protected, includes=lambda app: app.is_suspect)
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

    async def read_once(self, client: ReadClient) -> None:
        """Read what is due now, for `timeout_s` of the limits at most. The rest is reported as missing."""
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await asyncio.gather(self.refresh_manifests(client), self.refresh_failures(client))
        except TimeoutError:
            self.end_after(self._limits.timeout_s or 0.0)

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
        return self._examined.choose(self._store.found_applications)

"""Creates the sources of a configuration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.config.model import Config, PolicyConfig
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.data_source import DataSource
from anchor_tui.services.observe.deferred_source import DeferredGitHubSource
from anchor_tui.services.observe.evidence_scope import EvidenceScope

if TYPE_CHECKING:
    from anchor_tui.services.observe.prefetch import Prefetch
    from anchor_tui.sources.argocd.evidence import EvidenceLimits
    from anchor_tui.sources.argocd.read_client import ReadClient
    from anchor_tui.sources.argocd.source import ArgoSource
    from anchor_tui.sources.github.source import GitHubSource


def make_sources(
    config: Config,
    environ: Mapping[str, str],
    home: Path,
    now: Clock = utc_now,
    prefetched: Mapping[str, Prefetch] | None = None,
    evidence: EvidenceScope = "budget",
    *,
    with_past_syncs: bool = False,
) -> list[DataSource]:
    """Return a source for each Argo CD in use and one for GitHub.

    Credentials are looked up when a source connects, not before. `prefetched` contains the first requests that have
    been sent already, by the name of the server. With `with_past_syncs`, applications come with their past syncs.
    """
    from anchor_tui.sources.argocd.past_syncs import PastSyncs
    from anchor_tui.sources.argocd.source import ArgoSource

    pending_prefetches = dict(prefetched or {})
    connections = Connections(config, environ, home)
    limits = _make_limits(evidence, config.policy)

    def make_argocd_source(server_name: str) -> ArgoSource:
        server = next(server for server in config.servers_in_use if server.name == server_name)

        async def connect() -> ReadClient:
            if (prefetch := pending_prefetches.pop(server.name, None)) is not None:
                from anchor_tui.sources.argocd.prefetch import PrefetchingClient

                connection = prefetch.connection
                return PrefetchingClient(
                    connection.access.url, prefetch.responses, lambda: connections.open_argocd_client(connection)
                )
            return await connections.connect_argocd(server_name)

        past_syncs = PastSyncs() if with_past_syncs else None
        return ArgoSource(server, config.environments, connect, now, limits, past_syncs)

    def create_github_source() -> GitHubSource:
        from anchor_tui.sources.github.source import GitHubSource

        return GitHubSource(config, connections.connect_github, now)

    return [
        *(make_argocd_source(server.name) for server in config.servers_in_use),
        DeferredGitHubSource(create_github_source),
    ]


def _make_limits(evidence: EvidenceScope, policy: PolicyConfig) -> EvidenceLimits:
    from anchor_tui.sources.argocd.evidence import EvidenceLimits

    if evidence in {"none", "git"}:
        return EvidenceLimits(0, 0)
    if evidence == "all":
        return EvidenceLimits(sys.maxsize, sys.maxsize)
    return EvidenceLimits(policy.evidence_budget, timeout_s=policy.evidence_s)

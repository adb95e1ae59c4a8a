"""The ways to the outside systems of one configuration. Credentials are looked up when one is opened, not before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.config.model import Config

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.connection import ConnectionSettings
    from anchor_tui.sources.github.client import GitHubClient
    from anchor_tui.sources.status_api import StatusAccess


class Connections:
    """Opens what a reader or a writer needs; who opens it closes it. The read-only gate is in each of them."""

    def __init__(self, config: Config, environ: Mapping[str, str], home: Path) -> None:
        self.config = config
        self.environ = environ
        self._home = home

    async def connect_argocd(self, server_name: str) -> ArgoClient:
        """A client of one Argo CD. Raises SourceError."""
        from anchor_tui.sources.argocd.connection import resolve_connection
        from anchor_tui.sources.credentials.argocd import find_argocd_access

        server = next(each for each in self.config.servers_in_use if each.name == server_name)
        access = await asyncio.to_thread(find_argocd_access, server, self.environ, home=self._home)
        return self.open_argocd_client(resolve_connection(access))

    def open_argocd_client(self, route: ConnectionSettings) -> ArgoClient:
        """A client on a way that is known already."""
        from anchor_tui.sources.argocd.client import ArgoClient  # httpx: 65 ms, after the first answers

        return ArgoClient(route, read_only=self.config.read_only)

    async def connect_github(self, documents: frozenset[str]) -> GitHubClient:
        """A door to GitHub, through which a read-only run lets only these documents. Raises SourceError."""
        from anchor_tui.sources.credentials.github import find_github_access
        from anchor_tui.sources.github.client import GitHubClient, ReadOnlyGuard

        # gh and the keyring may take seconds: off the loop, which follows Argo CD's stream.
        access = await asyncio.to_thread(find_github_access, self.config.github, self.environ, home=self._home)
        return GitHubClient(access, ReadOnlyGuard(self.config.read_only, documents))

    async def find_status_access(self) -> StatusAccess:
        """Address and token of the status API. Raises SourceError; never opened in a read-only run."""
        from anchor_tui.sources.errors import WriteRefused
        from anchor_tui.sources.status_api import find_status_access

        if self.config.read_only:
            raise WriteRefused("read-only: nothing is sent to the status API")
        return await asyncio.to_thread(find_status_access, self.config.status_api, self.environ)

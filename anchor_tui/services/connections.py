"""The connections to the outside systems of one configuration. Credentials are looked up when one is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.config.model import Config
from anchor_tui.sources.argocd.parsed_responses import ParsedResponses

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.argocd.connection import ConnectionSettings
    from anchor_tui.sources.github.client import GitHubClient
    from anchor_tui.sources.github.writer import GitHubWriter
    from anchor_tui.sources.status_api import StatusAccess


class Connections:
    """Open clients for readers and writers; the caller closes them.

    In a read-only run a client refuses writes, and the connections that only write are not opened. httpx is imported
    when the first client is opened, and PyGithub when the first change is sent to GitHub.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], home: Path) -> None:
        self.config = config
        self.environ = environ
        self._home = home
        self.parsed_responses = ParsedResponses()
        """The values of large responses, reused by later readings."""

    async def connect_argocd(self, server_name: str) -> ArgoClient:
        """Open a client of one Argo CD. Raises SourceError."""
        from anchor_tui.sources.argocd.connection import resolve_connection
        from anchor_tui.sources.credentials.argocd import find_argocd_access
        from anchor_tui.sources.errors import CredentialError

        server = next((server for server in self.config.servers_in_use if server.name == server_name), None)
        if server is None:  # a plan of the audit may name a server of an earlier configuration
            raise CredentialError(f"the configuration does not contain the server {server_name!r}")
        access = await asyncio.to_thread(find_argocd_access, server, self.environ, home=self._home)
        return self.open_argocd_client(resolve_connection(access, server.max_response_bytes))

    def open_argocd_client(self, settings: ConnectionSettings) -> ArgoClient:
        """Open a client of an Argo CD whose connection settings are known."""
        from anchor_tui.sources.argocd.client import ArgoClient

        return ArgoClient(settings, read_only=self.config.read_only)

    async def connect_github(self, query_texts: frozenset[str]) -> GitHubClient:
        """Open a client of GitHub, which reads only and allows these GraphQL documents. Raises SourceError."""
        # gh, the keyring, the imports and the TLS context take time: off the loop, which follows Argo CD's stream.
        return await asyncio.to_thread(self._open_github_client, query_texts)

    def _open_github_client(self, query_texts: frozenset[str]) -> GitHubClient:
        from anchor_tui.sources.credentials.github import find_github_access
        from anchor_tui.sources.github.client import GitHubClient

        access = find_github_access(self.config.github, self.environ, home=self._home)
        return GitHubClient(access, query_texts, max_response_bytes=self.config.github.max_response_bytes)

    async def open_github_writer(self) -> GitHubWriter:
        """Open a writer to GitHub. Raises SourceError; WriteRefused in a read-only run."""
        from anchor_tui.sources.errors import WriteRefused

        if self.config.read_only:
            raise WriteRefused("read-only: nothing is sent to GitHub")
        return await asyncio.to_thread(self._create_github_writer)

    def _create_github_writer(self) -> GitHubWriter:
        from anchor_tui.sources.credentials.github import find_github_access
        from anchor_tui.sources.github.writer import GitHubWriter

        access = find_github_access(self.config.github, self.environ, home=self._home)
        return GitHubWriter(access, max_response_bytes=self.config.github.max_response_bytes)

    async def find_status_access(self) -> StatusAccess:
        """Return address and token of the status API. Raises SourceError; WriteRefused in a read-only run."""
        from anchor_tui.sources.errors import WriteRefused
        from anchor_tui.sources.status_api import find_status_access

        if self.config.read_only:
            raise WriteRefused("read-only: nothing is sent to the status API")
        return await asyncio.to_thread(find_status_access, self.config.status_api, self.environ)

"""An Argo CD client on a transport of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from anchor_tui.config import ApplicationName, ApplicationSelector, EnvironmentConfig, Server
from anchor_tui.sources.argocd.source import ArgoSource
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.credentials import ArgoAccess
from anchor_tui.sources.secret import Secret

NOW = datetime(2026, 11, 23, 6, 32, tzinfo=UTC)
URL = "https://argocd.anchor.example"


def client(transport: httpx.AsyncBaseTransport, *, read_only: bool = True) -> ArgoClient:
    access = ArgoAccess(url=URL, token=Secret("a-token"), origin="test")
    return ArgoClient(access, read_only=read_only, transport=transport)


def source(
    transport: httpx.AsyncBaseTransport,
    environments: Mapping[str, tuple[str, ...] | ApplicationSelector],
    *,
    read_only: bool = True,
) -> ArgoSource:
    """A source for environments of these applications, each `name` or `namespace/name`."""
    configs = tuple(
        EnvironmentConfig(
            name=name,
            applications=wanted if isinstance(wanted, ApplicationSelector) else tuple(map(_named, wanted)),
        )
        for name, wanted in environments.items()
    )

    async def connect() -> ArgoClient:
        return client(transport, read_only=read_only)

    return ArgoSource(Server(), configs, connect, lambda: NOW)


def _named(text: str) -> ApplicationName:
    namespace, _, name = text.rpartition("/")
    return ApplicationName(name, namespace)

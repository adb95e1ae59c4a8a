"""The first requests, on their way before anything else is loaded.

A server takes its time to answer, and so do our own imports: the one goes on while the other does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.config import Config
from anchor_tui.sources.argocd.requests import INTRODUCTION
from anchor_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient

_TURNS = 20
"""So many turns of the loop bring a request to a near server onto the wire."""


async def depart(config: Config, environ: Mapping[str, str], home: Path) -> dict[str, ArgoClient]:
    """A client for each Argo CD, by name, with its first requests under way.

    One that cannot be made is left out: its source will meet the same error and say so.
    """
    from anchor_tui.sources.argocd.client import ArgoClient
    from anchor_tui.sources.credentials import argocd_access

    clients = {}
    for server in config.all_servers:
        try:
            clients[server.name] = ArgoClient(argocd_access(server, environ, home=home), read_only=config.read_only)
        except SourceError:
            continue
        for path, params in INTRODUCTION:
            clients[server.name].ask_ahead(path, params)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    return clients

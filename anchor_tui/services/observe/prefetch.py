"""Sends the first request to each Argo CD before anything else is loaded.

A server needs time to answer, and our imports need time to load: this way the two overlap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.config.model import Config

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.connection import ConnectionSettings
    from anchor_tui.sources.argocd.prefetch import PrefetchedResponse, RequestKey

SEND_TIMEOUT_S = 0.03
"""The longest wait until the requests have left, in seconds: enough for a near server."""
START_TIMEOUT_S = 0.5
"""The longest wait until the requests have been created, imports and credentials included, in seconds."""


class Prefetch(NamedTuple):
    """The first requests to one Argo CD, and the connection they use."""

    connection: ConnectionSettings
    responses: Mapping[RequestKey, PrefetchedResponse]


def start_prefetch(config: Config, environ: Mapping[str, str], home: Path) -> dict[str, Prefetch]:
    """Send the first requests to each Argo CD; return them by the name of the server, when they have left.

    A server without credentials, with unusable TLS files, or with a keyring that waits at a prompt is left out. Its
    source connects later, and reports the failure.
    """
    prefetches: dict[str, Prefetch] = {}
    sender = threading.Thread(
        target=_send_requests, args=(config, environ, home, prefetches), name="argocd-prefetch", daemon=True
    )
    sender.start()
    sender.join(START_TIMEOUT_S)
    return dict(prefetches)


def _send_requests(config: Config, environ: Mapping[str, str], home: Path, prefetches: dict[str, Prefetch]) -> None:
    from anchor_tui.sources.argocd.connection import resolve_connection
    from anchor_tui.sources.argocd.endpoints import FIRST_REQUESTS
    from anchor_tui.sources.argocd.prefetch import send_prefetch_requests
    from anchor_tui.sources.credentials.argocd import find_argocd_access
    from anchor_tui.sources.errors import SourceError

    for server in config.servers_in_use:
        try:
            access = find_argocd_access(server, environ, home=home)
            connection = resolve_connection(access, server.max_response_bytes)
        except SourceError:
            continue
        prefetches[server.name] = Prefetch(connection, send_prefetch_requests(connection, FIRST_REQUESTS))
    deadline = time.monotonic() + SEND_TIMEOUT_S
    for prefetch in tuple(prefetches.values()):
        for response in prefetch.responses.values():
            response.sent.wait(max(0.0, deadline - time.monotonic()))

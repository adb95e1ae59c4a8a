"""The first requests, on their way before anything else is loaded, the event loop and the screen included.

A server takes its time to answer, and so do our own imports: the one goes on while the other does.
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
"""How long to wait until the requests have left: near servers take less, and for far ones nobody waits."""
START_TIMEOUT_S = 0.5
"""How long to wait until they could be made at all, the imports included."""


class Prefetch(NamedTuple):
    """The first requests to one Argo CD, and the way they took."""

    connection: ConnectionSettings
    responses: Mapping[RequestKey, PrefetchedResponse]


def start_prefetch(config: Config, environ: Mapping[str, str], home: Path) -> dict[str, Prefetch]:
    """Sends the first requests to each Argo CD, by its name; returns when they have left, or soon.

    One that cannot be asked, or not at once, is left out: its source will ask, or meet the same error and say
    so. A token from the keyring may take a prompt that nobody answers.
    """
    departed: dict[str, Prefetch] = {}
    sender = threading.Thread(
        target=_send_requests, args=(config, environ, home, departed), name="headstart", daemon=True
    )
    sender.start()
    sender.join(START_TIMEOUT_S)
    return dict(departed)


def _send_requests(config: Config, environ: Mapping[str, str], home: Path, departed: dict[str, Prefetch]) -> None:
    from anchor_tui.sources.argocd.connection import resolve_connection
    from anchor_tui.sources.argocd.endpoints import FIRST_REQUESTS
    from anchor_tui.sources.argocd.prefetch import send_prefetch_requests
    from anchor_tui.sources.credentials.argocd import find_argocd_access
    from anchor_tui.sources.errors import SourceError

    for server in config.servers_in_use:
        try:
            route = resolve_connection(find_argocd_access(server, environ, home=home))
        except SourceError:
            continue
        departed[server.name] = Prefetch(route, send_prefetch_requests(route, FIRST_REQUESTS))
    until = time.monotonic() + SEND_TIMEOUT_S
    for parcel in (parcel for each in tuple(departed.values()) for parcel in each.responses.values()):
        parcel.sent.wait(max(0.0, until - time.monotonic()))

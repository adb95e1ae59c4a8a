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
    from anchor_tui.sources.argocd.ahead import Asked, Parcel
    from anchor_tui.sources.argocd.route import Route

SENT_WITHIN_S = 0.03
"""How long to wait until the requests have left: near servers take less, and for far ones nobody waits."""
DEPARTED_WITHIN_S = 0.5
"""How long to wait until they could be made at all, the imports included."""


class Departed(NamedTuple):
    """The first requests to one Argo CD, and the way they took."""

    route: Route
    parcels: Mapping[Asked, Parcel]


def depart(config: Config, environ: Mapping[str, str], home: Path) -> dict[str, Departed]:
    """Sends the first requests to each Argo CD, by its name; returns when they have left, or soon.

    One that cannot be asked, or not at once, is left out: its source will ask, or meet the same error and say
    so. A token from the keyring may take a prompt that nobody answers.
    """
    departed: dict[str, Departed] = {}
    sender = threading.Thread(target=_send, args=(config, environ, home, departed), name="headstart", daemon=True)
    sender.start()
    sender.join(DEPARTED_WITHIN_S)
    return dict(departed)


def _send(config: Config, environ: Mapping[str, str], home: Path, departed: dict[str, Departed]) -> None:
    from anchor_tui.sources.argocd.ahead import send_ahead
    from anchor_tui.sources.argocd.requests import INTRODUCTION
    from anchor_tui.sources.argocd.route import route_to
    from anchor_tui.sources.credentials.argocd import find_argocd_access
    from anchor_tui.sources.errors import SourceError

    for server in config.servers_in_use:
        try:
            route = route_to(find_argocd_access(server, environ, home=home))
        except SourceError:
            continue
        departed[server.name] = Departed(route, send_ahead(route, INTRODUCTION))
    until = time.monotonic() + SENT_WITHIN_S
    for parcel in (parcel for each in tuple(departed.values()) for parcel in each.parcels.values()):
        parcel.sent.wait(max(0.0, until - time.monotonic()))

"""The first requests, on their way before anything else is loaded, the event loop and the screen included.

A server takes its time to answer, and so do our own imports: the one goes on while the other does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.config import Config

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.ahead import Asked, Parcel
    from anchor_tui.sources.argocd.route import Route

DEPARTED_WITHIN_S = 0.03
"""How long to wait until the requests have left: near servers take less, and for far ones nobody waits."""


class Departed(NamedTuple):
    """The first requests to one Argo CD, and the way they took."""

    route: Route
    parcels: Mapping[Asked, Parcel]


def depart(config: Config, environ: Mapping[str, str], home: Path) -> dict[str, Departed]:
    """Sends the first requests to each Argo CD, by its name.

    One that cannot be asked is left out: its source will meet the same error and say so.
    """
    from anchor_tui.sources.argocd.ahead import send_ahead
    from anchor_tui.sources.argocd.requests import INTRODUCTION
    from anchor_tui.sources.argocd.route import route_to
    from anchor_tui.sources.credentials import argocd_access
    from anchor_tui.sources.errors import SourceError

    departed = {}
    for server in config.all_servers:
        try:
            route = route_to(argocd_access(server, environ, home=home))
        except SourceError:
            continue
        departed[server.name] = Departed(route, send_ahead(route, INTRODUCTION))
    until = time.monotonic() + DEPARTED_WITHIN_S
    for parcel in (parcel for each in departed.values() for parcel in each.parcels.values()):
        parcel.sent.wait(max(0.0, until - time.monotonic()))
    return departed

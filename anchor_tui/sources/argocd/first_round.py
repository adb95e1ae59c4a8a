"""The first round of a stream: it begins with every application, with the details that a list lacks."""

from __future__ import annotations

import asyncio

from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.endpoints import WATCH_REQUEST
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import SourceError

FIRST_ROUND_S = 3.0
"""A stream begins with every application. After so many seconds without one of them, the rest is requested."""


async def read_first_round(client: ReadClient, store: ApplicationStore) -> None:
    """Read the stream until it has sent the details of each listed application.

    It ends early if no details arrive for FIRST_ROUND_S, or if the stream fails: the caller requests what is missing.
    Events of applications whose details are known do not prolong it.
    """
    clock = asyncio.get_running_loop().time
    missing_count = store.missing_details_count
    try:
        async with asyncio.timeout(FIRST_ROUND_S) as silence, client.stream_events(*WATCH_REQUEST) as events:
            async for event in events:
                if event is not None and event.result is not None:
                    store.apply_event(event.result)
                if store.missing_details_count < missing_count:
                    missing_count = store.missing_details_count
                    silence.reschedule(clock() + FIRST_ROUND_S)
                if not missing_count:
                    return
    except (TimeoutError, SourceError):
        return

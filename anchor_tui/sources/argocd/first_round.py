"""The first round of a stream: it begins with every application, with the details that a list lacks."""

from __future__ import annotations

import asyncio

from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.endpoints import WATCH_REQUEST
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import SourceError

FIRST_ROUND_S = 3.0
"""A stream begins with every application. Those it has not sent after so many seconds are requested one by one."""


async def read_first_round(client: ReadClient, store: ApplicationStore) -> None:
    """Read the stream until it has sent the details of each listed application.

    It ends early after a silence of FIRST_ROUND_S, or if the stream fails: the caller requests what is missing.
    """
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(FIRST_ROUND_S) as silence, client.stream_events(*WATCH_REQUEST) as events:
            async for event in events:
                if event is not None and event.result is not None:
                    store.apply_event(event.result)
                    silence.reschedule(clock() + FIRST_ROUND_S)
                if not store.missing_details_count:
                    return
    except (TimeoutError, SourceError):
        return

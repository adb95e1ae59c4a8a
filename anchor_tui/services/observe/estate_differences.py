"""The differences between git and the clusters, of many applications at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeAlias

from anchor_tui.domain.model import AppId, Application, Snapshot
from anchor_tui.domain.readings import Reading

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.differences import ResourceDifference

MAX_CONCURRENT_APPLICATIONS = 4
"""Applications whose comparison is requested at once: each answer is large, and the server may have to wait for it."""

DifferencesReading: TypeAlias = "Reading[tuple[ResourceDifference, ...]]"


def list_compared_applications(snapshot: Snapshot, *, all_of_them: bool) -> tuple[Application, ...]:
    """Return the applications that are out of sync, in the order of the environments; with `all_of_them` all."""
    return tuple(
        application
        for application in snapshot.all_applications
        if application.presence == "found" and (all_of_them or application.sync != "Synced")
    )


async def read_estate_differences(
    applications: Iterable[Application], request: Callable[[Application], Future[DifferencesReading]]
) -> AsyncGenerator[tuple[AppId, DifferencesReading], None]:
    """Yield the differences of each application as they arrive. If the caller stops, the requests are cancelled."""
    limit = asyncio.Semaphore(MAX_CONCURRENT_APPLICATIONS)

    async def read_one(application: Application) -> tuple[AppId, DifferencesReading]:
        async with limit:
            return application.id, await asyncio.wrap_future(request(application))

    tasks = [asyncio.create_task(read_one(application)) for application in applications]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()

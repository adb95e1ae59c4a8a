"""The first round of a stream: when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from anchor_tui.config.model import ServerConfig
from anchor_tui.sources.argocd import first_round
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.first_round import read_first_round
from anchor_tui.sources.argocd.response import ApiResponse
from tests.sources.argocd.fakes import NOW, FakeArgoCD, application_json, make_client, make_environment_configs

NAMES = ("busy", "lost", "other")


def make_listed_store() -> ApplicationStore:
    """Return a store that knows the applications by the short state of a list only."""
    store = ApplicationStore(ServerConfig(), make_environment_configs({"prod": NAMES}), lambda: NOW)
    listed = {"items": [application_json(name) for name in NAMES]}
    store.apply_list_later(ApiResponse(json.dumps(listed).encode(), 0.0))
    return store


async def read_events(store: ApplicationStore, names: Iterator[str]) -> int:
    """Read a first round whose stream sends an event for each name. Return the number of events that were sent."""
    argo, sent = FakeArgoCD(), 0
    client = make_client(argo)

    async def send_events() -> None:
        nonlocal sent
        stream = await argo.wait_for_stream()
        for name in names:
            stream.send("MODIFIED", application_json(name))
            sent += 1
            await asyncio.sleep(0.001)

    sending = asyncio.create_task(send_events())
    try:
        async with asyncio.timeout(5):
            await read_first_round(client, store)
    finally:
        sending.cancel()
        await client.aclose()
    return sent


def repeat(name: str) -> Iterator[str]:
    while True:
        yield name


async def test_events_without_missing_details_do_not_prolong_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_round, "FIRST_ROUND_S", 0.05)
    store = make_listed_store()
    assert await read_events(store, repeat("busy")) > 1
    assert store.missing_details_count == 2


async def test_each_application_with_new_details_prolongs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[int] = []

    class CountedTimeout(asyncio.Timeout):
        def __init__(self, delay_s: float) -> None:
            super().__init__(asyncio.get_running_loop().time() + delay_s)
            self.count = 0

        def reschedule(self, when: float | None) -> None:
            self.count += 1  # the first time is the entry
            super().reschedule(when)

        async def __aexit__(self, *error: Any) -> bool | None:
            deadlines.append(self.count - 1)
            return await super().__aexit__(*error)

    monkeypatch.setattr(first_round.asyncio, "timeout", CountedTimeout)
    store = make_listed_store()
    await read_events(store, iter(["busy", "busy", "other", "lost"]))
    assert store.missing_details_count == 0
    assert max(deadlines) == 3

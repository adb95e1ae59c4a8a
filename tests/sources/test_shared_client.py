"""One client for several readings."""

from __future__ import annotations

import asyncio

import pytest

from anchor_tui.sources.shared_client import SharedClient


class FakeClient:
    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_readings_at_the_same_time_open_one_client():
    opened: list[FakeClient] = []

    async def open_client() -> FakeClient:
        await asyncio.sleep(0)
        opened.append(FakeClient())
        return opened[-1]

    shared = SharedClient(open_client)
    clients = await asyncio.gather(*(shared.get() for _ in range(5)))
    assert opened == [clients[0]]
    await shared.aclose()
    assert opened[0].closed


async def test_a_failed_opening_is_tried_again():
    attempts = 0

    async def open_client() -> FakeClient:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ConnectionError
        return FakeClient()

    shared = SharedClient(open_client)
    with pytest.raises(ConnectionError):
        await shared.get()
    assert isinstance(await shared.get(), FakeClient)

"""The connection of an inspector."""

from __future__ import annotations

import asyncio
from typing import Any

from anchor_tui.domain.readings import Unavailable
from anchor_tui.services.observe.inspect import ApplicationInspector
from anchor_tui.sources.errors import Unreachable
from tests.values import application


class FakeClient:
    is_closed = False

    async def get(self, *_: object) -> None:
        raise Unreachable("no server in this test")

    async def aclose(self) -> None:
        self.is_closed = True


class FakeConnections:
    def __init__(self) -> None:
        self.opened: list[FakeClient] = []

    async def connect_argocd(self, _: str) -> FakeClient:
        await asyncio.sleep(0)
        self.opened.append(FakeClient())
        return self.opened[-1]


async def test_parts_read_at_the_same_time_share_one_connection():
    connections: Any = FakeConnections()
    inspector = ApplicationInspector(connections, application())
    readings = await asyncio.gather(inspector.read_events(), inspector.read_tree())
    assert all(isinstance(reading, Unavailable) for reading in readings)
    await inspector.aclose()
    assert [client.is_closed for client in connections.opened] == [True]

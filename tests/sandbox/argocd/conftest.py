from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from anchor_tui.sandbox.server import Sandbox


@pytest_asyncio.fixture
async def viewer(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose token may read only."""
    headers = {"authorization": f"Bearer {box.argocd.sessions.issue_token('audit:apiKey', read_only=True)}"}
    async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client:
        yield client

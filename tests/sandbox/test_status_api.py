from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from anchor_tui.sandbox.server import Sandbox

EVENT = {"event": "promotion.started", "engine_id": "anchor-msp", "environment": "prod"}


@pytest_asyncio.fixture
async def status(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {box.status_token}"}
    async with httpx.AsyncClient(headers=headers, timeout=5, verify=False) as client:
        yield client


async def test_an_event_is_received_and_kept(box: Sandbox, status: httpx.AsyncClient) -> None:
    answer = await status.post(box.status_url, json=EVENT)
    assert (answer.status_code, answer.json()) == (202, {"id": "evt_000001"})
    assert box.status_api.events == [EVENT]
    (listed,) = (await status.get(box.status_url)).json()["events"]
    assert listed == {
        "id": "evt_000001",
        "received_at": "2026-11-23T12:00:00Z",
        "idempotency_key": None,
        "event": EVENT,
    }


async def test_a_repeated_key_is_the_same_event(box: Sandbox, status: httpx.AsyncClient) -> None:
    answers = [await status.post(box.status_url, json=EVENT, headers={"idempotency-key": key}) for key in "aab"]
    assert [answer.status_code for answer in answers] == [202, 200, 202]
    assert [answer.json()["id"] for answer in answers] == ["evt_000001", "evt_000001", "evt_000002"]
    assert len(box.status_api.events) == 2


@pytest.mark.parametrize(
    ("given", "status_code"),
    [
        ({"json": EVENT, "headers": {"authorization": "Bearer nope"}}, 401),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": [EVENT]}, 400),
        ({"json": {"event": "x"}}, 400),
        ({"json": {"event": 1, "engine_id": "x"}}, 400),
    ],
)
async def test_an_invalid_event_is_refused(
    box: Sandbox, status: httpx.AsyncClient, given: dict[str, Any], status_code: int
) -> None:
    answer = await status.post(box.status_url, **given)
    assert answer.status_code == status_code
    assert answer.json().keys() == {"error"}
    assert box.status_api.events == []


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500])
async def test_a_fault_makes_it_respond_with_an_error(box: Sandbox, status: httpx.AsyncClient, code: int) -> None:
    box.faults.add(f"status:status={code},times=1")
    answers = [(await status.post(box.status_url, json=EVENT)).status_code for _ in range(2)]
    assert answers == [code, 202]


async def test_a_response_can_be_lost_or_missing(box: Sandbox, status: httpx.AsyncClient) -> None:
    box.faults.add("status:reset=after,times=1,method=POST")
    with pytest.raises(httpx.ReadError):
        await status.post(box.status_url, json=EVENT)
    box.faults.add("status:hang=after")
    with pytest.raises(httpx.ReadTimeout):
        await status.post(box.status_url, json=EVENT, timeout=0.1)
    assert len(box.status_api.events) == 2


async def test_a_duplicate_is_kept_once_only_with_a_key(box: Sandbox, status: httpx.AsyncClient) -> None:
    box.faults.add("status:duplicate")
    twice = await status.post(box.status_url, json=EVENT)
    assert (twice.status_code, len(box.status_api.events)) == (202, 2)
    once = await status.post(box.status_url, json=EVENT, headers={"idempotency-key": "a"})
    assert (once.status_code, len(box.status_api.events)) == (200, 3)


@pytest.mark.parametrize(("fault", "start"), [("html", "<!DOCTYPE"), ("truncated", '{"id"'), ("status=502", "<html>")])
async def test_a_proxy_can_break_the_response(box: Sandbox, status: httpx.AsyncClient, fault: str, start: str) -> None:
    box.faults.add(f"status:{fault}")
    assert (await status.post(box.status_url, json=EVENT)).text.startswith(start)

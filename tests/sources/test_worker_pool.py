"""Many calls, a few at a time."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from anchor_tui.sources.worker_pool import call_concurrently


async def test_results_keep_the_order_of_the_items():
    async def double(number: int) -> int:
        for _ in range(10 - number):
            await asyncio.sleep(0)
        return 2 * number

    assert await call_concurrently(double, range(10), 3) == [2 * number for number in range(10)]


async def test_an_error_is_raised_after_the_last_call():
    seen: list[int] = []

    async def fail_at_two(number: int) -> None:
        seen.append(number)
        if number == 2:
            raise ValueError(number)

    with pytest.raises(ValueError, match="2"):
        await call_concurrently(fail_at_two, range(6), 2)
    assert sorted(seen) == list(range(6))


async def test_a_cancellation_leaves_no_coroutine_behind():
    started: list[int] = []

    async def hang(number: int) -> None:
        started.append(number)
        await asyncio.Event().wait()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await call_concurrently(hang, range(1_000), 4)
    assert started == [0, 1, 2, 3]

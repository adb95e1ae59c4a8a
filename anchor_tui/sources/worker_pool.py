"""Many awaitable calls, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


async def call_concurrently(call: Callable[[S], Awaitable[T]], items: Iterable[S], limit: int) -> list[T]:
    """Call for each item, in their order, at most `limit` at once; return the results in the same order.

    An error does not end the other calls: the first one is raised after the last call. No call is created before its
    turn, so that a cancellation leaves none behind that was never awaited.
    """
    pending = enumerate(items)
    results: dict[int, T] = {}
    errors: list[Exception] = []

    async def work() -> None:
        for index, item in pending:
            try:
                results[index] = await call(item)
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)

    workers = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if errors:
        raise errors[0]
    return [results[index] for index in sorted(results)]

"""A coroutine in a loop of its own: threads that hang do not delay its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from anchor_tui.services.observe.event_loop import close_loop, run_in_own_loop


def test_the_result_does_not_wait_for_a_hanging_thread() -> None:
    is_over, has_ended = threading.Event(), threading.Event()

    def hang() -> None:
        is_over.wait(5)
        has_ended.set()

    async def read() -> str:
        asyncio.get_running_loop().run_in_executor(None, hang)
        return "read"

    try:
        assert run_in_own_loop(read()) == "read"
        assert not has_ended.is_set()
    finally:
        is_over.set()


@pytest.mark.parametrize("error", [KeyError("x"), KeyboardInterrupt()])
def test_an_error_ends_the_other_tasks_too(error: BaseException) -> None:
    ended = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def fail() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        ended.append("failing")
        raise error
        await waiting

    with pytest.raises(type(error)):
        run_in_own_loop(fail())
    assert ended == ["failing", "waiting"]


def test_a_task_that_begins_at_the_end_is_cancelled() -> None:
    begun: list[asyncio.Task[None]] = []

    async def wait() -> None:
        await asyncio.Event().wait()

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            begun.append(asyncio.create_task(wait()))

    async def begin() -> int:
        return await anext(generator)

    loop, generator = asyncio.new_event_loop(), generate()
    assert loop.run_until_complete(begin()) == 1
    close_loop(loop)
    assert [task.cancelled() for task in begun] == [True]

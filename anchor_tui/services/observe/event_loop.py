"""Event loops and their end: what still runs is cancelled, so that nothing is left that was never awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
MAX_CANCEL_ROUNDS = 10


def run_in_own_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new event loop, and return its result.

    Unlike `asyncio.run` it does not wait for threads that hang in a name look-up or in the prompt of a keyring. They
    end with the process.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    except KeyboardInterrupt:
        loop.set_exception_handler(lambda *_: None)  # it would print a traceback for each task that is cut short
        raise
    finally:
        close_loop(loop)


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel every task, wait for the end of each, and close the loop. Threads are not waited for."""
    loop.run_until_complete(_cancel_pending_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(_cancel_pending_tasks())  # those that another thread, or the end of a generator, has begun
    loop.close()


async def _cancel_pending_tasks() -> None:
    """Cancel every other task, so that the futures of plans and outcomes end. The audit contains what was sent."""
    for _ in range(MAX_CANCEL_ROUNDS):  # the end of a task can begin another one
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        if not pending:
            return
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

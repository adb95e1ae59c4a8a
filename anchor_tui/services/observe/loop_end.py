"""The end of an event loop: what still runs on it is cancelled, so that nothing is left that was never awaited."""

from __future__ import annotations

import asyncio

MAX_CANCEL_ROUNDS = 10


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel every task, wait for the end of each, and close the loop.

    Unlike `asyncio.run` this does not wait for threads, which may hang in a name look-up or in the prompt of a keyring.
    """
    loop.run_until_complete(_cancel_pending_tasks())
    loop.run_until_complete(loop.shutdown_asyncgens())
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

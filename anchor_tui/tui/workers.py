"""Background work of a screen or the application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.tui.safe_app import SafeApp

if TYPE_CHECKING:
    from textual.worker import Worker


def start_worker(
    node: DOMNode,
    work: Callable[[], Coroutine[Any, Any, None]],
    *,
    group: str = "default",
    exclusive: bool = False,
) -> None:
    """Run an async function as a worker of a node. An internal error of it is shown and does not end the screen.

    It takes a function, not a coroutine: a worker that is cancelled before its start never calls the function, while a
    coroutine would never be awaited.
    """

    async def run_guarded() -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - an internal error is shown and must not end the screen
            if isinstance(node.app, SafeApp):
                node.app.record_failure(format_internal_error(error), error)

    _worker: Worker[None] = node.run_worker(run_guarded, group=group, exclusive=exclusive)

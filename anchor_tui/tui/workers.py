"""Background work of a screen or the application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

if TYPE_CHECKING:
    from textual.worker import Worker


def start_worker(
    node: DOMNode,
    work: Callable[[], Coroutine[Any, Any, None]],
    *,
    group: str = "default",
    exclusive: bool = False,
    exit_on_error: bool = True,
) -> None:
    """Run an async function as a worker of a node.

    It takes a function, not a coroutine: a worker that is cancelled before its start never calls the function, while a
    coroutine would never be awaited.
    """
    _worker: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=exit_on_error)

"""GitHub's REST endpoints for workflows and their runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from anchor_tui.sandbox.github import Endpoint

if TYPE_CHECKING:
    from anchor_tui.sandbox.github import GitHub


def routes(github: GitHub) -> Iterator[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each."""
    yield from ()

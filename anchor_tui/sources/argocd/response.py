"""A successful response of Argo CD; this module does not import httpx."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from anchor_tui.sources.json_body import decode_json

T = TypeVar("T")


class ApiResponse(NamedTuple):
    """The body of a 200 response and its duration in seconds, from the request to the last byte.

    `date` is the server's clock as HTTP writes it, in whole seconds; empty if the server did not send it.
    """

    body: bytes
    duration_s: float
    date: str = ""

    def decode(self, shape: type[T]) -> T:
        """Decode the body as `shape`. Raises InvalidResponse if it ended early or has another shape."""
        return decode_json(self.body, shape)

"""JSON bodies of responses. This module does not import httpx."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from anchor_tui.sources.errors import InvalidResponse

T = TypeVar("T")


def decode_json(body: bytes, shape: type[T]) -> T:
    """Decode JSON as `shape`. Raises InvalidResponse for HTML, for a body that ended early and for another shape."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise InvalidResponse(f"the answer has an unexpected shape: {error}") from error
    except msgspec.DecodeError as error:
        if is_html(body):
            raise InvalidResponse(html_error_text("the address")) from error
        raise InvalidResponse(f"the answer ended early or is not JSON ({len(body):,} bytes: {error})") from error


def is_html(body: bytes) -> bool:
    """Return whether a body is a page for people, most likely a proxy's."""
    return body.lstrip()[:1] == b"<"


def html_error_text(address: str) -> str:
    """Return the error text for a page of HTML that came from an address."""
    return f"{address} answered with a page of HTML instead of JSON: a proxy's login page, or the wrong root_path?"

"""JSON bodies of responses. This module does not import httpx.

Any exception of reading foreign JSON becomes InvalidResponse here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from anchor_tui.sources.errors import InvalidResponse, SourceError
from anchor_tui.sources.json_repair import MAX_REPAIRED_BYTES, repair_json

T = TypeVar("T")
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Times outside these years are unknown: Go's zero time is in the year 1, and calculations with 9999 overflow."""


def decode_json(body: bytes, shape: type[T]) -> T:
    """Decode JSON as `shape`. Raises InvalidResponse for HTML, for a body that ended early and for another shape.

    A body with a value that no decoder accepts is repaired first, see `json_repair`.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except Exception as error:  # besides msgspec's own: RecursionError, UnicodeDecodeError
        if _is_repairable(body, error) and (repaired := _decode_repaired(body, shape)) is not None:
            return repaired
        raise _to_invalid_response(body, error) from error


def _is_repairable(body: bytes, error: Exception) -> bool:
    if len(body) > MAX_REPAIRED_BYTES:
        return False
    is_odd_value = isinstance(error, RecursionError) or "out of range" in str(error)
    return is_odd_value or b"\\ud" in body or b"\\uD" in body


def _decode_repaired(body: bytes, shape: type[T]) -> T | None:
    try:
        repaired = repair_json(body)
        return msgspec.json.decode(repaired, type=shape) if repaired != body else None
    except Exception:  # noqa: BLE001 - the caller reports the failure of the first attempt
        return None


def _to_invalid_response(body: bytes, error: Exception) -> InvalidResponse:
    if isinstance(error, msgspec.ValidationError | UnicodeDecodeError):
        return InvalidResponse(f"the answer has an unexpected shape: {error}")
    if is_html(body):
        return InvalidResponse(html_error_text("the address"))
    if isinstance(error, RecursionError):
        return InvalidResponse("the answer has an unexpected shape: it is nested too deep")
    return InvalidResponse(f"the answer ended early or is not JSON ({len(body):,} bytes: {error})")


@contextmanager
def foreign_values(subject: str) -> Iterator[None]:
    """Raise any exception of converting foreign values as InvalidResponse. `subject` begins its message."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, msgspec.MsgspecError) else f"{type(error).__name__}: {error}"
        raise InvalidResponse(f"{subject} has an unexpected shape: {reason}") from error


def to_utc(moment: datetime | None) -> datetime | None:
    """Convert a time to UTC; None if it is unknown or so far away that calculations with it would fail."""
    if moment is None or not _FIRST_YEAR < moment.year < _LAST_YEAR:
        return None
    return moment.astimezone(UTC)


def is_html(body: bytes) -> bool:
    """Return whether a body is a page for people, most likely a proxy's."""
    return body.lstrip()[:1] == b"<"


def html_error_text(address: str) -> str:
    """Return the error text for a page of HTML that came from an address."""
    return f"{address} answered with a page of HTML instead of JSON: a proxy's login page, or the wrong root_path?"

"""An answer of Argo CD, and how it is read. Knows nothing of how it came."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from anchor_tui.sources.errors import InvalidResponse

T = TypeVar("T")


class ApiResponse(NamedTuple):
    """The body of a 200 and how long it took, in seconds from the request to the last byte.

    `date` is the server's own clock as HTTP writes it, in whole seconds; empty where it did not say.
    """

    body: bytes
    duration_s: float
    date: str = ""

    def decode(self, shape: type[T]) -> T:
        """The body as `shape`; a body that ended early or has another form is a `BadAnswer`."""
        return decode_json(self.body, shape)


def decode_json(body: bytes, shape: type[T]) -> T:
    """JSON as `shape`, or a `BadAnswer` that says what came instead."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise InvalidResponse(f"the answer has an unexpected shape: {error}") from error
    except msgspec.DecodeError as error:
        if is_html(body):
            raise InvalidResponse(html_error_text("the address")) from error
        raise InvalidResponse(f"the answer ended early or is no JSON ({len(body):,} bytes: {error})") from error


def is_html(body: bytes) -> bool:
    """Whether a body is a page for people: a proxy's, most likely."""
    return body.lstrip()[:1] == b"<"


def html_error_text(where: str) -> str:
    """What to say then."""
    return f"{where} answered with a page of HTML instead of JSON: a proxy's login page, or the wrong root_path?"

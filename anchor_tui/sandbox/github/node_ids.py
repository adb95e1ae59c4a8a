"""GitHub's opaque ids. The sandbox's tell whose they are when they come back."""

from __future__ import annotations

import base64
import binascii


def encode_node_id(kind: str, *parts: object) -> str:
    """An opaque id, the same for the same thing."""
    return f"{kind}_{base64.urlsafe_b64encode(':'.join(map(str, parts)).encode()).decode().rstrip('=')}"


def decode_node_id(given: str) -> tuple[str, list[str]] | None:
    """Kind and parts of an id; None if it is none of ours."""
    kind, _, coded = given.partition("_")
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        return kind, raw.decode().split(":")
    except (binascii.Error, UnicodeDecodeError):
        return None

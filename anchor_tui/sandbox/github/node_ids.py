"""GitHub's opaque node ids. The sandbox's ids contain the kind and the key of their object."""

from __future__ import annotations

import base64
import binascii


def encode_node_id(kind: str, *parts: object) -> str:
    """Return the id of an object; it is always the same."""
    return f"{kind}_{base64.urlsafe_b64encode(':'.join(map(str, parts)).encode()).decode().rstrip('=')}"


def decode_node_id(identifier: str) -> tuple[str, list[str]] | None:
    """Return kind and key of an id; None if the sandbox did not create it."""
    kind, _, encoded = identifier.partition("_")
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        return kind, raw.decode().split(":")
    except (binascii.Error, UnicodeDecodeError):
        return None

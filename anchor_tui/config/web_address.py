"""Checks of web addresses: http or https, without a password, and on this machine or not."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Return True if a host is this machine. Only the text is examined; no name is resolved."""
    host = host.strip("[]").lower()
    return host in {"localhost", "::1"} or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def parse_url(text: str) -> SplitResult:
    """Split an http or https address into its parts.

    Raises ValueError with a message for the operator if the text is not such an address, contains a user or password,
    or contains a query or fragment.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("accepted: an address, as https://cd.example.com")
    if "@" in parts.netloc:
        raise ValueError("an address must not contain a user or a password")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port is not a number from 1 to 65535")
    if parts.query or parts.fragment or any(character.isspace() for character in text):
        raise ValueError("an address ends with its path: no ?, # or blank")
    return parts

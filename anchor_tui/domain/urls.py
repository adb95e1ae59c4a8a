"""Addresses (URLs) taken apart, so that what they name is judged on their parts and not on their text."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class ParsedUrl(NamedTuple):
    """An address in its parts: the host in small letters without a trailing dot, the rest decoded."""

    scheme: str
    user: str
    host: str
    port: int | None
    path: str
    query: str

    def mentions(self, word: str) -> bool:
        """Whether a word stands in any part: as a host, in a path, in what comes before an @."""
        return any(word in part for part in (self.host, self.user, self.path, self.query))


def parse_url(text: str) -> ParsedUrl:
    """The parts of an absolute address; ValueError in words for what is none.

    Blanks, control characters and backslashes are refused: clients differ in what they take them for.
    """
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in text):
        raise ValueError("it holds a blank, a control character or a backslash")
    parts = urlsplit(text)
    if not parts.scheme or not parts.netloc:
        raise ValueError("it is no absolute address (https://host/…)")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("its port is no number from 0 to 65535") from error
    host = _decode_text(parts.hostname or "").rstrip(".")
    if not host:
        raise ValueError("it names no host")
    user = _decode_text(f"{parts.username or ''}:{parts.password or ''}")
    query = _decode_text(f"{parts.query}#{parts.fragment}")
    return ParsedUrl(parts.scheme.lower(), user, host, port, _decode_text(parts.path), query)


def _decode_text(text: str) -> str:
    """Percent signs decoded as often as they hide something, look-alikes unified, small letters."""
    for _ in range(3):
        decoded = unquote(text)
        if decoded == text:
            break
        text = decoded
    return _decode_punycode(unicodedata.normalize("NFKC", text).lower())


def _decode_punycode(text: str) -> str:
    labels = []
    for label in text.split("."):
        if label.startswith("xn--"):
            with suppress(UnicodeError):
                label = label[4:].encode("ascii").decode("punycode")
        labels.append(label)
    return ".".join(labels)

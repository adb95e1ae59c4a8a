"""URLs split into parts, so that checks look at what a URL names and not at how it is spelled."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from typing import NamedTuple, TypeGuard
from urllib.parse import unquote, urlsplit


class ParsedUrl(NamedTuple):
    """The parts of a URL: the host in lower case without a trailing dot, the other parts decoded."""

    scheme: str
    user: str
    host: str
    port: int | None
    path: str
    query: str

    def mentions(self, word: str) -> bool:
        """Return True if any part contains the word: host, user and password, path, query and fragment."""
        return any(word in part for part in (self.host, self.user, self.path, self.query))


def is_web_url(url: str | None) -> TypeGuard[str]:
    """Return True for an http or https URL: the only ones that are opened or linked.

    URLs come from foreign data (Argo CD, GitHub), which could name any scheme, such as `javascript:`.
    """
    return url is not None and url.startswith(("https://", "http://"))


def build_repository_url(api_url: str, repository: str) -> str:
    """Return the web address of a repository of GitHub or of an Enterprise server, without a slash at its end."""
    address = api_url.rstrip("/").removesuffix("/api/v3")
    scheme, separator, host = address.partition("://")
    web = f"{scheme}{separator}{host.removeprefix('api.')}" if host == "api.github.com" else address
    return f"{web}/{repository}"


def parse_url(text: str) -> ParsedUrl:
    """Return the parts of an absolute URL. Raises ValueError, with the reason, for any other text.

    Blanks, control characters and backslashes are refused: clients interpret them differently.
    """
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in text):
        raise ValueError("it contains a blank, a control character or a backslash")
    parts = urlsplit(text)
    if not parts.scheme or not parts.netloc:
        raise ValueError("it is not an absolute URL (https://host/…)")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("its port is not a number from 0 to 65535") from error
    host = _decode_text(parts.hostname or "").rstrip(".")
    if not host:
        raise ValueError("it does not name a host")
    user = _decode_text(f"{parts.username or ''}:{parts.password or ''}")
    query = _decode_text(f"{parts.query}#{parts.fragment}")
    return ParsedUrl(parts.scheme.lower(), user, host, port, _decode_text(parts.path), query)


def _decode_text(text: str) -> str:
    """Decode percent escapes (up to three layers) and punycode, unify look-alikes, and lower the case."""
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

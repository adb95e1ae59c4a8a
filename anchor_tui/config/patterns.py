"""The forms that a text in the configuration may be asked to have: a pattern, and words for what is accepted."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit


class TextPattern(NamedTuple):
    """A pattern that the whole text must match, and what a person is told to write."""

    pattern: str
    accepted: str


_NAME = "[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_LABEL = "(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)"

PATTERNS: dict[str, TextPattern] = {
    "name": TextPattern(_NAME, "small letters, digits, dots and dashes, with a letter or digit at both ends"),
    "word": TextPattern(r"[\s\S]*\S[\s\S]*", "a text that is not empty"),
    "repository": TextPattern(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", "owner/name"),
    "reviewer": TextPattern(r"[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", "a user, or a team as organisation/team"),
    "variable": TextPattern("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
    "branch": TextPattern(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*", "the name of a branch"),
    "path": TextPattern(
        r"(?![/~])(?!(?:.*/)?\.\.(?:/|$)).*[^/]", "a path inside the ops repo, with no / at its ends and no .. in it"
    ),
    "root-path": TextPattern(r"/[^\s?#]*", "a path that begins with /"),
    "key-path": TextPattern(r"[^.\s]+(\.[^.\s]+)*", "keys with dots between them, as spec.version"),
    "quantity": TextPattern("[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?", "an amount of memory, as 4Gi or 512Mi"),
    "workflow": TextPattern(r"[\w.-]+\.ya?ml", "a file name under .github/workflows, as promote.yaml"),
    "check": TextPattern("[a-z0-9-]+(\\.[a-z0-9-]+)+", "the id of a check, as release.pinned"),
    "url": TextPattern(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", "an address, as https://cd.example.com"),
    "server-url": TextPattern(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", "an address, as https://cd.example.com"),
    "file": TextPattern(r".+", "a file that is there"),
}
APPLICATION_PATTERN = re.compile(rf"(?:({_NAME})/)?({_NAME})")
SELECTOR_TERM_PATTERN = re.compile(rf"\s*((?:{_NAME}/)?{_LABEL})\s*==?\s*({_LABEL}?)\s*")
TOKEN_PATTERN = re.compile(r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|eyJ[\w-]{8,}(\.[\w-]*)*")
"""What looks like a token itself, and so must not be written down nor printed."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its name or number alone."""
    host = host.strip("[]").lower()
    return host in {"localhost", "::1"} or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def parse_url(text: str) -> SplitResult:
    """The parts of an http or https address; ValueError in words for what is none, or holds a password."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"accepted: {PATTERNS['url'].accepted}")
    if "@" in parts.netloc:
        raise ValueError("an address must hold no user and no password")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port is no number from 1 to 65535")
    if parts.query or parts.fragment or any(character.isspace() for character in text):
        raise ValueError("an address ends with its path: no ?, # or blank")
    return parts

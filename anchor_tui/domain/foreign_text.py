"""Text from outside: made safe for a terminal and a document, shortened, and without tokens.

Every text that anchor-tui did not write is foreign: names, messages, versions, URLs, titles and keys.
"""

from __future__ import annotations

import re

MAX_DISPLAY_LENGTH = 4_096
"""Characters of one foreign text that are displayed. The rest is only counted."""

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[@-~]"  # CSI
    r"|(?:\x1b\]|\x9d)[^\s\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC
    r"|\x1b[@-Z\\^_]"
)
"""A complete escape sequence without spaces, so that words between the start of one and the end of another stay."""
_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
BIDI_CONTROL = re.compile(f"[{_BIDI_CONTROLS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(
    r"gh[opsur]_[A-Za-z0-9]{16,}"
    r"|github_pat_[A-Za-z0-9_]{16,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|AKIA[A-Z0-9]{16}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
)
"""Tokens of GitHub, GitLab, Slack and AWS, and JSON Web Tokens such as those of Argo CD."""
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
MASK = "****"


def sanitize_text(text: str) -> str:
    """Return foreign text as one printable line without escape sequences, text direction marks and tokens."""
    if text.isprintable() and text.isascii():
        return mask_tokens(text)
    return mask_tokens("".join(map(_replace_character, _ESCAPE_SEQUENCE.sub("", text))))


def sanitize_lines(text: str) -> str:
    """Return foreign text as `sanitize_text` does, with its line ends (as LF) and tabs."""
    return "\n".join("\t".join(map(sanitize_text, line.split("\t"))) for line in re.split("\r\n|\r|\n", text))


def replace_surrogates(text: str) -> str:
    """Return text that can be encoded: U+FFFD in place of each lone surrogate."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def is_encodable(text: str) -> bool:
    """Return True if a text has no lone surrogate, as bytes that are not UTF-8 become in an argument or a variable."""
    return text.isascii() or _SURROGATE.search(text) is None


def mask_tokens(text: str) -> str:
    """Return text with known shapes of tokens, and passwords of URLs, replaced by `****`."""
    if "://" in text:
        text = _URL_PASSWORD.sub(MASK, text)
    return _TOKEN.sub(MASK, text)


def shorten_text(text: str, limit: int = MAX_DISPLAY_LENGTH) -> str:
    """Return at most `limit` characters of a foreign text, and then how much was left out: "… 996 KB more"."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… {_format_size(len(text) - limit)} more"


def _format_size(characters: int) -> str:
    return f"{characters} characters" if characters < 1_000 else f"{characters / 1_000:,.0f} KB"


def _replace_character(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return character if character.isprintable() else ""

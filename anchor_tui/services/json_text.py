"""JSON for other programs: any text of it can be encoded, printed and read, and no token is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from anchor_tui.domain.foreign_text import mask_tokens, replace_surrogates

_CANDIDATE = re.compile(r"##\[|[^ -~]")
"""A text that may need an escape: the start of a workflow command of GitHub, or a character beyond plain ASCII."""


def format_json(document: object) -> str:
    """Return an indented JSON document with a final newline. It reads back as `clean_document` of the document."""
    return msgspec.json.format(_format_compact(document), indent=2) + "\n"


def format_json_line(document: object) -> str:
    """Return a JSON document on one line, with a final newline."""
    return _format_compact(document) + "\n"


def _format_compact(document: object) -> str:
    text = _encode_clean_document(document)
    if text is None:
        text = msgspec.json.encode(clean_document(document)).decode()
    return escape_json(text)


def _encode_clean_document(document: object) -> str | None:
    """Return the document in JSON if nothing in it has to be replaced, otherwise None.

    Most documents are clean, and to search their JSON takes a tenth of the time of a walk through the values. A token
    or a password in a value is found in its JSON too: escapes add none of the characters that end one.
    """
    try:
        text = msgspec.json.encode(document).decode()
    except (UnicodeEncodeError, UnicodeDecodeError):  # a lone surrogate
        return None
    return text if mask_tokens(text) == text else None


def clean_document(document: object) -> Any:  # noqa: ANN401 - plain values of any type
    """Return the plain values of a document, with tokens masked and U+FFFD in place of each lone surrogate."""
    return _clean_value(msgspec.to_builtins(document))


def _clean_value(value: object) -> object:
    if isinstance(value, str):
        return mask_tokens(replace_surrogates(value))
    if isinstance(value, Mapping):
        return {_clean_value(key): _clean_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_value(item) for item in value]
    return value


def escape_json(text: str) -> str:
    """Escape the characters of a JSON text that a terminal or a log may act on. The values stay the same."""
    return _CANDIDATE.sub(lambda found: _escape_match(found[0]), text)


def _escape_match(found: str) -> str:
    if found == "##[":
        return r"##\u005b"
    if found.isprintable():
        return found
    units = found.encode("utf-16-be")
    return "".join(f"\\u{units[index] << 8 | units[index + 1]:04x}" for index in range(0, len(units), 2))

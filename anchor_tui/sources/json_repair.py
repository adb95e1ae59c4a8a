"""Repairs of JSON that is valid and still cannot be decoded, so that one odd value does not take a whole answer down.

Lone surrogates become U+FFFD. Numbers that Python cannot represent, and values nested more than MAX_DEPTH levels deep,
become null. This module does not import httpx.
"""

from __future__ import annotations

import math
import re

MAX_DEPTH = 100
"""The nesting of Argo CD's and GitHub's own answers is below 20."""
MAX_REPAIRED_BYTES = 4 * 1024 * 1024
"""Larger answers are not repaired: a repair takes up to half a second for this size."""
MAX_NUMBER_LENGTH = 300
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]+|[\]}]+|-?[0-9][0-9.eE+-]*+', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def repair_json(body: bytes) -> bytes:
    """Return JSON without lone surrogates, numbers that cannot be represented, and values that are nested too deep."""
    parts: list[bytes] = []
    depth, copied_until = 0, 0
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token[:1] in b"[{":
            if depth <= MAX_DEPTH < depth + len(token):
                cut_at = match.start() + MAX_DEPTH - depth
                parts += (body[copied_until:cut_at], b"null")
            depth += len(token)
        elif token[:1] in b"]}":
            depth -= len(token)
            if depth <= MAX_DEPTH < depth + len(token):
                copied_until = match.end() - (MAX_DEPTH - depth)
        elif depth <= MAX_DEPTH and (replaced := _repair_scalar(token)) != token:
            parts += (body[copied_until : match.start()], replaced)
            copied_until = match.end()
    if depth <= MAX_DEPTH:
        parts.append(body[copied_until:])
    return b"".join(parts)


def repair_json_text(text: str) -> str:
    """Return JSON in a text as `repair_json` does; at once if nothing in it can need a repair."""
    if text.count("{") + text.count("[") <= MAX_DEPTH and not _SURROGATE_ESCAPE.search(text):
        return text
    return repair_json(text.encode(errors="replace")).decode(errors="replace")


def _repair_scalar(token: bytes) -> bytes:
    if token[:1] == b'"':
        return _ESCAPE.sub(_replace_lone_surrogate, token) if b"\\u" in token else token
    return b"null" if len(token) > MAX_NUMBER_LENGTH or math.isinf(_to_float(token)) else token


def _replace_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["lone"] else escape.group()


def _to_float(token: bytes) -> float:
    try:
        return float(token)
    except ValueError:  # not a number of JSON; the decoder reports it
        return 0.0

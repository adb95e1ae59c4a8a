"""Writes plain JSON values as YAML for reading: block style, keys in their order, long texts unfolded.

The text is read back as the same values by Helm, Kubernetes and any reader of YAML 1.1 or 1.2. A lone surrogate, which
YAML cannot contain, becomes U+FFFD.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from anchor_tui.domain.foreign_text import replace_surrogates
from anchor_tui.domain.yaml.scalars import escape_text, resolve_scalar

MAX_DEPTH = 100
"""Values that are nested deeper are written in one line, as JSON."""
MAX_KEY_LENGTH = 120
"""A longer key is written after `?`: YAML limits the length of other keys."""

_PLAIN = re.compile(r"[A-Za-z0-9_/.+\\^()][^\x00-\x1f\x7f]*")
_NOT_PLAIN = re.compile(r":(?:\s|$)|\s#|\s$|^(?:---|\.\.\.)(?:\s|$)")
_OLD_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*")
"""Numbers of base 60 and times, which only some readers resolve."""
_BLOCK = re.compile(r"[^\s][^\n]*(?:\n[^\n]*)*")
"""A text whose first line begins with a visible character, so that its indentation is unambiguous."""


def write_yaml(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return the YAML of a JSON value. Texts with several lines become literal blocks."""
    return "".join(f"{line}\n" for line in _write_lines(value))


def _write_lines(value: object) -> list[str]:
    lines: list[str] = []
    if isinstance(value, Mapping) and value:
        _write_mapping(value, "", "", lines, 0)
    elif isinstance(value, list | tuple) and value:
        _write_sequence(value, "  ", lines, 0)
    else:
        lines += _write_scalar(value, "  ")
    return lines


def _write_mapping(value: Mapping[Any, Any], first: str, indent: str, lines: list[str], depth: int) -> None:
    """Add the entries of a mapping. `first` is the text before its first key, `indent` before the others."""
    prefix = first
    for key, item in value.items():
        name = _write_key(str(key))
        if len(name) > MAX_KEY_LENGTH:
            lines.append(f"{prefix}? {name}")
            start = f"{indent}:"
        else:
            start = f"{prefix}{name}:"
        prefix = indent
        if isinstance(item, Mapping) and item and depth < MAX_DEPTH:
            lines.append(start)
            _write_mapping(item, f"{indent}  ", f"{indent}  ", lines, depth + 1)
        elif isinstance(item, list | tuple) and item and depth < MAX_DEPTH:
            lines.append(start)
            _write_sequence(item, f"{indent}  ", lines, depth + 1)
        else:
            texts = _write_scalar(item, f"{indent}  ")
            lines.append(f"{start} {next(texts)}")
            lines += texts


def _write_sequence(value: list[Any] | tuple[Any, ...], indent: str, lines: list[str], depth: int) -> None:
    """Add the items of a list, each after a dash."""
    for item in value:
        if isinstance(item, Mapping) and item and depth < MAX_DEPTH:
            _write_mapping(item, f"{indent}- ", f"{indent}  ", lines, depth + 1)
        elif isinstance(item, list | tuple) and item and depth < MAX_DEPTH:
            lines.append(f"{indent}-")
            _write_sequence(item, f"{indent}  ", lines, depth + 1)
        else:
            texts = _write_scalar(item, f"{indent}  ")
            lines.append(f"{indent}- {next(texts)}")
            lines += texts


def _write_scalar(value: object, indent: str) -> Iterator[str]:
    """Yield the lines of a scalar, or of an empty or very deep value."""
    if isinstance(value, str):
        if "\n" in value and (block := _write_block(value, indent)) is not None:
            yield from block
        else:
            yield _write_text(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, float):
        yield _write_float(value)
    elif isinstance(value, int):
        yield str(value)
    else:
        yield json.dumps(value, ensure_ascii=False)


def _write_float(value: float) -> str:
    if math.isfinite(value):
        text = repr(value)
        # Without the point, readers of YAML 1.1 take it for text.
        return text if "." in text else text.replace("e", ".0e")
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"


@lru_cache(4_096)
def _write_key(text: str) -> str:
    """Return a key. Objects repeat their keys, and the rules cost time."""
    return _write_text(text)


def _write_text(text: str) -> str:
    """Return a text in one line, with quotes if it would be read as something else."""
    if (
        _PLAIN.fullmatch(text)
        and text.isprintable()
        and not _NOT_PLAIN.search(text)
        and not _OLD_NUMBER.fullmatch(text)
        and isinstance(resolve_scalar(text), str)
    ):
        return text
    if ('"' in text or "\\" in text) and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return escape_text(replace_surrogates(text))


def _write_block(text: str, indent: str) -> list[str] | None:
    """Return a literal block; None if the text needs escapes."""
    body = text.rstrip("\n")
    lines = body.split("\n")
    if not _BLOCK.fullmatch(body) or not all(line.replace("\t", "").isprintable() for line in lines):
        return None
    ends = len(text) - len(body)
    mark = "|-" if not ends else "|" if ends == 1 else "|+"
    return [mark, *(f"{indent}{line}" if line else "" for line in lines), *([""] * (ends - 1))]

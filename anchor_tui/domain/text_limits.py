"""Limits of foreign text, applied where a value enters: it can be encoded, and displaying it takes a bounded time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

import msgspec

from anchor_tui.domain.foreign_text import MAX_DISPLAY_LENGTH, replace_surrogates, shorten_text

T = TypeVar("T")
FULL_TEXT_PREFIX = "full_"
_SUFFIX_LENGTH = 32
"""The space for "… 996 KB more", so that a shortened text is not shortened again."""


def limit_text(text: str) -> str:
    """Return a text that can be encoded, shortened to `MAX_DISPLAY_LENGTH` and the size of the rest."""
    text = replace_surrogates(text)
    return text if len(text) <= MAX_DISPLAY_LENGTH + _SUFFIX_LENGTH else shorten_text(text)


def has_short_texts(body: bytes) -> bool:
    """Return True if `limit_texts` would certainly change nothing of the contents of some JSON.

    An escape may be one of a surrogate. Between two quotes that are not escaped is at most one text.
    """
    if b"\\u" in body:
        return False
    parts = body.replace(b'\\"', b"  ").split(b'"') if len(body) > MAX_DISPLAY_LENGTH else ()
    return max(map(len, parts), default=0) <= MAX_DISPLAY_LENGTH


def limit_texts(value: T) -> T:
    """Return a value whose texts are limited, also in nested structs and tuples; the same object if all are short.

    A class may have a field `full_message` beside `message`: it then contains the text of a message that was shortened.
    Texts that are items of a mapping, such as files and labels, are evidence and stay complete.
    """
    return cast("T", _limit_value(value))


def iterate_full_texts(value: object) -> Iterator[str]:
    """Yield the complete texts of the shortened messages in a value, also in nested structs and tuples."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            field = getattr(value, name)
            if isinstance(field, str) and name.startswith(FULL_TEXT_PREFIX):
                yield field
            else:
                yield from iterate_full_texts(field)
    elif isinstance(value, tuple):
        for item in value:
            yield from iterate_full_texts(item)


def _limit_value(value: Any) -> Any:  # noqa: ANN401 - of any type
    if isinstance(value, str):
        return limit_text(value)
    if isinstance(value, msgspec.Struct):
        return _limit_fields(value)
    if isinstance(value, tuple):
        return _limit_items(value)
    if isinstance(value, Mapping):
        changed = {
            key: limited
            for key, item in value.items()
            if isinstance(item, msgspec.Struct) and (limited := _limit_fields(item)) is not item
        }
        return {**value, **changed} if changed else value
    return value


def _limit_fields(value: msgspec.Struct) -> msgspec.Struct:
    changes: dict[str, Any] = {}
    for name in value.__struct_fields__:
        field = getattr(value, name)
        if field is None or name.startswith(FULL_TEXT_PREFIX):
            continue
        limited = _limit_value(field)
        if limited is not field:
            changes[name] = limited
            full_name = FULL_TEXT_PREFIX + name
            if full_name in value.__struct_fields__ and getattr(value, full_name) is None:
                changes[full_name] = replace_surrogates(field)
    return msgspec.structs.replace(value, **changes) if changes else value


def _limit_items(value: tuple[Any, ...]) -> tuple[Any, ...]:
    limited = tuple(map(_limit_value, value))
    if all(map(_is_same, limited, value)):
        return value
    return value._make(limited) if hasattr(value, "_make") else limited


def _is_same(one: object, other: object) -> bool:
    return one is other

"""The JSON boundary: any bytes become a value or InvalidResponse, and one odd value spoils no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.sources.errors import InvalidResponse, NotFound
from anchor_tui.sources.json_body import decode_json, foreign_values, to_utc
from anchor_tui.sources.json_repair import MAX_DEPTH, MAX_NUMBER_LENGTH, repair_json, repair_json_text

DEEP = b"[" * 5_000 + b"]" * 5_000
ODD_VALUES = {
    "a long integer": b"1" * 4_301,
    "a huge number": b"1e999",
    "a deep list": DEEP,
    "a deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a lone surrogate": rb'"\ud800"',
    "a low surrogate": rb'"x\uDFFFy"',
    "a reversed pair": rb'"\ude00\ud83d"',
}


class _Items(msgspec.Struct):
    items: list[msgspec.Raw]


@pytest.mark.parametrize("name", ODD_VALUES)
@pytest.mark.parametrize("shape", [object, _Items], ids=["any", "raw items"])
def test_an_odd_value_spoils_no_other(name, shape):
    body = b'{"items": [{"name": "a"}, {"odd": %b}, {"name": "b"}]}' % ODD_VALUES[name]
    decoded: Any = decode_json(body, shape)
    items = decoded["items"] if shape is object else [decode_json(bytes(item), object) for item in decoded.items]
    assert len(items) == 3
    assert (items[0], items[2]) == ({"name": "a"}, {"name": "b"})


def test_surrogates_become_replacement_characters():
    assert decode_json(rb'["\ud83d\ude00", "a\ud800b", "\\ud800"]', object) == ["\U0001f600", "a\ufffdb", "\\ud800"]


def test_values_that_are_too_deep_become_null():
    found: Any = decode_json(b'{"a": %b, "b": 7}' % DEEP, object)
    assert found["b"] == 7
    depth, value = 1, found["a"]
    while value is not None:
        depth, (value,) = depth + 1, value
    assert depth == MAX_DEPTH


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'"' + b'\\"' * 100_000, b"1" * 4_301 + b"x", b"nul"]
)
def test_what_is_not_json_is_an_invalid_response(body):
    with pytest.raises(InvalidResponse):
        decode_json(body, object)


@given(st.binary() | st.text(alphabet='[]{}",:\\u dD89aBcf01eE+-.').map(str.encode))
def test_any_bytes_are_a_value_or_an_invalid_response(body):
    try:
        decoded = decode_json(body, object)
    except InvalidResponse:
        return
    msgspec.json.encode(decoded)


@settings(max_examples=20, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_ordinary_json_needs_no_repair(value):
    body = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    assert repair_json(body) == body


@pytest.mark.parametrize("text", ['{"a": "' + "[" * 500 + '"}', '[1.5, -2e3, "1e999"]', "1" * MAX_NUMBER_LENGTH])
def test_texts_and_ordinary_numbers_are_kept(text):
    assert repair_json(text.encode()).decode() == text


def test_an_object_in_a_text_is_repaired():
    assert json.loads(repair_json_text('{"a": ' + DEEP.decode() + r', "b": "\ud800"}'))["b"] == "\ufffd"
    assert repair_json_text('{"a": 1}') == '{"a": 1}'


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00"]
)
def test_a_time_that_breaks_calculations_is_unknown(moment):
    assert to_utc(datetime.fromisoformat(moment)) is None


def test_an_ordinary_time_is_converted():
    assert to_utc(datetime.fromisoformat("2026-11-23T08:00:00+02:00")) == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert to_utc(None) is None


@pytest.mark.parametrize("failure", [OverflowError("x"), RecursionError("x"), TypeError("x"), UnicodeError("x")])
def test_any_failed_conversion_is_an_invalid_response(failure):
    reason = pytest.raises(InvalidResponse, match=f"the thing has an unexpected shape: {type(failure).__name__}: x")
    with reason, foreign_values("the thing"):
        raise failure


def test_a_source_error_stays_what_it_is():
    with pytest.raises(NotFound), foreign_values("the thing"):
        raise NotFound("x")

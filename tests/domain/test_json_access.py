"""Access to JSON of unknown shape."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.json_access import get_int, get_list, get_mapping, get_mappings, get_text

VALUE: dict[str, Any] = {"a": {"text": "x", "number": 3, "flag": True, "list": [{"b": 1}, 2]}}


def test_values_of_the_expected_type_are_returned() -> None:
    assert get_text(VALUE, "a", "text") == "x"
    assert get_int(VALUE, "a", "number") == 3
    assert get_list(VALUE, "a", "list") == ({"b": 1}, 2)
    assert get_mapping(VALUE, "a") == VALUE["a"]


def test_other_items_of_a_list_are_left_out() -> None:
    assert get_mappings(VALUE, "a", "list") == ({"b": 1},)


def test_a_boolean_is_not_an_integer() -> None:
    assert get_int(VALUE, "a", "flag") is None


@pytest.mark.parametrize("value", [None, 7, "text", [], {"a": None}, {"a": ["text"]}])
def test_any_other_shape_gives_an_empty_value(value: object) -> None:
    assert get_text(value, "a", "text") == ""
    assert get_int(value, "a", "number") is None
    assert get_list(value, "a", "list") == ()
    assert get_mapping(value, "a", "text") == {}

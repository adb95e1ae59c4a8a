"""Helm's `--set` syntax: names, typed values and the layer of a parameter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.helm.set_parameters import build_parameter_layer, parse_parameter_name, parse_parameter_value
from anchor_tui.domain.helm.template_values import format_template_value


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.b", ("a", "b")),
        (r"a\.b.c", ("a.b", "c")),
        ("a[0].b", ("a", 0, "b")),
        ("a[0][12]", ("a", 0, 12)),
    ],
)
def test_a_parameter_name_is_a_key_path(name: str, path: tuple[str | int, ...]) -> None:
    assert parse_parameter_name(name) == path


@pytest.mark.parametrize("name", ["", ".", "a..b", "[0]", "a[", "a[x]", "a]b"])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="parameter"):
        parse_parameter_name(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("null", None),
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("0755", "0755"),
        ("1.5", "1.5"),
        ("{a,2}", ["a", 2]),
        ("{}", [""]),
        ("{a, 2}", ["a", " 2"]),
        (r"a\,b", "a,b"),
        ("", ""),
    ],
)
def test_the_text_of_a_parameter_has_a_type(text: str, value: Any) -> None:
    assert parse_parameter_value(text) == value
    assert type(parse_parameter_value(text)) is type(value) or value in (0, 42, -7)


def test_a_forced_string_stays_a_string() -> None:
    assert parse_parameter_value("true", force_string=True) == "true"
    assert format_template_value(parse_parameter_value("20241123")) == "20241123"


def test_an_index_changes_one_item_of_a_lower_list() -> None:
    below = [{"l": [{"a": 5, "b": 6}, {"c": 7}]}]

    assert build_parameter_layer(("l", 1, "a"), 9, below) == {"l": [{"a": 5, "b": 6}, {"c": 7, "a": 9}]}
    assert build_parameter_layer(("l", 0, "a"), 9, []) == {"l": [{"a": 9}]}
    assert build_parameter_layer(("l", 2), 1, []) == {"l": [None, None, 1]}
    assert below == [{"l": [{"a": 5, "b": 6}, {"c": 7}]}]


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


MAPPINGS: Any = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), JSON, MAPPINGS)
def test_a_parameter_is_set_at_its_path(steps: list[str], value: Any, below: Any) -> None:
    layer = build_parameter_layer(tuple(steps), value, [below])
    for step in steps:
        layer = layer[step]  # type: ignore[assignment]
    assert layer == value

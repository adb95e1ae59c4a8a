"""Helm's layers: merging, `--set`, templates' texts, and the place that decides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.helm.overlays import merge_values
from anchor_tui.domain.helm.set_parameters import build_parameter_layer, parse_parameter_name, parse_parameter_value
from anchor_tui.domain.helm.template_values import format_template_value
from anchor_tui.domain.helm.value_layers import HelmSource, SourceLocation, ValueLayersError, build_layered_values


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.b", ("a", "b")),
        (r"a\.b.c", ("a.b", "c")),
        ("a[0].b", ("a", 0, "b")),
        ("a[0][12]", ("a", 0, 12)),
    ],
)
def test_the_name_of_a_parameter_is_a_path(name: str, path: tuple[str | int, ...]) -> None:
    assert parse_parameter_name(name) == path


@pytest.mark.parametrize("name", ["", ".", "a..b", "[0]", "a[", "a[x]", "a]b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
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
        ("{}", []),
        (r"a\,b", "a,b"),
        ("", ""),
    ],
)
def test_the_text_of_a_parameter_has_a_type(text: str, value: Any) -> None:
    assert parse_parameter_value(text) == value
    assert type(parse_parameter_value(text)) is type(value) or value in (0, 42, -7)


def test_a_forced_text_stays_one() -> None:
    assert parse_parameter_value("true", force_string=True) == "true"
    assert format_template_value(parse_parameter_value("20241123")) == "20241123"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (20241123, "2.0241123e+07"),
        (1.10, "1.1"),
        (1000000, "1e+06"),
        (123456, "123456"),
        (0, "0"),
        (-1.5, "-1.5"),
        (0.00001, "1e-05"),
        (True, "true"),
        (None, ""),
        ("x", "x"),
    ],
)
def test_a_template_writes_numbers_as_go_does(value: Any, text: str) -> None:
    assert format_template_value(value) == text


def test_an_index_changes_a_list_of_the_files_and_not_the_charts() -> None:
    below = [{"l": [{"a": 5, "b": 6}, {"c": 7}]}]

    assert build_parameter_layer(("l", 1, "a"), 9, below) == {"l": [{"a": 5, "b": 6}, {"c": 7, "a": 9}]}
    assert build_parameter_layer(("l", 0, "a"), 9, []) == {"l": [{"a": 9}]}
    assert build_parameter_layer(("l", 2), 1, []) == {"l": [None, None, 1]}
    assert below == [{"l": [{"a": 5, "b": 6}, {"c": 7}]}]


def files(**texts: str) -> Any:
    found = {"c/Chart.yaml": "name: x\n", **{key.replace("__", "/") + ".yaml": text for key, text in texts.items()}}
    return found.get


def laid(helm: dict[str, Any], **texts: str) -> Any:
    return build_layered_values(HelmSource("app", "c", helm, "app.yaml"), files(**texts))


def test_the_layers_lie_in_argo_cds_order() -> None:
    texts = {"c__values": "a: 1\nb: 1\nc: 1\nd: 1\n", "c__e": "b: 2\nc: 2\nd: 2\n"}
    helm = {
        "valueFiles": ["e.yaml"],
        "values": "c: 9\n",
        "valuesObject": {"c": 3, "d": 3},
        "parameters": [{"name": "d", "value": "4"}],
    }

    found = laid(helm, **texts)

    assert found.merged == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert found.locate(("b",)) == SourceLocation("c/e.yaml", 1, 4)
    assert found.locate(("zzz",)) is None
    assert found.read_paths == ("c", "c/values.yaml", "c/e.yaml", "app.yaml")


def test_null_deletes_what_the_chart_says_and_a_missing_key_falls_back() -> None:
    found = laid({"valueFiles": ["e.yaml"]}, c__values="m: {x: 1, z: 2}\nk: 3\n", c__e="m: {x: null}\n")

    assert found.merged == {"m": {"z": 2}, "k": 3}
    assert found.locate(("m", "x")) == SourceLocation("c/e.yaml", 1, 8)


def test_a_missing_file_is_an_error_unless_it_may_be_missing() -> None:
    with pytest.raises(ValueLayersError, match="does not exist"):
        laid({"valueFiles": ["e.yaml"]})

    assert laid({"valueFiles": ["e.yaml"], "ignoreMissingValueFiles": True}).merged == {}


def test_a_file_parameter_is_the_files_text() -> None:
    found = laid({"fileParameters": [{"name": "ca", "path": "ca.yaml"}]}, c__ca="PEM")

    assert found.merged == {"ca": "PEM"}


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPS: Any = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def nulls_in(value: Any) -> bool:
    return isinstance(value, dict) and any(each is None or nulls_in(each) for each in value.values())


@given(MAPS, MAPS, MAPS)
def test_merging_changes_nothing_that_was_given_and_keeps_what_lies_on_top(chart: Any, one: Any, two: Any) -> None:
    before = repr((chart, one, two))
    found = merge_values(chart, one, two)

    assert repr((chart, one, two)) == before
    assert merge_values(chart, one, two) == found
    for key, value in two.items():
        if value is None:
            assert key not in found
        elif not isinstance(value, dict):
            assert found[key] == value
    for key in set(chart) - set(one) - set(two):
        assert found[key] == chart[key]


@given(MAPS, MAPS)
def test_laying_the_same_layer_twice_is_laying_it_once(chart: Any, one: Any) -> None:
    assert merge_values(chart, one, one) == merge_values(chart, one)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), VALUES, MAPS)
def test_a_parameter_is_found_where_it_was_put(steps: list[str], value: Any, below: Any) -> None:
    layer = build_parameter_layer(tuple(steps), value, [below])
    for step in steps:
        layer = layer[step]  # type: ignore[assignment]
    assert layer == value

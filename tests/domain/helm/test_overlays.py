"""Merging values as Helm does, and the images that an overlay sets."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.helm.image_scalars import build_image_changes
from anchor_tui.domain.helm.overlays import find_overlay_images, merge_values, read_values_file
from anchor_tui.domain.model import Image
from anchor_tui.domain.yaml.document import parse_document, replace_scalars
from anchor_tui.domain.yaml.nodes import YamlDocumentError

D1, D2, D3 = ("sha256:" + digit * 64 for digit in "abc")
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


VALUES = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(VALUES, VALUES)
def test_a_repeated_or_empty_layer_changes_nothing(chart, layer):
    assert merge_values(chart) == chart
    assert merge_values(chart, {}) == chart
    assert merge_values(chart, layer, layer) == merge_values(chart, layer)


@given(VALUES, VALUES, VALUES)
def test_merging_keeps_the_topmost_values_and_changes_no_argument(chart, first, second):
    before = repr((chart, first, second))
    merged = merge_values(chart, first, second)
    assert repr((chart, first, second)) == before
    assert set(merged) <= {*chart, *first, *second}
    for key, value in second.items():
        if value is None and key in chart:
            assert key not in merged
        elif not isinstance(value, dict):
            assert merged[key] == value
    for key in set(chart) - set(first) - set(second):
        assert merged[key] == chart[key]


def test_mappings_merge_lists_replace_and_null_removes():
    chart = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}, "kept": None}
    assert merge_values(chart, {"a": {"y": [3]}, "b": None, "c": None}) == {"a": {"x": 1, "y": [3]}, "kept": None}


def test_a_mapping_after_a_null_keeps_the_charts_values():
    assert merge_values({"a": {"y": 2}}, {"a": None}, {"a": {"x": 1}}) == {"a": {"x": 1, "y": 2}}


def test_a_null_that_removes_nothing_stays():
    assert merge_values({"a": {"c": 1}}, {"a": {"b": None}}) == {"a": {"b": None, "c": 1}}
    assert merge_values({}, {"a": {"b": None, "c": 1}, "d": None}) == {"a": {"b": None, "c": 1}, "d": None}


CHART = """
    gateway: {image: {repository: ghcr.io/anchor/gateway, tag: "", digest: ""}}
    web: {image: "ghcr.io/anchor/web:0.1"}
    flat: {imageRegistry: ghcr.io, imageRepository: anchor/flat, imageTag: "0"}
    other: {image: {repository: ghcr.io/anchor/other, tag: 7}}
    env: {URL: "https://a.example/b:1"}
    """


def document(text):
    return parse_document(dedent(text), "values.yaml")


def overlay(text):
    read = document(text)
    return read, find_overlay_images(merge_values(read_values_file(document(CHART)), read_values_file(read)), read)


def test_the_images_of_an_overlay_are_found_everywhere():
    read, places = overlay(f"""
        gateway: {{image: {{tag: 1.10, digest: "{D1}"}}}}
        web: {{image: "ghcr.io/anchor/web:1.1@{D2}"}}
        flat: {{imageTag: "1.2"}}
        env: {{URL: "https://c.example/d:1", AGENT_IMAGE: "ghcr.io/anchor/agent:3"}}
        sidecars:
          - image: {{repository: ghcr.io/anchor/side, tag: "4"}}
          - "localhost:5000/anchor/raw:5"
        replicas: 1
        """)
    assert [(place.image.repository, place.image.tag, place.image.digest) for place in places] == [
        ("ghcr.io/anchor/gateway", "1.10", D1),
        ("ghcr.io/anchor/web", "1.1", D2),
        ("ghcr.io/anchor/flat", "1.2", None),
        ("ghcr.io/anchor/agent", "3", None),
        ("ghcr.io/anchor/side", "4", None),
        ("localhost:5000/anchor/raw", "5", None),
    ]
    assert places[0].tag == ("gateway", "image", "tag")
    assert places[1].reference == ("web", "image")
    assert (places[0].line, places[2].tag) == (2, ("flat", "imageTag"))
    changes = {}
    for place in places:
        changes |= build_image_changes(read, place, Image("", "", "9.0", D3 if place.image.digest else None))
    after = parse_document(replace_scalars(read, changes), "f.yaml")
    again = find_overlay_images(merge_values(read_values_file(document(CHART)), read_values_file(after)), after)
    assert {(place.image.tag, place.image.digest) for place in again} == {("9.0", D3), ("9.0", None)}
    assert [place.image.repository for place in again] == [place.image.repository for place in places]


def test_an_image_of_the_chart_alone_is_left_out():
    assert overlay("gateway: {image: {pullPolicy: Always}}\nother: {replicas: 1}\n")[1] == ()


def test_a_tag_without_a_repository_is_not_an_image():
    assert overlay("mystery: {tag: 1.0}\n")[1] == ()


def test_an_image_with_missing_scalars_is_not_changed():
    read, (place,) = overlay("gateway: {image: {tag: 1.10}}\n")
    with pytest.raises(YamlDocumentError, match="has no digest to change, and nothing is ever inserted"):
        build_image_changes(read, place, Image("", "", "2.0", D1))
    read, (place,) = overlay(f'other: {{image: {{digest: "{D1}"}}}}\n')
    with pytest.raises(YamlDocumentError, match="has no tag to change"):
        build_image_changes(read, place, Image("", "", "8", D2))
    with pytest.raises(YamlDocumentError, match="has a digest, and the new image does not"):
        build_image_changes(read, place, Image("", "", "7", None))


def test_a_values_file_must_be_a_mapping():
    with pytest.raises(YamlDocumentError, match="a values file must contain a mapping"):
        read_values_file(parse_document("- a\n", "f.yaml", mapping=False))

"""YAML that is written for reading is read back as the same values."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.domain.yaml.nodes import to_plain_value
from anchor_tui.domain.yaml.writer import MAX_DEPTH, write_yaml

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.text(
    " \n\t-:#'\"0123456789eyYnNo.xTZ~!&*?|>%@`,[]{}=<+_/\\", max_size=12
)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def read(text: str, version: tuple[int, int]) -> object:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    return yaml.load(text)


@settings(max_examples=150, deadline=None)
@given(value=VALUES)
def test_a_value_is_read_back_unchanged(value):
    text = write_yaml(value)
    assert read(text, (1, 2)) == value
    assert read(text, (1, 1)) == value


@settings(max_examples=150, deadline=None)
@given(value=st.dictionaries(TEXTS.filter(lambda text: len(text) < 100), TEXTS, max_size=5))
def test_helm_reads_the_same_texts(value):
    assert to_plain_value(parse_document(write_yaml(value), "test.yaml").root) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ghcr.io/anchor/web:1.44.0@sha256:5d6e", "ghcr.io/anchor/web:1.44.0@sha256:5d6e"),
        ("Deployment has minimum availability.", "Deployment has minimum availability."),
        ("true", '"true"'),
        ("1.10", '"1.10"'),
        ("12:30:45", '"12:30:45"'),
        ("2026-11-23T06:26:26Z", '"2026-11-23T06:26:26Z"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ('{"a": 1}', "'{\"a\": 1}'"),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\ud800", '"\ufffd"'),
        ("one\ntwo\n", "|\n  one\n  two"),
        ("one\n\ntwo", "|-\n  one\n\n  two"),
        ("one\n\n\n", "|+\n  one\n\n"),
        ("  indented\n", '"  indented\\n"'),
        (1e22, "1.0e+22"),
        ({}, "{}"),
        ([], "[]"),
        (None, "null"),
    ],
)
def test_scalars_are_written_for_reading(value, written):
    assert write_yaml({"key": value}) == f"key: {written}\n"


def test_lists_are_indented_below_their_key():
    text = write_yaml({"spec": {"containers": [{"name": "web", "args": ["-v", ["a"]]}]}})
    assert text.splitlines() == [
        "spec:",
        "  containers:",
        "    - name: web",
        "      args:",
        '        - "-v"',
        "        -",
        "          - a",
    ]


def test_very_deep_values_are_written_in_one_line():
    value: object = "bottom"
    for _ in range(3 * MAX_DEPTH):
        value = {"a": value}
    text = write_yaml(value)
    assert len(text.splitlines()) == MAX_DEPTH + 1
    assert read(text, (1, 2)) == value


def test_a_large_manifest_is_written_at_once():
    item = {"name": "web", "image": "ghcr.io/anchor/web:1.44.0", "env": [{"name": "A", "value": "b"}] * 20}
    value = {"items": [item] * 1_500}
    started_at = time.process_time()
    text = write_yaml(value)
    assert len(text) > 1_000_000
    assert time.process_time() - started_at < 3

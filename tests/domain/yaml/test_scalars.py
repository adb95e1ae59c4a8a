"""The values of scalars, as Helm and Kubernetes read them."""

from __future__ import annotations

import math

import pytest

from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.domain.yaml.scalars import resolve_scalar

PLAIN_VALUES = {
    "1.10": 1.1, "1.44.0": "1.44.0", "0755": 493, "0o17": 15, "0x1F": 31, "0b101": 5, "08": 8.0, "-12": -12,
    "1_000": 1000, "1e3": 1000.0, ".5": 0.5, "1.": 1.0, "on": True, "y": True, "No": False, "off": False, "yEs": "yEs",
    "~": None, "Null": None, "nUll": "nUll", "": None, ".inf": math.inf, "-.inf": -math.inf, "1e999": "1e999",
    "2026-11-20": "2026-11-20", "2026-11-20T09:14:07Z": "2026-11-20T09:14:07Z", "12:30": "12:30", "+1": 1, "-": "-",
    "9f2c1e0": "9f2c1e0", "123e4567": "123e4567", "18446744073709551616": 1.8446744073709552e19, "sha256:1": "sha256:1",
}  # fmt: skip


@pytest.mark.parametrize("text", PLAIN_VALUES)
def test_plain_words_have_the_same_value_as_in_go(text):
    assert resolve_scalar(text) == PLAIN_VALUES[text]
    assert type(resolve_scalar(text)) is type(PLAIN_VALUES[text])


def test_nan_is_a_float():
    assert isinstance(resolve_scalar(".nan"), float)


def test_quotes_and_tags_determine_the_type():
    document = parse_document('a: "1.10"\nb: !!str 1.10\nc: !!int "7"\nd: !Ref x\non: {1.5: x, 7: w}\n', "f.yaml")
    assert document.value == {
        "a": "1.10",
        "b": "1.10",
        "c": 7,
        "d": "x",
        "true": {"1.5": "x", "7": "w"},
    }

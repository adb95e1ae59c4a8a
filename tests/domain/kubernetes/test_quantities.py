"""Quantities as Kubernetes parses them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.kubernetes.quantities import format_memory, parse_quantity


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("1Gi", 1024**3),
        ("512M", 512 * 10**6),
        ("512Mi", 512 * 1024**2),
        ("0.5", Fraction(1, 2)),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1.5Gi", 1536 * 1024**2),
        (".5Gi", 512 * 1024**2),
        ("5.", 5),
        ("100m", Fraction(1, 10)),
        ("+2Ki", 2048),
        ("-0", 0),
        ("128974848000m", 128974848),
        (1073741824, 1073741824),
        (0.5, Fraction(1, 2)),
    ],
)
def test_a_quantity_is_exact(text: object, bytes_: object) -> None:
    assert parse_quantity(text) == bytes_


@pytest.mark.parametrize(
    "text", ["", "Gi", "1gi", "1 Gi", "1KiB", "-1Gi", "1e", "1e3Gi", "0x10", "٣Gi", True, None, "1e9999"]
)
def test_invalid_and_negative_quantities_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"quantity|negative"):
        parse_quantity(text)


@given(st.integers(0, 10**15), st.sampled_from(["", "k", "Ki", "M", "Mi", "G", "Gi", "m", "e2"]))
def test_a_scale_is_a_factor(number: int, suffix: str) -> None:
    one = parse_quantity(f"1{suffix}")

    assert parse_quantity(f"{number}{suffix}") == number * one
    assert parse_quantity(f"{number}.5{suffix}") == (number + Fraction(1, 2)) * one


@given(st.text(max_size=8))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    try:
        assert parse_quantity(text) >= 0
    except ValueError as error:
        assert "`" in str(error)  # noqa: PT017 - both outcomes are allowed, any other exception is not


def test_memory_is_formatted_with_a_unit() -> None:
    assert format_memory(Fraction(1024**3 * 18, 5)) == "3.6 GiB"
    assert format_memory(Fraction(512 * 1024**2)) == "512 MiB"
    assert format_memory(Fraction(1, 2)) == "0.5 B"

"""The text that a Go template writes for a value."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.domain.helm.template_values import format_template_value


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

"""Lines of foreign text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.text_lines import locate_index, split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\r\n\nb", ["a", "", "b"]),
        ("\n", [""]),
        ("a\x85b\u2028c\x0cd\re\n", ["a\x85b\u2028c\x0cd\re"]),
    ],
)
def test_lines_end_at_lf_and_crlf_only(text, lines):
    assert split_lines(text) == lines


@given(st.text(st.sampled_from("a\r\n\x85\u2028\x0b"), max_size=12))
def test_lines_with_their_ends_are_the_text(text):
    lines = split_lines(text, keep_ends=True)
    assert "".join(lines) == text
    assert len(lines) == len(split_lines(text))
    for index in range(len(text)):
        line, column = locate_index(text, index)
        assert lines[line - 1][column - 1] == text[index]

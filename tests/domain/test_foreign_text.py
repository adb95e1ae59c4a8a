from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.foreign_text import (
    mask_tokens,
    replace_surrogates,
    sanitize_lines,
    sanitize_text,
    shorten_text,
)


@pytest.mark.parametrize(
    ("text", "sanitized"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;aGk=", "]52;c;aGk="),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\u202ereversed\u200f", "reversed"),
        ("zero\u200bwidth", "zerowidth"),
        ("bell\x07", "bell"),
        ("caf\udce9", "caf\ufffd"),
    ],
)
def test_terminal_escapes_and_text_direction_are_removed(text: str, sanitized: str) -> None:
    assert sanitize_text(text) == sanitized


def test_an_unterminated_sequence_keeps_the_words_after_it() -> None:
    assert sanitize_text("app \x1b] is Degraded\x07") == "app ] is Degraded"


@given(st.text())
def test_sanitized_text_is_one_printable_line(text: str) -> None:
    assert sanitize_text(text).isprintable()


@given(st.text())
def test_sanitized_lines_keep_only_line_ends_and_tabs(text: str) -> None:
    assert sanitize_lines(text).replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1_" * 20,
        "glpat-" + "x" * 20,
        "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhcmdvY2QifQ.c2lnbmF0dXJl",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_a_token_is_masked_wherever_it_is(token: str) -> None:
    assert mask_tokens(f"label x={token}: refused") == "label x=****: refused"


def test_a_password_in_a_url_is_masked() -> None:
    assert mask_tokens("http://me:hunter2@proxy:3128 refused") == "http://****@proxy:3128 refused"


def test_a_long_text_reports_how_much_is_missing() -> None:
    assert shorten_text("x" * 4_096) == "x" * 4_096
    assert shorten_text("x" * 1_000_096).endswith("x… 996 KB more")


def test_a_lone_surrogate_is_replaced() -> None:
    assert replace_surrogates("caf\udce9").encode() == "caf\ufffd".encode()

"""Text for durations, counts, revisions and foreign messages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.domain.formatting import format_age, format_count, format_duration, get_first_line, shorten_revision
from tests.values import NOW, ago


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=2, hours=23), "2 d"),
    ],
)
def test_a_duration_has_its_largest_unit(span: timedelta, text: str) -> None:
    assert format_duration(span) == text


def test_an_unknown_age_is_a_question_mark() -> None:
    assert format_age(ago(minutes=4), NOW) == "4 min"
    assert format_age(None, NOW) == "?"


def test_a_count_agrees_with_its_noun() -> None:
    assert format_count(1, "release") == "1 release"
    assert format_count(1200, "policy", "policies") == "1,200 policies"


@pytest.mark.parametrize(
    ("revision", "text"),
    [
        ("a" * 40, "aaaaaaa"),
        ("main", "main"),
        ("z" * 40, "z" * 40),
        (f"{'a' * 40}, {'b' * 40}, 1.2.3", "aaaaaaa, bbbbbbb, 1.2.3"),
        (None, "?"),
        ("", "?"),
    ],
)
def test_only_commit_ids_are_shortened(revision: str | None, text: str) -> None:
    assert shorten_revision(revision) == text


def test_the_first_line_of_a_message_is_stripped() -> None:
    assert get_first_line("\n  broken \nmore") == "broken"
    assert get_first_line(None) == ""

"""The kept log lines: bounded, in the order of time, filtered; patterns and names."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.inspection.log_view import LogView, compile_pattern, shorten_pod_names
from anchor_tui.domain.inspection.logs import LogLine
from tests.values import NOW


def line(text: str, seconds: float | None = 0, pod: str = "a") -> LogLine:
    return LogLine(text, pod, None if seconds is None else NOW + timedelta(seconds=seconds))


def texts(view: LogView) -> list[str]:
    return [kept.line.text for kept in view.shown]


def test_late_lines_are_put_where_they_belong():
    view = LogView()
    view.add([line("1"), line("4", 4)])
    view.add([line("2", 2, "b"), line("5", 5, "b")])
    assert texts(view) == ["1", "2", "4", "5"]


def test_a_line_without_a_time_stays_behind_its_predecessor():
    view = LogView()
    view.add([line("1", 1), line("note", None), line("3", 3)])
    view.add([line("2", 2)])
    assert texts(view) == ["1", "note", "2", "3"]


def test_the_oldest_lines_are_removed():
    view = LogView(max_lines=3)
    for number in range(5):
        view.add([line(str(number), number)])
    assert texts(view) == ["2", "3", "4"]
    assert view.removed == 2


def test_the_bytes_are_bounded_and_the_last_line_stays():
    view = LogView(max_bytes=10_000)
    view.add([line("x" * 4_000, number) for number in range(10)])
    assert len(view) == 2
    view.add([line("y" * 50_000, 99)])
    assert [text[0] for text in texts(view)] == ["y"]


def test_a_very_long_line_is_shortened():
    view = LogView()
    view.add([line("x" * 1_000_000)])
    assert len(view.shown[0].line.text) < 300_000
    assert view.shown[0].line.text.endswith("more")


def test_a_filter_hides_the_other_lines():
    view = LogView()
    view.add([line("good"), line("bad", 1)])
    view.set_pattern(re.compile("bad"), hides_others=True)
    view.add([line("worse", 2), line("bad again", 3)])
    assert texts(view) == ["bad", "bad again"]
    view.set_pattern(view.pattern, hides_others=False)
    assert texts(view) == ["good", "bad", "worse", "bad again"]


def test_the_last_wanted_line_is_found_before_a_place():
    view = LogView()
    view.add([line("error 1"), line("fine", 1), line("error 2", 2), line("fine", 3)])
    assert view.find_last(lambda text: "error" in text) == 2
    assert view.find_last(lambda text: "error" in text, before=2) == 0
    assert view.find_last(lambda text: "fatal" in text) is None


@settings(max_examples=60)
@given(st.lists(st.lists(st.tuples(st.sampled_from("xy"), st.none() | st.integers(0, 9)), max_size=6), max_size=8))
def test_shown_lines_are_always_the_matching_kept_ones(batches):
    view = LogView(max_lines=10)
    view.set_pattern(re.compile("x"), hides_others=True)
    for batch in batches:
        view.add([line(text, seconds) for text, seconds in batch])
        shown = list(view.shown)
        assert [kept.order for kept in shown] == sorted(kept.order for kept in shown)
        assert len(view) == min(10, len(view) + view.removed)
        view.set_pattern(view.pattern, hides_others=True)
        assert view.shown == shown


@pytest.mark.parametrize("text", ["(", "[a", "*a", "(a+)+$", "(a*)*", "((ab)*c*)*"])
def test_an_invalid_or_endless_pattern_is_explained(text):
    explanation = compile_pattern(text)
    assert isinstance(explanation, str)
    assert "repetition" in explanation or "not a regular expression" in explanation


@pytest.mark.parametrize("text", ["error|warn", r"status=5\d\d", "(ab){2,3}", r"\bGET .* 500\b", "a+b+"])
def test_a_usual_pattern_is_accepted(text):
    assert isinstance(compile_pattern(text), re.Pattern)


def test_a_pattern_without_capitals_ignores_the_case():
    plain, exact = compile_pattern("error"), compile_pattern("Error")
    assert isinstance(plain, re.Pattern)
    assert isinstance(exact, re.Pattern)
    assert plain.search("ERROR")
    assert not exact.search("ERROR")


def test_the_common_beginning_of_pod_names_is_left_out():
    assert shorten_pod_names(["gateway-7d9-abc", "gateway-7d9-xyz"]) == {
        "gateway-7d9-abc": "abc",
        "gateway-7d9-xyz": "xyz",
    }
    assert shorten_pod_names(["api-1", "web-2"]) == {"api-1": "api-1", "web-2": "web-2"}
    assert shorten_pod_names(["api-1"]) == {"api-1": ""}

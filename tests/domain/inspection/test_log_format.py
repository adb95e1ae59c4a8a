"""Log lines made readable."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.log_format import format_whole_line, make_readable

JSON = '{"time":"2026-11-23T06:32:33Z","level":"error","msg":"upstream timed out","url":"http://a/v1","tries":3}'


def test_a_json_line_becomes_level_message_and_details():
    assert make_readable(JSON) == ("error", "error", "upstream timed out", "url=http://a/v1 tries=3")


@pytest.mark.parametrize(
    ("key", "value", "level"), [("severity", "WARN", "warning"), ("lvl", "trace", "debug"), ("level", "INFO", "info")]
)
def test_levels_have_several_names(key, value, level):
    assert make_readable(f'{{"{key}":"{value}","message":"m"}}')[:3] == (level, value, "m")


@pytest.mark.parametrize("text", ["plain", "{not json", "[1]", "", "{" * 100_000])
def test_another_line_is_a_message(text):
    assert make_readable(text) == ("", "", text, "")


def test_details_with_spaces_are_quoted():
    assert make_readable('{"msg":"m","why":"a b","in":{"x":1}}').details == 'why="a b" in={"x":1}'


def test_the_whole_json_line_is_indented():
    assert format_whole_line('{"a":{"b":1}}') == '{\n  "a": {\n    "b": 1\n  }\n}'
    assert format_whole_line("plain") == "plain"

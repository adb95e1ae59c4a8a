"""Markdown as text for the screen."""

from __future__ import annotations

import pytest

from anchor_tui.tui.pull_request.markdown_body import MAX_BODY_LENGTH, parse_markdown


def lines(body: str, width: int = 60) -> list[str]:
    return [line.plain for block in parse_markdown(body) for line in block.wrap(width)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# Title\ntext", ["Title", "", "text"]),
        ("one\ntwo", ["one two"]),
        ("one  \ntwo", ["one", "two"]),
        ("- a\n- b\n  - c", ["• a", "• b", "  • c"]),
        ("3. a\n4. b", ["3. a", "4. b"]),
        ("> quoted\n> text", ["│ quoted text"]),
        ("```sh\nmake test\n```", ["  make test"]),
        ("| a | b |\n|---|---|\n| long | c |", ["a     b", "long  c"]),
        ("**b** *i* ~~s~~ `c`", ["b i s c"]),
        ("![logo](http://x/l.png)", ["[image: logo] (http://x/l.png)"]),
        ("", []),
    ],
)
def test_blocks_become_lines(body, expected):
    assert [line.rstrip() for line in lines(body)] == expected


def test_an_address_is_written_beside_its_text():
    assert lines("[docs](https://x.example)") == ["docs (https://x.example)"]
    assert lines("<https://x.example>") == ["https://x.example"]


def test_html_is_text_and_comments_are_left_out():
    assert lines('<b onclick="x">bold</b><!-- hidden -->') == ['<b onclick="x">bold</b>']
    assert lines("<script>\nalert(1)\n</script>") == ["<script> alert(1) </script>"]
    assert lines("<!-- never closed") == []


def test_a_link_cannot_be_clicked():
    (block,) = parse_markdown("[run](https://x.example) [@click=app.quit]quit[/]")
    styles = [span.style for span in block.content.spans]
    assert not [style for style in styles if "click" in str(style)]
    assert "[@click=app.quit]quit[/]" in block.content.plain


def test_escape_sequences_and_tokens_are_removed():
    (line,) = lines("\x1b[31mred\x1b[0m \u202eexe ghp_0123456789abcdef0123")
    assert line == "red exe ****"


def test_wrapped_lines_keep_their_margin():
    wrapped = lines("- one two three four five", 14)
    assert wrapped[0].startswith("• one")
    assert all(line.startswith("  ") for line in wrapped[1:])
    assert len(wrapped) > 1


def test_a_long_body_is_cut():
    assert "KB more" in lines("word " * MAX_BODY_LENGTH)[-1]


@pytest.mark.parametrize("body", [">" * 500 + "x", "[" * 5000, "*" * 5000 + "a", "- " * 2000 + "x", "|" * 3000])
def test_deep_nesting_is_harmless(body):
    assert parse_markdown(body)

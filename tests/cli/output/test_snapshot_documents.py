"""Each format of the snapshot, byte by byte, and foreign text in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from ruamel.yaml import YAML

from anchor_tui.cli.output.snapshot.formats import SNAPSHOT_FORMATS, load_snapshot_format
from anchor_tui.cli.output.snapshot.markdown import escape_markdown
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.status_marks import convert_to_ascii
from tests import golden, rich
from tests.values import NOW, config

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_the_rich_snapshot_is_golden(name):
    golden.assert_matches_file(GOLDEN / f"snapshot.{name}", load_snapshot_format(name)(rich.snapshot()))


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_the_snapshot_before_the_first_response_is_golden(name):
    golden.assert_matches_file(
        GOLDEN / f"asking.{name}", load_snapshot_format(name)(build_snapshot(config(), SourceReadings(), NOW))
    )


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_every_format_ends_with_one_line_end(name):
    text = load_snapshot_format(name)(rich.snapshot())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x9b\u202e]", text if name in {"text", "markdown"} else "")


def test_yaml_and_json_have_the_same_content():
    snapshot = rich.snapshot()
    loaded = YAML(typ="safe", pure=True).load(load_snapshot_format("yaml")(snapshot))
    again = json.loads(json.dumps(loaded, default=lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
    assert again == json.loads(load_snapshot_format("json")(snapshot))


def test_foreign_text_is_one_plain_line_in_text():
    lines = load_snapshot_format("text")(rich.snapshot()).splitlines()
    (title,) = [line for line in lines if line.startswith("  #240")]
    assert "red <b>*bold*</b> | `code` # heading" in title
    assert "\x1b" not in title
    assert "title" not in title


def test_foreign_text_is_not_markup_in_markdown():
    text = load_snapshot_format("markdown")(rich.snapshot())
    (line,) = [line for line in text.splitlines() if line.startswith("- [#240]")]
    assert r"\<b\>\*bold\*\</b\> \| \`code\` \# heading \[x\]\(javascript\:1\)" in line
    assert r"\!\[i\]\(http\://e/x\)" in line
    assert "www.e.example" not in line
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.example/) [evil](http://e", "http://x y", "data:text/html,x", ""]
)
def test_an_invalid_address_is_not_a_link_in_markdown(url):
    snapshot = rich.snapshot()
    pull = replace(snapshot.all_pull_requests[0], url=url)
    text = load_snapshot_format("markdown")(replace(snapshot, environments=(), pull_requests=(pull,)))
    assert f"- #{pull.number} " in text
    assert f"]({url}" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc\td", "a b  c d"),
        ("\x1b[2J\x1b]8;;http://e\x1b\\link\x1b]8;;\x07", "link"),
        ("\x9b31mred\x07\x00", "red"),
        ("\u202eevil\u2066", "evil"),
        ("é ✓ 漢", "é ✓ 漢"),
        ("\ud800", "\ufffd"),
    ],
)
def test_sanitized_text_is_one_line_without_control_characters(text, shown):
    assert sanitize_text(text) == shown


def test_escaped_markdown_reads_as_before():
    text = r"\ ` * _ { } [ ] ( ) # + ! | < > ~ @ & : $ www.x"
    assert re.sub(r"\\(.)", r"\1", escape_markdown(text)) == text


def test_every_glyph_of_the_text_has_an_ascii_form():
    text = convert_to_ascii(load_snapshot_format("text")(rich.snapshot()))
    assert text.isascii()
    assert "?" not in text.splitlines()[0]

"""Each format of the snapshot by its bytes, and foreign text that stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from ruamel.yaml import YAML

from anchor_tui.cli.output.snapshot.formats import SNAPSHOT_FORMATS, load_snapshot_format
from anchor_tui.cli.output.snapshot.markdown import escape_markdown
from anchor_tui.domain.formatting import sanitize_text
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.status_marks import convert_to_ascii
from tests import golden, rich
from tests.values import NOW, config

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_the_rich_snapshot_is_golden(name):
    golden.assert_matches_file(GOLDEN / f"snapshot.{name}", load_snapshot_format(name)(rich.snapshot()))


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_an_estate_of_which_nothing_is_known_yet_is_golden(name):
    golden.assert_matches_file(
        GOLDEN / f"asking.{name}", load_snapshot_format(name)(build_snapshot(config(), SourceReadings(), NOW))
    )


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
def test_every_format_ends_with_one_line_end_and_has_no_control_characters(name):
    text = load_snapshot_format(name)(rich.snapshot())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x9b\u202e]", text if name in {"text", "markdown"} else "")


def test_yaml_says_what_json_says():
    snapshot = rich.snapshot()
    told = YAML(typ="safe", pure=True).load(load_snapshot_format("yaml")(snapshot))
    again = json.loads(json.dumps(told, default=lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
    assert again == json.loads(load_snapshot_format("json")(snapshot))


def test_in_text_foreign_text_is_one_line_without_escapes():
    lines = load_snapshot_format("text")(rich.snapshot()).splitlines()
    (title,) = [line for line in lines if line.startswith("  #240")]
    assert "red <b>*bold*</b> | `code` # heading" in title
    assert "\x1b" not in title
    assert "title" not in title


def test_in_markdown_foreign_text_is_neither_markup_nor_link_nor_image_nor_a_cell():
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
def test_in_markdown_an_address_that_is_none_is_no_link(url):
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
        ("\x9b31mred\x07\x00", "31mred"),
        ("\u202eevil\u2066", "evil"),
        ("é ✓ 漢", "é ✓ 漢"),
        ("\ud800", ""),
    ],
)
def test_plain_text_is_one_line_that_no_terminal_obeys(text, shown):
    assert sanitize_text(text) == shown


def test_what_is_escaped_reads_as_it_was():
    text = r"\ ` * _ { } [ ] ( ) # + ! | < > ~ @ & : $ www.x"
    assert re.sub(r"\\(.)", r"\1", escape_markdown(text)) == text


def test_ascii_has_a_sign_for_every_glyph_of_the_text():
    text = convert_to_ascii(load_snapshot_format("text")(rich.snapshot()))
    assert text.isascii()
    assert "?" not in text.splitlines()[0]

"""The sequences that reach the terminal: only those of Textual."""

from __future__ import annotations

import re

import pytest
from textual.content import Content
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Static

from anchor_tui.tui.terminal_filter import REPLACEMENT, add_terminal_filter, filter_output
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY
from tests.tui.test_terminal import PseudoTerminal

HOSTILE = (
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]8;id=1;javascript:alert(1)\x1b\\",
    "\x1b[?1049l",
    "\x1b[2J",
    "\x1b[6n",
    "\x1bP+q544e\x1b\\",
    "\x1bc",
    "\x9b31m",
    "\x9d52;c;aGk=\x9c",
    "\u202egnp.exe",
    "\r\x08",
    "\x07",
    "\ud800",
)
ALLOWED = re.compile(
    rb"\x1b\[\?\d+(?:[hl]|\$p)|\x1b\[(?:>\d+|<)u|\x1b\[[0-9;]*[mH]|\x1b\]22;[a-z-]*\x07|\n|\r\n|\x1b\]8;;\x1b\\"
)
"""What Textual writes; the terminal itself adds CR to LF."""


@pytest.mark.parametrize("sequence", HOSTILE)
def test_a_foreign_sequence_in_a_frame_is_replaced(sequence):
    filtered = filter_output(f"\x1b[1;1H\x1b[1;31mname {sequence} end\x1b[0m\n\x1b[5;1H")
    assert sequence not in filtered
    assert REPLACEMENT in filtered
    assert filtered.startswith("\x1b[1;1H\x1b[1;31mname ")
    assert filtered.endswith(" end\x1b[0m\n\x1b[5;1H")


@pytest.mark.parametrize(
    "data",
    [
        "\x1b[?1049h",
        "\x1b[?2026$p",
        "\x1b[>25u",
        "\x1b[<u",
        "\x1b]22;pointer\x07",
        "\x1b]52;c;aGk=\x07",
        "\x07",
        "\x1b[3;9H\x1b[1;38;2;1;2;3mgrün ✓\x1b[0m\n",
        "\x1b]8;id=7;https://cd.example.com/a\x1b\\link\x1b]8;;\x1b\\",
    ],
)
def test_the_output_of_textual_is_unchanged(data):
    assert filter_output(data) == data


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_frame_in_parts_is_complete(size):
    written: list[str] = []

    class Recorder(HeadlessDriver):
        def write(self, data):
            written.append(data)

    driver = object.__new__(add_terminal_filter(Recorder))
    frame = "\x1b[1;1H\x1b[1;38;2;1;2;3mgrün ✓\x1b[0m\n\x1b[12;40H"
    for start in range(0, len(frame), size):
        driver.write(frame[start : start + size])
    assert "".join(written) == frame


async def test_a_widget_with_raw_escape_sequences_draws_none():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.fleet.mount(Static(Content("".join(HOSTILE) + " shown"), id="raw"), before="#fleet")
        await ui.pilot.pause()
        assert "shown" in ui.text
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", ui.text)


HOSTILE_SCREEN = """
import asyncio
from textual.content import Content
from textual.drivers.headless_driver import HeadlessDriver
from anchor_tui.tui.app import AnchorApp
from anchor_tui.tui.widgets.card import EnvironmentCard
hostile = {hostile!r}
EnvironmentCard.render = lambda self: Content(hostile + "the end")
get_line_filters = AnchorApp.get_line_filters
AnchorApp.get_line_filters = lambda self: get_line_filters(self) if {with_line_filter} else []
tick = AnchorApp._tick
def notify(self):
    tick(self)
    self.notify(hostile + "notified", title=hostile)
AnchorApp._tick = notify
from anchor_tui.__main__ import main
main(["demo"])
"""


@pytest.mark.parametrize("with_line_filter", [True, False])
def test_the_bytes_on_the_terminal_contain_no_foreign_sequence(tmp_path, with_line_filter):
    hostile = "".join(HOSTILE[:-1]) + "\x1b[31m\x1b[1;1H" * with_line_filter
    screen = PseudoTerminal(
        "-c", HOSTILE_SCREEN.format(hostile=hostile, with_line_filter=with_line_filter), home=str(tmp_path)
    )
    try:
        screen.set_size(rows=40, columns=150)
        screen.read_until(b"the end")
        screen.read_until(b"notified")
    finally:
        screen.close()
    printed = screen.output[: screen.output.rindex(b"\x1b")]  # the last sequence may be incomplete
    text = ALLOWED.sub(b"", printed).decode(errors="ignore")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert printed.count(b"\x1b[?1049h") == 1
    assert b"\x1b[?1049l" not in printed

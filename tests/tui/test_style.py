"""Colours and plain ASCII."""

from __future__ import annotations

import pytest
from rich.color import Color
from textual.content import Content
from textual.widgets import Static

from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import marked_text
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_readings import INCIDENT


async def test_a_terminal_without_utf8_gets_ascii(picture):
    async with open_app(ascii_only=True) as ui:
        await ui.show(INCIDENT)
        shown = ui.picture()
        assert shown == picture
        assert not [char for char in "✓✗╭│▌–…≥" if char in shown]


async def test_without_colour_words_and_glyphs_remain(monkeypatch, picture):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app() as ui:
        await ui.show(INCIDENT)
        assert "✗ FAILING" in ui.text
        assert ui.picture() == picture


MARKS = (StatusMark.FAILING, StatusMark.UNKNOWN, StatusMark.ATTENTION, StatusMark.OK, StatusMark.NONE)


def _measure_contrast(ui: AppHarness, word: str) -> float:
    """Return how much the brightness of a word differs from that of its background."""
    strips = ui.app.screen._compositor.render_strips(ui.app.size)
    style = next(segment.style for strip in strips for segment in strip if word in segment.text)
    assert style is not None

    def measure(color: Color | None) -> float:
        assert color is not None
        triplet = color.get_truecolor()
        return 0.299 * triplet.red + 0.587 * triplet.green + 0.114 * triplet.blue

    return abs(measure(style.color) - measure(style.bgcolor))


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord"])
async def test_without_colour_worse_states_are_more_visible(monkeypatch, theme):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(theme=theme) as ui:
        lines = [marked_text(mark, f"word-{mark.name}") for mark in MARKS]
        await ui.fleet.mount(Static(Content("\n").join(lines)), before=0)
        await ui.pilot.pause()
        contrasts = [_measure_contrast(ui, f"word-{mark.name}") for mark in MARKS]
        assert contrasts == sorted(contrasts, reverse=True)
        assert len(set(contrasts)) == len(MARKS)


async def test_without_colour_the_frame_of_a_failure_is_brightest(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(environment="dev") as ui:
        await ui.show(INCIDENT)
        assert _measure_contrast(ui, "┏") > _measure_contrast(ui, "╭") > 0

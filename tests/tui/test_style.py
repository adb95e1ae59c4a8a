"""Colours and plain ASCII."""

from __future__ import annotations

from tests.tui.harness import open_app
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

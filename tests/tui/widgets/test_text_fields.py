"""Text fields: their content is printable, whoever sets it."""

from __future__ import annotations

import pytest
from textual.events import Paste

from anchor_tui.domain.foreign_text import sanitize_lines
from anchor_tui.tui.screens.pull_request_editor import PullRequestEditor
from anchor_tui.tui.widgets.filter_input import FilterInput
from anchor_tui.tui.widgets.line_field import LineField
from anchor_tui.tui.widgets.text_field import TextField
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY

HOSTILE = "a\x1b]52;c;aGk=\x07b \x1b]0;owned\x07c \x1b[?1049h \x9b31md \u202ee ghp_abcdefghijklmnopqrst"


def is_printable(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in text) and "ghp_" not in text


@pytest.fixture
async def editor():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        ui.app.push_screen(PullRequestEditor(HOSTILE, f"{HOSTILE}\n\tsecond {HOSTILE}"))
        await ui.pilot.pause()
        yield ui


async def test_initial_texts_are_printable(editor):
    title, body = editor.app.screen.query_one(LineField), editor.app.screen.query_one(TextField)
    assert title.value.startswith("ab c")
    assert is_printable(title.value)
    assert body.text.splitlines()[1].startswith("\tsecond ab c")
    assert is_printable(body.text)


async def test_texts_that_are_set_later_are_printable(editor):
    title, body = editor.app.screen.query_one(LineField), editor.app.screen.query_one(TextField)
    title.value = HOSTILE
    body.text = HOSTILE
    assert is_printable(title.value)
    assert is_printable(body.text)
    body.load_text(HOSTILE)
    body.insert(HOSTILE)
    body.replace(HOSTILE, (0, 0), (0, 1))
    assert is_printable(body.text)


@pytest.mark.parametrize("field", [LineField, TextField])
async def test_pasted_text_is_printable(editor, field):
    widget = editor.app.screen.query_one(field)
    widget.focus()
    widget.post_message(Paste(f"pasted{HOSTILE}"))
    await editor.pilot.pause()
    text = widget.value if isinstance(widget, LineField) else widget.text
    assert "pastedab c" in text
    assert is_printable(text)


async def test_undo_restores_the_printable_text(editor):
    body = editor.app.screen.query_one(TextField)
    before = body.text
    body.insert(HOSTILE)
    body.undo()
    assert body.text == before


async def test_a_pasted_filter_is_printable():
    async with open_app() as ui:
        await ui.show(HEALTHY)
        await ui.press("slash")
        field = ui.fleet.query_one(FilterInput)
        field.post_message(Paste(HOSTILE))
        await ui.pilot.pause()
        assert is_printable(field.value)
        assert "filter “ab c" in ui.text


async def test_notifications_and_the_clipboard_are_printable():
    async with open_app() as ui:
        ui.app.notify(f"[b]{HOSTILE}", title=HOSTILE)
        ui.fleet.notify(HOSTILE, title=HOSTILE, markup=True)
        ui.app.copy_to_clipboard(f"{HOSTILE}\n\tsecond")
        await ui.pilot.pause()
        assert "[b]ab c" in ui.notifications
        assert is_printable(ui.notifications)
        assert not any(notification.markup for notification in ui.app._notifications)
        assert ui.app.clipboard == f"{sanitize_lines(HOSTILE)}\n\tsecond"

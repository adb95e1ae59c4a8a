"""Texts whose style or links changed are drawn again, and those that are the same are not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widget import Widget

from anchor_tui.tui.pull_request.title import PullRequestTitle
from anchor_tui.tui.pull_request.wrapped_lines import WrappedLines
from anchor_tui.tui.widgets.bars import DetailPanel
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent
from anchor_tui.tui.widgets.row_list import RowList
from tests.values import NOW

COLUMN = ListColumn("TEXT")


def show_in_details(widget: Widget, text: Content) -> None:
    assert isinstance(widget, DetailPanel)
    widget.content = text


def show_in_title(widget: Widget, text: Content) -> None:
    assert isinstance(widget, PullRequestTitle)
    widget.lines = (text,)


def show_in_lines(widget: Widget, text: Content) -> None:
    assert isinstance(widget, WrappedLines)
    widget.show_text("same", lambda _: [text])


def show_in_list(widget: Widget, text: Content) -> None:
    assert isinstance(widget, RowList)
    row = ListRow("same", lambda _: (text,), lambda _: text)
    widget.show_rows(PaneContent((COLUMN,), (row,), ""), NOW)


Show = Callable[[Widget, Content], None]
TEXTS: dict[type[Widget], Show] = {
    DetailPanel: show_in_details,
    PullRequestTitle: show_in_title,
    WrappedLines: show_in_lines,
    RowList: show_in_list,
}


class WidgetApp(App[None]):
    CSS = "DetailPanel, PullRequestTitle { height: 3; }"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


@asynccontextmanager
async def open_widget(kind: type[Widget]) -> AsyncIterator[tuple[Widget, Any]]:
    app = WidgetApp(kind())
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        yield app.widget, pilot


def get_drawn(widget: Widget, word: str) -> Any:
    """Return the style of a word as it was drawn last."""
    for y in range(widget.size.height):
        for segment in widget.render_line(y):
            if word in segment.text:
                return segment.style
    raise AssertionError(word)


@pytest.mark.parametrize(("kind", "show"), TEXTS.items(), ids=lambda value: value.__name__)
async def test_a_changed_style_is_drawn(kind: type[Widget], show: Show) -> None:
    async with open_widget(kind) as (widget, pilot):
        show(widget, Content("word"))
        await pilot.pause()
        assert not get_drawn(widget, "word").underline
        show(widget, Content.styled("word", "underline"))
        await pilot.pause()
        assert get_drawn(widget, "word").underline


@pytest.mark.parametrize("kind", [DetailPanel, PullRequestTitle, RowList], ids=lambda kind: kind.__name__)
async def test_the_same_text_is_not_drawn_again(kind: type[Widget], monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_widget(kind) as (widget, pilot):
        show = TEXTS[kind]
        show(widget, Content.styled("word", "underline"))
        await pilot.pause()
        drawn: list[object] = []
        monkeypatch.setattr(widget, "refresh", lambda *regions, **_: drawn.append(regions))
        monkeypatch.setattr(widget, "refresh_line", drawn.append, raising=False)
        show(widget, Content.styled("word", "underline"))
        await pilot.pause()
        assert drawn == []


@pytest.mark.parametrize("numbers", [frozenset({7}), frozenset()], ids=["more", "fewer"])
async def test_a_row_with_other_links_is_drawn(numbers: frozenset[int], monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_widget(RowList) as (widget, pilot):
        assert isinstance(widget, RowList)
        drawn: list[int] = []
        for other in (frozenset({8}), numbers):
            row = ListRow("same", lambda _: (Content("#7 #8"),), lambda _: Content(""), other_pull_requests=other)
            widget.show_rows(PaneContent((COLUMN,), (row,), ""), NOW)
            await pilot.pause()
            monkeypatch.setattr(widget, "refresh_line", drawn.append)
        assert drawn == [1]

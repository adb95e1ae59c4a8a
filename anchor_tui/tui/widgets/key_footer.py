"""The footer: the keys that are available here and now."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.tui.key_actions import KeyAction
from anchor_tui.tui.style import muted_text
from anchor_tui.tui.widgets.clickable_line import LabelLine, LineLabel
from anchor_tui.tui.widgets.failure_guard import FailureGuard

KEPT_KEYS = 3
"""Help, palette and quit."""


class KeyFooter(FailureGuard, Widget):
    """The keys that are available here and now, and a note. A click on a key posts `Clicked`."""

    actions: reactive[tuple[KeyAction, ...]] = reactive(())
    note: reactive[str] = reactive("")

    class Clicked(Message):
        """The operator clicked on a key."""

        def __init__(self, action: KeyAction) -> None:
            super().__init__()
            self.action = action

    def render(self) -> Content:
        """Draw one line. Keys that do not fit are omitted from the right, secondary actions before the others.

        Help, palette, quit and the note go last.
        """
        return self._build_line().content

    def _build_line(self) -> LabelLine[KeyAction]:
        room = self.size.width - 1
        note = [LineLabel[KeyAction](muted_text(self.note), None)] if self.note else []
        labels = [_label_key(action, action.title) for action in self.actions]
        if LabelLine([*labels, *note]).content.cell_length > room:
            labels = [_label_key(action, action.short_title or action.title) for action in self.actions]
        while labels and LabelLine([*labels, *note]).content.cell_length > room:
            if note and len(labels) <= KEPT_KEYS + 1:
                note = []
            else:
                del labels[_find_omitted(labels)]
        return LabelLine([*labels, *note])

    @on(Click)
    def report_click(self, event: Click) -> None:
        """Post `Clicked`."""
        if (action := self._build_line().find_value(event.x)) is not None:
            event.stop()
            self.post_message(self.Clicked(action))


def _find_omitted(labels: Sequence[LineLabel[KeyAction]]) -> int:
    """Return the index of the key to omit: the last that only looks, then a secondary action, then the last action."""
    optional = list(enumerate(labels))[: max(1, len(labels) - KEPT_KEYS)]
    looking = [index for index, label in optional if label.value is not None and not label.value.mutates]
    secondary = [index for index, label in optional if label.value is not None and label.value.is_secondary]
    return [*secondary[-1:], *looking[-1:]][-1] if secondary or looking else optional[-1][0]


def _label_key(action: KeyAction, title: str) -> LineLabel[KeyAction]:
    return LineLabel(Content.styled(action.readable_key, "bold") + Content(f" {title}"), action)

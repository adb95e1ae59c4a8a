"""The lower part of a dialog, which must stay visible: the part above it shrinks when this one grows."""

from __future__ import annotations

from textual import on
from textual.containers import Vertical
from textual.events import Resize
from textual.message import Message


class DialogFoot(Vertical):
    """A container that posts `Resized` after every change of its size."""

    class Resized(Message):
        """The size has changed."""

    @on(Resize)
    def report_size(self) -> None:
        """Report the new size."""
        self.post_message(self.Resized())

"""Errors that end the screen."""

from __future__ import annotations

import traceback
from pathlib import Path

from anchor_tui.domain.formatting import format_internal_error


class ReaderDiedError(RuntimeError):
    """An internal error ended the background thread. The message is the error's type: its text may contain secrets."""


class UnknownThemeError(ValueError):
    """The theme does not exist. The message lists the existing ones."""


class ScreenCrashedError(RuntimeError):
    """An internal error ended the screen. `report` and the message contain types and places, never values."""

    def __init__(self, error: BaseException) -> None:
        self.kind = type(error).__name__
        """The type of the error."""
        self.report = describe_crash(error)
        """The description of the error, with one line for each of its innermost places."""
        super().__init__(self.report)


MAX_FRAMES = 12


def describe_crash(error: BaseException) -> str:
    """Return the type of an internal error and its innermost places. Messages and values may be secret."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([format_internal_error(error), *places])

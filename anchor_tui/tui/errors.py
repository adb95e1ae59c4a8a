"""Errors that end the screen."""

from __future__ import annotations


class ReaderDiedError(RuntimeError):
    """An internal error ended the background thread. The message is the error's type: its text may contain secrets."""


class UnknownThemeError(ValueError):
    """The theme does not exist. The message lists the existing ones."""

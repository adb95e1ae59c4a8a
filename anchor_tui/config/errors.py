"""Configuration errors: each with file, line, key and the accepted values."""

from __future__ import annotations

import msgspec


class ConfigError(msgspec.Struct, frozen=True):
    """One error in the configuration.

    `key` is the dotted key path, `line` starts at 1, and `accepted` lists the choices if there are any.
    """

    file: str
    line: int | None
    key: str
    message: str
    found: str = ""
    accepted: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigErrors(Exception):
    """All errors of a configuration; the text has one line for each."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors

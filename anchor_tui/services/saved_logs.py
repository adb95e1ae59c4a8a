"""Saves log lines to a file that does not exist yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from anchor_tui.domain.foreign_text import replace_surrogates, sanitize_text
from anchor_tui.domain.inspection.logs import LogLine, format_origin


def suggest_file_name(subject: str, now: datetime) -> str:
    """Return a file name for the log of a subject."""
    safe = "".join(character if character.isalnum() or character in "-." else "-" for character in subject).strip("-.")
    return f"{safe or 'log'}-{now:%Y%m%d-%H%M%S}.log"


def save_lines(path: str, default_name: str, lines: Iterable[LogLine]) -> str:
    """Write lines to a new file and return its path. A folder gets a file of the default name.

    Escape sequences are removed and tokens masked, as on the screen. Raises OSError; a file that exists is not changed.
    """
    target = Path(path or default_name).expanduser()
    if target.is_dir():
        target /= default_name
    with target.open("x", encoding="utf-8", errors="replace") as file:
        file.writelines(f"{replace_surrogates(_format_line(line))}\n" for line in lines)
    return str(target)


def explain_save_error(path: str, error: OSError | RuntimeError | ValueError) -> str:
    """Return what failed, why, and what to do."""
    if isinstance(error, FileExistsError):
        return f"{path} exists and is not overwritten: choose another name"
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{path} cannot be written: {reason}; choose another path"


def _format_line(line: LogLine) -> str:
    time = f"{line.at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z " if line.at else ""
    return f"{time}{f'{format_origin(line.pod, line.container)} ' if line.pod else ''}{sanitize_text(line.text)}"

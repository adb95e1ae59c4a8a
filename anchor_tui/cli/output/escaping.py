"""Lines of text for a terminal, a file or the log of a CI job.

The log of GitHub Actions is also an input: a line that starts with `::`, after blanks, is a workflow command, and so is
the rest of a line from `##[` on. A foreign text could otherwise mask words, set variables or hide errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from anchor_tui.domain.foreign_text import sanitize_text

_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)")


def format_lines(lines: Iterable[str]) -> str:
    """Return the lines as plain text, each one with its end. A line never becomes two, nor a workflow command."""
    return "".join(f"{format_line(line)}\n" for line in lines)


def format_line(text: str) -> str:
    """Return a foreign text as one printable line that is not a workflow command."""
    return _COMMAND.sub(_add_blank, sanitize_text(text))


def format_paragraph(text: str) -> str:
    """Return a foreign text as printable lines. None of them is a workflow command."""
    return "\n".join(map(format_line, re.split("\r\n|\r|\n", text)))


def _add_blank(found: re.Match[str]) -> str:
    return f"{found[0]} "

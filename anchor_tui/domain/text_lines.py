"""Lines of foreign text, counted as git, GitHub and editors count them: they end at LF or CRLF only.

`str.splitlines` also splits at U+0085, U+2028, U+2029 and other characters, which may be inside a value.
"""

from __future__ import annotations


def split_lines(text: str, *, keep_ends: bool = False) -> list[str]:
    """Return the lines of a text. A line end at the end of the text does not start another line."""
    lines = text.split("\n")
    ended, rest = lines[:-1], lines[-1]
    if keep_ends:
        return [*(line + "\n" for line in ended), *([rest] if rest else [])]
    return [*(line.removesuffix("\r") for line in ended), *([rest] if rest else [])]


def locate_index(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column of a character of the text. Both start at 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)

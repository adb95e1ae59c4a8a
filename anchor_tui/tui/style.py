"""Appearance: coloured marks, foreign text without markup, plain ASCII for terminals without UTF-8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.status_marks import StatusMark, convert_to_ascii

if TYPE_CHECKING:
    from rich.segment import Segment

_COLOURS = {
    "ok": "$text-success",
    "attention": "$text-warning",
    "failing": "bold $text-error",
    "unknown": "bold $text-accent",
    "muted": "$foreground-muted",
}
MUTED = _COLOURS["muted"]


_EMPHASIS = {
    "text-error": 1.0, "text-accent": 0.9, "text-warning": 0.8, "text-success": 0.65, "foreground-muted": 0.5,
    "error": 1.0, "accent": 0.85, "warning": 0.7, "warning-darken-2": 0.6, "success": 0.45, "success-darken-2": 0.35,
}  # fmt: skip
"""Without colour: the part of the foreground in each colour, the rest is background."""


def replace_colours(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables with shades of its foreground in the order of severity, instead of status colours.

    The brightness of the colours themselves has another order: red would be less visible than green.
    """
    foreground, background = variables["foreground"], variables["background"]
    if not (foreground.startswith("#") and background.startswith("#")):
        return dict(variables)  # the terminal's own colours, which are unknown
    front, back = Color.parse(foreground), Color.parse(background)
    return {**variables, **{name: back.blend(front, part).hex for name, part in _EMPHASIS.items()}}


def find_sheets(*names: str) -> list[str | PurePath]:
    """Return the paths of style sheets. They are in the package if it was installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "styles"
    folder = installed if installed.is_dir() else package.parent / "styles"
    return [folder / name for name in names]


def safe_text(foreign: object, style: str = "") -> Content:
    """Return foreign text without markup and escape sequences."""
    return Content.styled(sanitize_text(str(foreign)), style) if style else Content(sanitize_text(str(foreign)))


def muted_text(foreign: object) -> Content:
    """Return secondary text."""
    return safe_text(foreign, MUTED)


def marked_text(mark: StatusMark, words: object = "") -> Content:
    """Return a glyph with its text, both in the mark's colour."""
    spaced = f"{mark.glyph()} {words}" if words else mark.glyph()
    return safe_text(spaced, _COLOURS[mark.style])


def join_parts(*parts: Content | None, gap: str = "  ") -> Content:
    """Join the parts that are not empty, with a gap between them."""
    return Content(gap).join([part for part in parts if part])


class AsciiFilter(LineFilter):
    """Replaces all other characters, borders included, after everything is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - as Textual calls it
        """Return the segments in ASCII."""
        return [type(segment)(_line_to_ascii(segment.text), segment.style, segment.control) for segment in segments]


_BOX_TO_ASCII = str.maketrans(
    {**dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝", "+"), **dict.fromkeys("│┃║▌▐▎▊", "|"), **dict.fromkeys("─━═▔▁", "-")}
)


def _line_to_ascii(line: str) -> str:
    if line.isascii():
        return line
    return "".join(convert_to_ascii(char)[:1] or "?" for char in line.translate(_BOX_TO_ASCII))

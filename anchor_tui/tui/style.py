"""Appearance: coloured marks, foreign text without markup and control characters, plain ASCII without UTF-8."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter
from textual.style import Style

from anchor_tui.domain.foreign_text import BIDI_CONTROL, MAX_DISPLAY_LENGTH, sanitize_text, shorten_text
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
MAX_CELL_LENGTH = 2 * MAX_DISPLAY_LENGTH
"""Characters of one text on the screen. The domain shortens each foreign text before; a sentence may contain two."""

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
    """Return foreign text, shortened, without markup and escape sequences."""
    return _build_content(shorten_text(str(foreign), MAX_CELL_LENGTH), style)


@lru_cache(maxsize=4_096)
def _build_content(text: str, style: str) -> Content:
    """Return a styled text. The screen draws the same texts every second: each is sanitized once."""
    return Content.styled(sanitize_text(text), style) if style else Content(sanitize_text(text))


@lru_cache(maxsize=256)
def wrap_muted(text: str, width: int) -> tuple[Content, ...]:
    """Return secondary text in lines of a width. The same text is wrapped once."""
    return tuple(muted_text(text).wrap(width))


def title_text(foreign: object) -> str:
    """Return foreign text for a title, a border title, a tooltip or a help line, which Textual reads as markup."""
    return safe_text(foreign).markup


def muted_text(foreign: object) -> Content:
    """Return secondary text."""
    return safe_text(foreign, MUTED)


def marked_text(mark: StatusMark, words: object = "") -> Content:
    """Return a glyph with its text, both in the mark's colour."""
    spaced = f"{mark.glyph()} {words}" if words else mark.glyph()
    return safe_text(spaced, _COLOURS[mark.style])


_PULL_REQUEST_NUMBER = re.compile(r"(?<![\w#])#(\d{1,9})(?![\w…])")


def link_pull_requests(content: Content, numbers: Collection[int]) -> Content:
    """Return a text in which a click on the number of one of these pull requests opens it.

    Only known numbers become links, and a link contains nothing but its number: foreign text cannot add another action.
    """
    if not numbers or "#" not in content.plain:
        return content
    for found in _PULL_REQUEST_NUMBER.finditer(content.plain):
        if (number := int(found[1])) in numbers:
            content = content.stylize(_make_link(number), *found.span())
    return content


@lru_cache(maxsize=256)
def _make_link(number: int) -> Style:
    return Style(underline=True) + Style.from_meta({"@click": ("app.open_pull_request", (number,))})


def are_same_texts(one: Sequence[Content], other: Sequence[Content]) -> bool:
    """Return True if both have the same texts in the same styles. `==` of Textual compares the texts only."""
    return len(one) == len(other) and all(map(Content.is_same, one, other))


def join_parts(*parts: Content | None, gap: str = "  ") -> Content:
    """Join the parts that are not empty, with a gap between them."""
    return Content(gap).join([part for part in parts if part])


_UNPRINTABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|{BIDI_CONTROL.pattern}")


class ControlCharacterFilter(LineFilter):
    """Remove control characters from the text of every widget. They have no width, so that the layout stays."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - as Textual calls it
        """Return the segments without control characters, surrogates and text direction marks."""
        if not any(_UNPRINTABLE.search(segment.text) for segment in segments):
            return segments
        return [
            type(segment)(_UNPRINTABLE.sub("", segment.text), segment.style, segment.control) for segment in segments
        ]


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

"""How things look: marks in colour, foreign text made harmless, plain ASCII where the terminal has no other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.filter import LineFilter

from anchor_tui.domain.formatting import sanitize_text
from anchor_tui.domain.status_marks import StatusMark, convert_to_ascii

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.color import Color

_COLOURS = {
    "ok": "$text-success",
    "attention": "$text-warning",
    "failing": "bold $text-error",
    "unknown": "bold $text-accent",
    "muted": "$foreground-muted",
}
MUTED = _COLOURS["muted"]


def find_styles_folder() -> Path:
    """Where the style sheets are: in the package when it was installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "styles"
    return installed if installed.is_dir() else package.parent / "styles"


def safe_text(foreign: object, style: str = "") -> Content:
    """Foreign text: never markup, never an escape sequence."""
    return Content.styled(sanitize_text(str(foreign)), style) if style else Content(sanitize_text(str(foreign)))


def muted_text(foreign: object) -> Content:
    """Text that is not the point."""
    return safe_text(foreign, MUTED)


def marked_text(mark: StatusMark, words: object = "") -> Content:
    """A glyph with its words, both in the mark's colour."""
    spaced = f"{mark.glyph()} {words}" if words else mark.glyph()
    return safe_text(spaced, _COLOURS[mark.style])


def join_parts(*parts: Content | None, gap: str = "  ") -> Content:
    """The parts that are there, with a gap between them."""
    return Content(gap).join([part for part in parts if part])


class AsciiFilter(LineFilter):
    """Replaces what a terminal without UTF-8 cannot show, borders included, after everything is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - as Textual calls it
        """The same segments in ASCII."""
        return [type(segment)(_line_to_ascii(segment.text), segment.style, segment.control) for segment in segments]


_BOX_TO_ASCII = str.maketrans(
    {**dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝", "+"), **dict.fromkeys("│┃║▌▐▎▊", "|"), **dict.fromkeys("─━═▔▁", "-")}
)


def _line_to_ascii(line: str) -> str:
    if line.isascii():
        return line
    return "".join(convert_to_ascii(char)[:1] or "?" for char in line.translate(_BOX_TO_ASCII))

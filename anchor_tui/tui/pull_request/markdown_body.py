"""Markdown of GitHub as text for the screen: parsed by markdown-it, without HTML, and without clickable links.

An address is written beside the text of its link, so that the operator sees where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from anchor_tui.domain.foreign_text import sanitize_lines, shorten_text
from anchor_tui.tui.style import MUTED, muted_text, safe_text

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_BODY_LENGTH = 20_000
"""Characters of a body that are parsed."""
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_STYLES = {"strong_open": "bold", "em_open": "italic", "s_open": "strike", "link_open": "underline"}


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A paragraph, a line of code or an empty line. `first` and `rest` are the margins of its lines."""

    content: Content
    first: str = ""
    rest: str = ""

    def wrap(self, width: int) -> list[Content]:
        """Return its lines, at most `width` cells wide."""
        room = max(8, width - len(self.rest))
        lines = self.content.wrap(room) if self.content.cell_length > room else [self.content]
        margins = [self.first, *[self.rest] * (len(lines) - 1)]
        return [muted_text(margin) + line.rstrip() for margin, line in zip(margins, lines, strict=True)]


def parse_markdown(body: str) -> tuple[TextBlock, ...]:
    """Return the blocks of a text in GitHub's markdown. HTML is shown as text; HTML comments are left out."""
    from markdown_it import MarkdownIt  # takes 20 ms, and only this screen needs it

    text = shorten_text(sanitize_lines(_COMMENT.sub("", body)), MAX_BODY_LENGTH)
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    writer = _BlockWriter()
    writer.write(parser.parse(text))
    if not writer.blocks and text.strip():  # markdown-it leaves out what is nested too deeply
        return tuple(TextBlock(safe_text(line)) for line in text.strip().split("\n"))
    return tuple(writer.blocks)


@dataclass(slots=True)
class _BlockWriter:
    """Writes the tokens of markdown-it as blocks."""

    blocks: list[TextBlock] = field(default_factory=list)
    _margins: list[str] = field(default_factory=list)
    _bullet: str = ""
    _numbers: list[int | None] = field(default_factory=list)
    _heading: int = 0
    _row: list[Content] = field(default_factory=list)
    _rows: list[list[Content]] = field(default_factory=list)
    _is_in_table: bool = False

    def write(self, tokens: Sequence[Token]) -> None:
        """Add the blocks of the tokens."""
        for token in tokens:
            match token.type:
                case "heading_open":
                    self._heading = int(token.tag[1:])
                case "heading_close":
                    self._heading = 0
                case "bullet_list_open":
                    self._numbers.append(None)
                case "ordered_list_open":
                    self._numbers.append(int(token.attrs.get("start", 1)))
                case "bullet_list_close" | "ordered_list_close":
                    self._numbers.pop()
                case "list_item_open":
                    self._open_item()
                case "list_item_close" | "blockquote_close":
                    self._margins.pop()
                case "blockquote_open":
                    self._margins.append("│ ")
                case "inline":
                    self._write_inline(token)
                case "fence" | "code_block":
                    self._write_code(token.content)
                case "hr":
                    self._add(muted_text("─" * 20))
                case "table_open" | "table_close":
                    self._write_table(is_open=token.type == "table_open")
                case "tr_close":
                    self._rows.append(self._row)
                    self._row = []
                case _:
                    pass

    def _open_item(self) -> None:
        number = self._numbers[-1] if self._numbers else None
        if number is not None:
            self._numbers[-1] = number + 1
        self._bullet = "• " if number is None else f"{number}. "
        self._margins.append(" " * len(self._bullet))

    def _write_inline(self, token: Token) -> None:
        content = render_inline(token.children or ())
        if self._is_in_table:
            self._row.append(content)
        elif self._heading:
            self._add(content.stylize("bold underline" if self._heading == 1 else "bold"), spaced=True)
        else:
            for line in content.split("\n"):
                self._add(line, spaced=not self._numbers and line.plain == content.split("\n")[0].plain)

    def _write_code(self, code: str) -> None:
        for number, line in enumerate(code.rstrip("\n").split("\n")):
            self._add(safe_text(line.expandtabs(4), "$text-accent"), spaced=not number, margin="  ")

    def _write_table(self, *, is_open: bool) -> None:
        self._is_in_table = is_open
        if is_open:
            self._rows = []
            return
        widths = [max(cell.cell_length for cell in column) for column in zip(*self._rows, strict=False)]
        for number, row in enumerate(self._rows):
            cells = [cell.pad_right(max(0, width - cell.cell_length)) for cell, width in zip(row, widths, strict=False)]
            line = Content("  ").join(cells)
            self._add(line.stylize("bold") if number == 0 else line, spaced=number == 0)

    def _add(self, content: Content, *, spaced: bool = False, margin: str = "") -> None:
        """Add a block; `spaced` adds an empty line before it."""
        if spaced and self.blocks and self.blocks[-1].content:
            self.blocks.append(TextBlock(Content("")))
        rest = "".join(self._margins) + margin
        first = rest
        if self._bullet:
            first = "".join(self._margins[:-1]) + self._bullet
            self._bullet = ""
        self.blocks.append(TextBlock(content, first, rest))


def render_inline(tokens: Sequence[Token]) -> Content:
    """Return the text of a paragraph. A line end inside it becomes a new line only if it is a hard one."""
    parts: list[Content] = []
    styles: list[str] = []
    links: list[str] = []
    for token in tokens:
        style = " ".join(filter(None, styles))
        match token.type:
            case "text" | "html_inline":
                parts.append(safe_text(token.content, style))
            case "code_inline":
                parts.append(safe_text(token.content, f"{style} $text-accent".strip()))
            case "softbreak":
                parts.append(Content(" "))
            case "hardbreak":
                parts.append(Content("\n"))
            case "image":
                parts.append(muted_text(f"[image: {token.content}] ({token.attrs.get('src', '')})"))
            case "link_open":
                links.append(str(token.attrs.get("href", "")))
                styles.append(_STYLES["link_open"])
            case "link_close":
                styles.pop()
                href = links.pop()
                if not "".join(part.plain for part in parts).endswith(href):
                    parts.append(safe_text(f" ({href})", MUTED))
            case opened if opened in _STYLES:
                styles.append(_STYLES[opened])
            case closed if closed.endswith("_close"):
                styles.pop()
            case _:
                parts.append(safe_text(token.content, style))
    return Content("").join(parts)

"""The text that a terminal would show: enough of an emulator for what Textual writes."""

from __future__ import annotations

import codecs
import re

TOKEN = re.compile(r"\x1b\[([?>=]?)([\d;]*)(\$?[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|([^\x1b]+)")
UNFINISHED = re.compile(r"\x1b(?:\[[?>=]?[\d;]*\$?|\][^\x07\x1b]*)?\Z")
CURSOR_MARK = "▌"
"""The character before the highlighted row of a list."""


class TerminalScreen:
    """The characters of a screen. Colours are ignored, and every character is one cell wide."""

    def __init__(self, width: int = 180, height: int = 50) -> None:
        self.width, self.height = width, height
        self.replies: list[bytes] = []
        """The answers to the queries that were read; the caller sends them and clears the list."""
        self._rows = [[" "] * width for _ in range(height)]
        self._row = self._column = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """The text of each row."""
        return ["".join(row) for row in self._rows]

    @property
    def text(self) -> str:
        """The text of all rows."""
        return "\n".join(self.lines)

    @property
    def highlighted_line(self) -> str:
        """The row with the cursor of a list, without its mark; empty if there is none."""
        return next((line.partition(CURSOR_MARK)[2] for line in self.lines if CURSOR_MARK in line), "")

    def feed(self, output: bytes) -> None:
        """Apply the output of the program."""
        text = self._rest + self._decoder.decode(output)
        self._rest = ""
        if cut := UNFINISHED.search(text):
            self._rest, text = cut[0], text[: cut.start()]
        for match in TOKEN.finditer(text):
            if match[4] is not None:
                self._write(match[4])
            elif match[3] is not None:
                self._control(match[1], match[2], match[3])

    def _write(self, text: str) -> None:
        for part in re.split(r"([\r\n\x07\x08])", text):
            if part == "\r":
                self._column = 0
            elif part == "\n":
                self._row = min(self.height - 1, self._row + 1)
            elif part and part not in "\x07\x08":
                end = min(self.width, self._column + len(part))
                self._rows[self._row][self._column : end] = part[: end - self._column]
                self._column = end

    def _control(self, prefix: str, numbers: str, name: str) -> None:
        if name == "$p" and prefix == "?":
            # Synchronised output is supported and reset, as in current terminals; other modes are unknown.
            self.replies.append(f"\x1b[?{numbers};{2 if numbers == '2026' else 0}$y".encode())
        elif prefix:
            return
        elif name == "H":
            row, _, column = numbers.partition(";")
            self._row = min(self.height, int(row or 1)) - 1
            self._column = min(self.width, int(column or 1)) - 1
        elif name == "J" and numbers == "2":
            self._rows = [[" "] * self.width for _ in range(self.height)]
        elif name == "K":
            self._rows[self._row][self._column :] = " " * (self.width - self._column)

"""Where each key stands in a TOML file: tomllib reads the values and tells no lines.

The scanner walks over a text that tomllib has accepted already, so it need not check anything.
"""

from __future__ import annotations

import re
import tomllib
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Keys from the top; the items of lists count as "0", "1" and so on."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\n]+''', re.DOTALL
)


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every key, table and list item of a valid TOML text."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}
        self.counted = (0, 1)

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:  # only a text that tomllib refuses comes here
            raise ValueError(f"no TOML at character {self.at}")
        self.at = found.end()
        return found[0]

    def note(self, path: Path) -> None:
        start, line = self.counted
        line += self.text.count("\n", start, self.at)
        self.counted = (self.at, line)
        self.lines.setdefault(path, line)

    def header(self) -> Path:
        start = self.at
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        path: Path = ()
        keys = self.keys()
        for position, key in enumerate(keys):
            path = (*path, key)
            if several and position == len(keys) - 1:
                self.tables[path] = self.tables.get(path, -1) + 1
            if path in self.tables:
                path = (*path, str(self.tables[path]))
        end, self.at = self.at + (2 if several else 1), start
        self.note(path)
        self.at = end
        return path

    def keys(self) -> Path:
        keys: Path = ()
        while True:
            self.skip(_SPACE)
            raw = self.skip(_KEY)
            keys = (*keys, tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw)
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def pair(self, table: Path) -> None:
        start = self.at
        path = (*table, *self.keys())
        end, self.at = self.at + 1, start
        for length in range(len(table) + 1, len(path) + 1):
            self.note(path[:length])
        self.at = end
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        match self.text[self.at]:
            case "[":
                self.at += 1
                self.items(path)
            case "{":
                self.at += 1
                self.skip(_SPACE)
                while self.text[self.at] != "}":
                    self.pair(path)
                    self.comma()
                self.at += 1
            case _:
                self.skip(_SCALAR)

    def items(self, path: Path) -> None:
        self.skip(_BLANK)
        index = 0
        while self.text[self.at] != "]":
            item = (*path, str(index))
            self.note(item)
            self.value(item)
            self.comma()
            index += 1
        self.at += 1

    def comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)

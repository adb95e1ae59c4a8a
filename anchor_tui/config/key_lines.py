"""The line of each key in a TOML file. tomllib returns the values without their lines.

The scanner reads a text that tomllib has already accepted, so it does not check the syntax.
"""

from __future__ import annotations

import re
import tomllib
from typing import TypeAlias

TomlPath: TypeAlias = tuple[str, ...]
"""The keys from the top of the file to a value; the items of a list are "0", "1" and so on."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\n]+''', re.DOTALL
)


def find_key_lines(text: str) -> dict[TomlPath, int]:
    """Return the line, starting at 1, of every key, table and list item of a valid TOML text."""
    return _LineScanner(text).scan()


class _LineScanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[TomlPath, int] = {}
        self.list_indexes: dict[TomlPath, int] = {}
        self.last_count = (0, 1)

    def scan(self) -> dict[TomlPath, int]:
        table: TomlPath = ()
        self.skip(_BLANK)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                table = self.scan_header()
            else:
                self.scan_pair(table)
            self.skip(_BLANK)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        if found is None:  # happens only for a text that tomllib rejects
            raise ValueError(f"invalid TOML at character {self.position}")
        self.position = found.end()
        return found[0]

    def record_line(self, path: TomlPath) -> None:
        start, line = self.last_count
        line += self.text.count("\n", start, self.position)
        self.last_count = (self.position, line)
        self.lines.setdefault(path, line)

    def scan_header(self) -> TomlPath:
        start = self.position
        several = self.text.startswith("[[", self.position)
        self.position += 2 if several else 1
        path: TomlPath = ()
        keys = self.scan_keys()
        for position, key in enumerate(keys):
            path = (*path, key)
            if several and position == len(keys) - 1:
                self.list_indexes[path] = self.list_indexes.get(path, -1) + 1
            if path in self.list_indexes:
                path = (*path, str(self.list_indexes[path]))
        end, self.position = self.position + (2 if several else 1), start
        self.record_line(path)
        self.position = end
        return path

    def scan_keys(self) -> TomlPath:
        keys: TomlPath = ()
        while True:
            self.skip(_SPACE)
            raw = self.skip(_KEY)
            keys = (*keys, tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw)
            self.skip(_SPACE)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def scan_pair(self, table: TomlPath) -> None:
        start = self.position
        path = (*table, *self.scan_keys())
        end, self.position = self.position + 1, start
        for length in range(len(table) + 1, len(path) + 1):
            self.record_line(path[:length])
        self.position = end
        self.skip(_SPACE)
        self.scan_value(path)

    def scan_value(self, path: TomlPath) -> None:
        match self.text[self.position]:
            case "[":
                self.position += 1
                self.scan_items(path)
            case "{":
                self.position += 1
                self.skip(_SPACE)
                while self.text[self.position] != "}":
                    self.scan_pair(path)
                    self.skip_comma()
                self.position += 1
            case _:
                self.skip(_SCALAR)

    def scan_items(self, path: TomlPath) -> None:
        self.skip(_BLANK)
        index = 0
        while self.text[self.position] != "]":
            item = (*path, str(index))
            self.record_line(item)
            self.scan_value(item)
            self.skip_comma()
            index += 1
        self.position += 1

    def skip_comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.position] == ",":
            self.position += 1
            self.skip(_BLANK)

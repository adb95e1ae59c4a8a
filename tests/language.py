"""The project's language rules as patterns, and the texts of a file they apply to.

Used by `tests/test_language.py`, which fails on a banned phrase, and by `tests/benchmarks/house.py`, which counts them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BANNED: dict[str, str] = {
    r"\banew\b": "again, rebuild, re-read",
    r"\bonce more\b|\bover again\b": "again",
    r"\bby (?:itself|themselves)\b": "automatically",
    r"\bcannot be told\b": "unknown",
    r"\bturn(?:s|ed|ing)? (?:it |them )?round\b": "flip, fix",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\b(?:is|are|was|were) at it\b": "is running",
    r"\b(?:goes|go|going|went) on\b": "continues",
    r"\b(?:comes|come|came) along\b": "is included",
    r"\b(?:stands|stood)\b": "is, is in",
    r"\b(?:lies|lay) (?:in|at|on|under|beside|there)\b": "is in",
    r"\b(?:somebody|nobody|someone who|anybody)\b": "the operator, the caller, or the thing's name",
    r"\b(?:told|tells|tell)\b": "reports, is set",
    r"\b(?:says|said)\b": "reports, contains, returns",
    r"\bof which\b": "name the thing",
    r"\bonce (?:it|they) may\b": "when allowed",
    r"(?<!there )\b(?:is|are|was|were) no (?!longer\b|more\b|such\b)[a-z]": "is not",
    r"\bholds? no(?:ne|thing)?\b|\b(?:has|have|had) none\b": "does not contain, has no",
    r"\bas of an earlier time\b": "preview",
}
"""Pattern (any case) and what to write instead; from the project's style guide."""

DOCSTRING_START = re.compile(r"(?:What|Whether|Where|Who|How|That)\b")
"""A docstring starts with a noun phrase or an imperative."""

_BANNED = re.compile("|".join(f"(?:{pattern})" for pattern in BANNED), re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


class Offence(NamedTuple):
    """One banned phrase: its line (from 1), the phrase as written, and the text around it."""

    line: int
    phrase: str
    text: str


class Text(NamedTuple):
    """A piece of prose: its first line (from 1), the text, and whether it is a docstring."""

    line: int
    text: str
    is_docstring: bool = False


def texts_of_python(source: str, *, strings: bool) -> Iterator[Text]:
    """Yield docstrings, comments and test names; with `strings`, also literals of two words or more."""
    tree = ast.parse(source)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.body and isinstance(first := node.body[0], ast.Expr) and isinstance(first.value, ast.Constant):
                if isinstance(first.value.value, str):
                    docstrings.add(id(first.value))
                    yield Text(first.lineno, first.value.value, is_docstring=True)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield Text(node.lineno, node.name.replace("_", " "))
    if strings:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                if " " in node.value.strip():
                    yield Text(node.lineno, node.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], token.string)


def texts_of(file: Path) -> Iterator[Text]:
    """Yield the prose of a Python or Markdown file. Code in backticks is left out."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        yield from texts_of_python(source, strings="tests" not in file.parts)
    else:
        yield from (Text(number, line) for number, line in enumerate(source.splitlines(), 1))


def banned_phrases_in(file: Path) -> Iterator[Offence]:
    """Yield every banned phrase of a file, in the order of its lines."""
    for text in texts_of(file):
        prose = _CODE.sub(lambda code: "\n" * code.group().count("\n") + "`", text.text)
        if text.is_docstring and (start := DOCSTRING_START.match(prose)):
            yield Offence(text.line, start.group(), prose.splitlines()[0])
        for found in _BANNED.finditer(prose):
            line = prose.count("\n", 0, found.start())
            yield Offence(text.line + line, found.group(), prose.splitlines()[line].strip())

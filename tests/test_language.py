"""The project's language: no banned phrase in prose, names or texts, and short sentences for tests and commits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.language import banned_phrases_in, texts_of_python

ROOT = Path(__file__).parents[1]
FOLDERS = ("anchor_tui", "tests")
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/policy.md",
    "docs/diagnosis.md",
    "docs/history.md",
    "docs/on-call.md",
    "docs/metrics.md",
    "docs/reliability.md",
    "docs/status-api.md",
)

EXCEPTIONS: dict[tuple[str, str], str] = {
    # (file, phrase): reason
}
"""Banned phrases that are right where they are: foreign wording that is quoted, or a name that is a contract."""

LONGEST_TEST_NAME = 10
"""Words after `test_`."""


def offences(files):
    for file in files:
        name = str(file.relative_to(ROOT))
        for line, phrase, text in banned_phrases_in(file):
            if (name, phrase.lower()) not in EXCEPTIONS:
                yield f"{name}:{line}: “{phrase}” in “{text}”"


@pytest.mark.parametrize("folder", FOLDERS)
def test_python_files_contain_no_banned_phrase(folder):
    files = [file for file in sorted((ROOT / folder).rglob("*.py")) if file.name != "language.py"]
    assert list(offences(files)) == []


def test_documents_contain_no_banned_phrase():
    assert list(offences(ROOT / name for name in DOCUMENTS)) == []


def test_every_exception_is_still_needed():
    used = {
        (name, phrase.lower())
        for name in {name for name, _ in EXCEPTIONS}
        for _, phrase, _ in banned_phrases_in(ROOT / name)
    }
    assert set(EXCEPTIONS) - used == set()


def test_test_names_have_at_most_ten_words():
    too_long = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and len(node.name.split("_")) - 1 > LONGEST_TEST_NAME
    ]
    assert too_long == []


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ('"""What it costs."""', "What"),
        ("# it is made anew", "anew"),
        ('def f():\n    """Return it."""\n    return "25 cannot be told"', "cannot be told"),
        ("def test_it_stands_there(): ...", "stands"),
    ],
)
def test_a_banned_phrase_is_found_in_each_kind_of_text(tmp_path, source, phrase):
    file = tmp_path / "sample.py"
    file.write_text(source + "\n")
    assert [found.phrase for found in banned_phrases_in(file)] == [phrase]


def test_code_in_backticks_is_not_prose(tmp_path):
    file = tmp_path / "sample.md"
    file.write_text("Run `anchor-tui mend prod` now.\n")
    assert list(banned_phrases_in(file)) == []


def test_strings_of_one_word_are_not_prose():
    assert [text.text for text in texts_of_python('NAME = "mend"', strings=True)] == []

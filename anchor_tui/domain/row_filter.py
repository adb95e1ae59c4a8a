"""The language of the filter line, compiled once into terms that select rows.

A filter is a list of terms; a row must match all of them. A term is a word or `field:value`. `!` negates a term, `|`
separates alternatives, and quotes keep spaces and colons together. Upper and lower case are equal.

    gateway !canary               both words of the searched text, the second must not be in it
    web|api                       one of the words
    health:degraded|missing       a field; each value is the beginning of the field's text
    label:team=payments           a label, with the beginning of its value; `label:team` is any value
    "0 of 1"                      one word with spaces
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from anchor_tui.config.suggestions import find_nearest_name

LABEL = "label"
_FIELD = re.compile(r"([a-z][a-z_-]*):(?!//)(.*)", re.DOTALL | re.IGNORECASE)
"""A word that looks like a field: only letters before the colon, so neither `https://…` nor `sha256:…`."""


class FilterableRow(Protocol):
    """A row that a filter can select."""

    @property
    def folded_text(self) -> str:
        """The searched text in lower case."""
        ...

    @property
    def field_values(self) -> Callable[[str], Sequence[str]]:
        """Return the values of a field, by its name. A label is `key=value`."""
        ...


R = TypeVar("R", bound=FilterableRow)


class FilterTerm(NamedTuple):
    """One term. `alternatives` are in lower case; `field` is empty for a word of the searched text."""

    alternatives: tuple[str, ...]
    field: str = ""
    is_negated: bool = False

    def select(self, rows: Iterable[R]) -> list[R]:
        """Return the rows that match."""
        if self.field:
            return [row for row in rows if self._matches_field(row.field_values(self.field)) is not self.is_negated]
        if len(self.alternatives) == 1:
            (word,) = self.alternatives
            if self.is_negated:
                return [row for row in rows if word not in row.folded_text]
            return [row for row in rows if word in row.folded_text]
        return [
            row for row in rows if any(word in row.folded_text for word in self.alternatives) is not self.is_negated
        ]

    def _matches_field(self, values: Sequence[str]) -> bool:
        folded = [value.lower() for value in values]
        if self.field == LABEL:
            return any(_matches_label(wanted, value) for wanted in self.alternatives for value in folded)
        return any(value.startswith(wanted) for wanted in self.alternatives for value in folded)

    def implies(self, other: FilterTerm) -> bool:
        """Return True if every row that matches this term certainly matches the other one."""
        if self == other:
            return True
        if self.is_negated or other.is_negated or self.field != other.field or self.field == LABEL:
            return False
        if self.field:
            return all(any(mine.startswith(one) for one in other.alternatives) for mine in self.alternatives)
        return all(any(one in mine for one in other.alternatives) for mine in self.alternatives)


def _matches_label(wanted: str, label: str) -> bool:
    """Return True if a label `key=value` has the wanted key, and a value that begins with the wanted one."""
    key, _, value = label.partition("=")
    wanted_key, _, wanted_value = wanted.partition("=")
    return key == wanted_key and value.startswith(wanted_value)


class RowFilter(NamedTuple):
    """A compiled filter. `error` explains a term that is ignored; it is empty if there is none."""

    terms: tuple[FilterTerm, ...] = ()
    error: str = ""

    def select(self, rows: Sequence[R]) -> list[R]:
        """Return the rows that match every term, in their order."""
        found = list(rows)
        for term in self.terms:
            found = term.select(found)
        return found

    def narrows(self, other: RowFilter) -> bool:
        """Return True if every row of this filter is certainly among the rows of the other one."""
        return all(any(mine.implies(term) for mine in self.terms) for term in other.terms)


def compile_filter(text: str, fields: Collection[str] = ()) -> RowFilter:
    """Return the filter of a text. A field has one of these names; without fields every term is a word.

    An unknown field is reported in `error`, and its term is ignored: the rows stay while the name is corrected.
    """
    terms: list[FilterTerm] = []
    error = ""
    for word in _split_words(text):
        is_negated = word.text.startswith("!") and not word.is_quoted
        body = word.text.removeprefix("!") if is_negated else word.text
        name, value = _split_field(body) if fields and not word.is_quoted else ("", body)
        if name and name not in fields:
            error = error or _format_unknown_field(name, fields)
            continue
        alternatives = tuple(dict.fromkeys(part for part in _split_alternatives(value) if part))
        if alternatives:
            terms.append(FilterTerm(alternatives, name, is_negated))
    return RowFilter(tuple(dict.fromkeys(terms)), error)


class _Word(NamedTuple):
    """A word of the filter with its quotes. `is_quoted` is True if it begins with a quote."""

    text: str
    is_quoted: bool


_WORD = re.compile(r'(?:"[^"]*(?:"|$)|[^\s"])+')
_PART = re.compile(r'(?:"[^"]*(?:"|$)|[^|"])+')


def _split_words(text: str) -> Iterator[_Word]:
    """Yield the words. A quote that is not closed extends to the end: the operator is still typing."""
    for found in _WORD.finditer(text.lower()):
        yield _Word(found[0], found[0].startswith('"'))


def _split_field(word: str) -> tuple[str, str]:
    """Return name and value of a word that looks like a field, otherwise an empty name and the word."""
    found = _FIELD.fullmatch(word)
    return (found[1], found[2]) if found else ("", word)


def _split_alternatives(value: str) -> Iterator[str]:
    for found in _PART.finditer(value):
        yield found[0].replace('"', "")


def _format_unknown_field(name: str, fields: Collection[str]) -> str:
    near = find_nearest_name(name, fields)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(fields))}"
    return f"unknown field {name}: {hint}"

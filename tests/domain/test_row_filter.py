"""The filter language: words, alternatives, negation, fields and labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.row_filter import compile_filter

FIELDS = ("env", "health", "label", "project", "sync")


@dataclass
class Row:
    text: str
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def folded_text(self) -> str:
        return self.text.lower()

    def field_values(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())


GATEWAY = Row(
    "prod argocd/Gateway Synced Degraded 0 of 1 replicas https://x.example sha256:ab12",
    {"env": ("prod",), "health": ("Degraded",), "sync": ("Synced",), "label": ("team=Payments EU", "tier=web")},
)
WORKER = Row(
    "staging argocd/worker-canary OutOfSync Healthy",
    {"env": ("staging",), "health": ("Healthy",), "sync": ("OutOfSync",), "project": ("batch",)},
)
ROWS = (GATEWAY, WORKER)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ROWS),
        ("   ", ROWS),
        ("GATEWAY", (GATEWAY,)),
        ("argocd worker", (WORKER,)),
        ("gateway worker", ()),
        ("!canary", (GATEWAY,)),
        ("!", ROWS),
        ("gateway|worker", ROWS),
        ("gateway|", (GATEWAY,)),
        ("!gateway|canary", ()),
        ('"0 of 1"', (GATEWAY,)),
        ('"0 of 2"', ()),
        ('"0 of', (GATEWAY,)),
        ("env:prod", (GATEWAY,)),
        ("env:pro", (GATEWAY,)),
        ("env:rod", ()),
        ("ENV:Prod", (GATEWAY,)),
        ("env:", ROWS),
        ("!env:prod", (WORKER,)),
        ("health:degraded|missing", (GATEWAY,)),
        ("!health:degraded|healthy", ()),
        ("sync:outofsync env:staging", (WORKER,)),
        ("project:batch", (WORKER,)),
        ("!project:batch", (GATEWAY,)),
        ("label:team", (GATEWAY,)),
        ("label:team=pay", (GATEWAY,)),
        ('label:team="payments eu"', (GATEWAY,)),
        ('label:"team=payments eu"', (GATEWAY,)),
        ("label:tea", ()),
        ("!label:tier=web", (WORKER,)),
        ("https://x", (GATEWAY,)),
        ("sha256:ab", (GATEWAY,)),
        ('"health:degraded"', ()),
    ],
)
def test_a_filter_selects_rows(text, found):
    compiled = compile_filter(text, FIELDS)
    assert compiled.error == ""
    assert compiled.select(ROWS) == list(found)


def test_an_unknown_field_is_reported_and_ignored():
    compiled = compile_filter("gateway helth:degraded", FIELDS)
    assert compiled.error == "unknown field helth: did you mean health?"
    assert compiled.select(ROWS) == [GATEWAY]
    assert compile_filter("x:1", FIELDS).error == "unknown field x: there are env, health, label, project, sync"


def test_without_fields_every_term_is_a_word():
    compiled = compile_filter("helth:degraded")
    assert compiled.error == ""
    assert compiled.select([Row("HELTH:Degraded")])
    assert not compiled.select(ROWS)


TEXTS = st.text(alphabet='ab!|:" ne', max_size=12)


@given(TEXTS, TEXTS, st.lists(st.text(alphabet="abne ", max_size=6), max_size=6))
def test_a_narrower_filter_selects_a_part_of_the_rows(one, other, texts):
    rows = [Row(text, {"ne": (text,)}) for text in texts]
    narrow, wide = compile_filter(one, ("ne",)), compile_filter(other, ("ne",))
    if narrow.narrows(wide):
        assert narrow.select(wide.select(rows)) == narrow.select(rows)


@pytest.mark.parametrize("letters", ["gateway", "env:prod", "health:deg web"])
def test_each_typed_letter_narrows(letters):
    typed = [letters[:end] for end in range(len(letters) + 1) if ":" in letters[:end] or ":" not in letters]
    compiled = [compile_filter(text, FIELDS) for text in typed]
    assert all(later.narrows(earlier) for earlier, later in pairwise(compiled))


def test_more_alternatives_do_not_narrow():
    assert not compile_filter("a|b").narrows(compile_filter("a"))
    assert not compile_filter("!ab").narrows(compile_filter("!a"))

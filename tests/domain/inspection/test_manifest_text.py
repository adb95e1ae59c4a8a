"""The lines of a manifest: blocks, folds and matches."""

from __future__ import annotations

import json
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.inspection.manifest_text import FoldedText, ManifestText, write_manifest
from anchor_tui.domain.inspection.manifests import HIDDEN_ANNOTATION

TEXT = """\
kind: Deployment
metadata:
  name: web
spec:
  template:
    containers:
      - name: web
        env:
          - name: A
            value: b
      - name: proxy
  note: |
    one

      two
status: {}
"""


def visible(folded: FoldedText) -> list[str]:
    return [folded.text.lines[row].strip() for row in folded.rows]


def line_of(text: ManifestText, content: str) -> int:
    return next(index for index, line in enumerate(text.lines) if line.strip() == content)


def test_a_block_contains_all_deeper_lines():
    text = ManifestText(TEXT)
    folded = FoldedText(text)
    folded.fold(line_of(text, "- name: web"))
    assert visible(folded)[5:9] == ["containers:", "- name: web", "- name: proxy", "note: |"]
    folded.fold(line_of(text, "note: |"))
    assert visible(folded)[8:] == ["note: |", "status: {}"]
    folded.fold(line_of(text, "spec:"))
    assert visible(folded)[3:] == ["spec:", "status: {}"]


def test_a_fold_inside_another_stays_when_that_opens():
    text = ManifestText(TEXT)
    folded = FoldedText(text)
    folded.fold(line_of(text, "- name: web"))
    folded.fold(line_of(text, "spec:"))
    folded.unfold(line_of(text, "spec:"))
    assert "value: b" not in visible(folded)
    assert "- name: proxy" in visible(folded)


def test_fold_all_keeps_two_levels():
    folded = FoldedText(ManifestText(TEXT))
    folded.fold_all()
    assert visible(folded) == [
        "kind: Deployment",
        "metadata:",
        "name: web",
        "spec:",
        "template:",
        "note: |",
        "status: {}",
    ]
    folded.unfold_all()
    assert len(folded.rows) == len(TEXT.splitlines())


def test_a_match_is_revealed():
    text = ManifestText(TEXT)
    folded = FoldedText(text)
    folded.fold(line_of(text, "- name: web"))
    folded.fold(line_of(text, "spec:"))
    (line,) = text.find_lines("VALUE: B")
    folded.reveal(line)
    assert folded.rows[folded.find_row(line)] == line


def test_every_matching_line_is_found_once():
    text = ManifestText("a: aaa\nb: 1\nc: İa\nA: b\n")
    assert text.find_lines("a") == (0, 2, 3)
    assert text.find_lines("") == ()
    assert text.find_lines("nothing") == ()


def test_folds_stay_when_the_text_changes():
    text = ManifestText(TEXT)
    before = FoldedText(text)
    before.fold(line_of(text, "containers:"))
    after = FoldedText(ManifestText("apiVersion: apps/v1\n" + TEXT))
    after.carry_folds(before)
    assert visible(after)[:6] == ["apiVersion: apps/v1", *visible(before)[:5]]
    assert "- name: web" not in visible(after)


@settings(max_examples=60, deadline=None)
@given(
    indents=st.lists(st.integers(0, 4), max_size=25),
    actions=st.lists(st.tuples(st.booleans(), st.integers(0, 24)), max_size=12),
)
def test_the_visible_lines_are_those_outside_of_folds(indents, actions):
    text = ManifestText("".join(f"{'  ' * indent}k{number}: v\n" for number, indent in enumerate(indents)))
    folded = FoldedText(text)
    for fold, line in actions:
        if line < len(text.lines):
            (folded.fold if fold else folded.unfold)(line)
    hidden = {inner for line in folded.folded for inner in range(line + 1, text.block_ends[line] + 1)}
    assert folded.rows == [line for line in range(len(text.lines)) if line not in hidden]


def test_managed_fields_are_hidden_until_they_are_wanted():
    manifest = {
        "kind": "Pod",
        "metadata": {"name": "web", "managedFields": [{"manager": "x"}], "annotations": {HIDDEN_ANNOTATION: "{}"}},
    }
    assert write_manifest(manifest).lines == ("kind: Pod", "metadata:", "  name: web")
    assert "  managedFields:" in write_manifest(manifest, with_machine_fields=True).lines


def test_the_values_of_a_secret_are_masked_everywhere():
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg==", "b": "++++++++"}}
    secret |= {"stringData": {"c": "hunter2"}}
    secret |= {"metadata": {"annotations": {HIDDEN_ANNOTATION: json.dumps(secret), "other": "kept"}}}
    text = "\n".join(write_manifest(secret, with_machine_fields=True).lines)
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text
    assert "kept" in text


def test_a_manifest_of_ten_megabytes_folds_at_once():
    text = ManifestText("items:\n" + "  - name: web\n    image: ghcr.io/anchor/web:1.44.0\n" * 230_000)
    folded = FoldedText(text)
    started_at = time.process_time()
    for line in (1, 3, 5):
        folded.fold(line)
        folded.unfold(line)
    assert time.process_time() - started_at < 0.5
    assert len(text.find_lines("web:1.44")) == 230_000
